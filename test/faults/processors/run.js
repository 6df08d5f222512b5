// Runs the long program of this folder from its sources: `node run.js --payments 1000`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const file = fileURLToPath(new URL('./processors.program.ts', import.meta.url));
const { module } = await runnerImport(file, { configFile: false, logLevel: 'error' });
process.exitCode = await module.run(process.argv.slice(2));
