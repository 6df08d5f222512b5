// Runs the faults of the distributed form from their sources: `node run.js kills --kills 50`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const program = fileURLToPath(new URL('./cluster.program.ts', import.meta.url));
const { module } = await runnerImport(program, { configFile: false, logLevel: 'error' });
process.exitCode = await module.run(process.argv.slice(2));
