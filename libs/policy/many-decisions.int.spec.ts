import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { buildSource } from '../sqlite/source-build.js';
import { defaultBundleSource } from './default-bundle.js';

const TURNS_OF_500 = 40;

it('can be asked thousands of times: V8 must not inline calls into Cedar, which aborts the process', async () => {
  const child = await buildSource(new URL('./many-decisions.child.js', import.meta.url));
  const bundle = JSON.stringify(defaultBundleSource());
  const args = [fileURLToPath(child), String(TURNS_OF_500), bundle];
  const run = promisify(execFile)(process.execPath, args);
  await expect(run).resolves.toMatchObject({ stderr: '' });
}, 60_000);
