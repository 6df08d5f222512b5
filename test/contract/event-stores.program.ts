import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { caseTable, hasFailed, rendered, type TestReport } from './case.table.js';

/**
 * Runs the contract suite of event stores for every adapter, and for the server at `--url esdb://…` when there is one, and
 * prints which case passed for which. Resolves with the exit status.
 */
export async function run(args: string[]): Promise<number> {
  const { url } = parseArgs({ args, options: { url: { type: 'string' } } }).values;
  const folder = await mkdtemp(join(tmpdir(), 'contract-'));
  try {
    const file = join(folder, 'report.json');
    const reporting = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const runner = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', ...reporting];
    const child = spawn(process.execPath, [...runner, 'event-store.contract.spec.ts'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...(url === undefined ? {} : { EVENTSTORE_URL: url }) },
    });
    await once(child, 'exit');
    const table = caseTable(JSON.parse(await readFile(file, 'utf8')) as TestReport);
    console.log(rendered(table));
    return hasFailed(table) || child.exitCode !== 0 ? 1 : 0;
  } finally {
    await rm(folder, { recursive: true });
  }
}
