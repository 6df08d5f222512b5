// Runs one of the long programs of this folder from its sources: `node run.js crash --kills 200`.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

const [program = '', ...args] = process.argv.slice(2);
const file = fileURLToPath(new URL(`./${program}.program.ts`, import.meta.url));
const { module } = await runnerImport(file, { configFile: false, logLevel: 'error' });
process.exitCode = await module.run(args);
