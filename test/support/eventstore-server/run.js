// Starts the test server from its sources: `node test/support/eventstore-server/run.js --port 2113`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const program = fileURLToPath(new URL('./eventstore-server.program.ts', import.meta.url));
const { module } = await runnerImport(program, { configFile: false, logLevel: 'error' });
await module.run(process.argv.slice(2));
