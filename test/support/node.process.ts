import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createReaper } from './reaper.js';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface NodeProcess {
  readonly pid: number;
  /** Everything it wrote to stdout and stderr so far. */
  output(): string;
  readonly exited: Promise<Exit>;
  /** Null while it runs. */
  exit(): Exit | null;
  signal(signal: NodeJS.Signals): void;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const reaper = createReaper();

/**
 * Runs a built program as a user would, from the repository's folder. Of our own environment it sees only what a shell has, so that
 * nothing of the test runner changes how it behaves.
 */
export function startNode(
  program: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): NodeProcess {
  const { PATH = '', HOME = '', TMPDIR = '/tmp' } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    cwd: REPOSITORY,
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) reaper.watch(child.pid);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));

  let exit: Exit | null = null;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      exit = { code, signal };
      if (child.pid !== undefined) reaper.forget(child.pid);
      resolve(exit);
    });
  });
  return {
    pid: child.pid ?? -1,
    output: () => Buffer.concat(chunks).toString('utf8'),
    exited,
    exit: () => exit,
    signal: (signal) => void child.kill(signal),
  };
}

/** Resolves with how it ended, or with null when it still runs after `withinMs`. */
export async function exitWithin(child: NodeProcess, withinMs: number): Promise<Exit | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), withinMs);
  });
  try {
    return await Promise.race([child.exited, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks it to end; a program that does not within 15 s is killed and reported. */
export async function endGracefully(child: NodeProcess): Promise<Exit> {
  child.signal('SIGTERM');
  const exit = await exitWithin(child, 15_000);
  if (exit) return exit;
  child.signal('SIGKILL');
  await child.exited;
  throw new Error(`it did not end within 15 s of SIGTERM:\n${tail(child.output())}`);
}

export function tail(output: string, lines = 60): string {
  return output.split('\n').slice(-lines).join('\n');
}
