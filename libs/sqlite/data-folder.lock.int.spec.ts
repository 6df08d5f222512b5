import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolderLockedError, lockDataFolder } from './data-folder.lock.js';
import { buildSource } from './source-build.js';

describe('the lock of a data folder', () => {
  let parent: string;
  let folder: string;
  let holder: ChildProcess | undefined;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'data-folder-'));
    folder = join(parent, 'data');
  });
  afterEach(() => {
    holder?.kill('SIGKILL');
    rmSync(parent, { recursive: true });
  });

  it('creates the folder, and can be taken again after its release', () => {
    lockDataFolder(folder).release();
    const again = lockDataFolder(folder);
    expect(existsSync(folder)).toBe(true);
    again.release();
  });

  it('refuses a second holder in the same process', () => {
    const lock = lockDataFolder(folder);
    expect(() => lockDataFolder(folder)).toThrow(DataFolderLockedError);
    lock.release();
  });

  it('refuses a second process, naming folder and holder, until the holder is killed', async () => {
    const script = await buildSource(new URL('./lock-holder.child.js', import.meta.url));
    holder = spawn(process.execPath, [fileURLToPath(script), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout!, 'data');
    expect(() => lockDataFolder(folder)).toThrow(
      `the data folder ${folder} is in use by process ${holder.pid}`,
    );

    const exited = once(holder, 'exit');
    holder.kill('SIGKILL');
    await exited;
    lockDataFolder(folder).release();
  });
});
