// Runs the contract suite of event stores from its sources: `node run.js --url esdb://…`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const program = fileURLToPath(new URL('./event-stores.program.ts', import.meta.url));
const { module } = await runnerImport(program, { configFile: false, logLevel: 'error' });
process.exitCode = await module.run(process.argv.slice(2));
