import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = 'dist/apps/bursar/main.js';

export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the command line as a shell would, without a terminal, to its end. */
export function bursar(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [PROGRAM, ...args],
      { cwd: REPOSITORY, env: { PATH, HOME, TMPDIR, ...env }, timeout: 60_000 },
      (error, stdout, stderr) =>
        resolve({
          status: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
          stdout,
          stderr,
        }),
    );
  });
}
