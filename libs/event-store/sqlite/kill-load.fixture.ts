import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSource } from '../../sqlite/source-build.js';

/**
 * Lets a process append to the log at `path` until so many appends are acknowledged, and kills it.
 * Resolves with the last acknowledged revision of each stream.
 */
export async function killUnderLoad(
  path: string,
  cycle: number,
  acknowledgements: number,
): Promise<Map<string, number>> {
  const script = fileURLToPath(
    await buildSource(new URL('./append-load.child.js', import.meta.url)),
  );
  const child = spawn(process.execPath, [script, path, `${cycle}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acknowledged = new Map<string, number>();
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [stream = '', revision] = line.split(' ');
    acknowledged.set(stream, Number(revision));
    if (++count === acknowledgements) child.kill('SIGKILL');
  }
  const [, signal] = (await exited) as [number | null, string | null];
  if (signal !== 'SIGKILL') throw new Error(`it ended by itself after ${count} acknowledgements`);
  return acknowledged;
}
