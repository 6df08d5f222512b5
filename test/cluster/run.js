// Runs the program of this folder from its sources: `node test/cluster/run.js --each 2`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const program = fileURLToPath(new URL('./cluster.program.ts', import.meta.url));
const { module } = await runnerImport(program, { configFile: false, logLevel: 'error' });
await module.run(process.argv.slice(2));
