import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useStage } from '../support/stage.fixture.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** Runs the demo to its end; temporary folders are made below `temporary`. */
function demo(temporary: string, ...args: string[]): Promise<{ status: number; output: string }> {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['dist/apps/bursar/main.js', 'demo', ...args],
      { cwd: REPOSITORY, env: { PATH, HOME, TMPDIR: temporary }, timeout: 100_000 },
      (error, stdout, stderr) =>
        resolve({
          status: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
          output: stdout + stderr,
        }),
    );
  });
}

describe('the demo', () => {
  const stage = useStage();
  let temporary: string;
  beforeAll(async () => {
    temporary = await mkdtemp(join(tmpdir(), 'bursar-demo-e2e-'));
  });
  afterAll(() => rm(temporary, { recursive: true, force: true }));

  it('starts a server of its own, tells a day in which everything is as told, and leaves nothing behind', async () => {
    const { status, output } = await demo(temporary);
    expect(status, output).toBe(0);
    expect(output).toContain('everything was as told');
    for (const word of [
      'possible_duplicate',
      'unknown',
      'requires_approval',
      'mandate_limit_exceeded',
    ])
      expect(output).toContain(word);
    expect(output).not.toContain('Authorization');
    expect(await readdir(temporary)).toEqual([]);
  });

  it('plays on a running server too, again and again', async () => {
    const { baseUrl, dataDir, sandboxUrl } = stage.bursar;
    const ground = ['--url', baseUrl, '--data-dir', dataDir, '--sandbox-url', sandboxUrl];
    for (const _ of ['first', 'second']) {
      const { status, output } = await demo(temporary, ...ground);
      expect(status, output).toBe(0);
      expect(output).toContain(baseUrl);
    }
  });

  it('ends with status 1 when it cannot play', async () => {
    const { baseUrl, dataDir } = stage.bursar;
    const ground = ['--url', baseUrl, '--data-dir', dataDir, '--sandbox-url', baseUrl];
    const { status, output } = await demo(temporary, ...ground);
    expect(status, output).toBe(1);
    expect(output).toContain('is not the sandbox');
    expect(output).not.toContain('everything was as told');
  });
});
