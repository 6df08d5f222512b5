import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';

/** Kills what is still on its list when its input ends, which the death of its parent does, whatever it died of. */
const PROGRAM = `
  const alive = new Set();
  require('node:readline').createInterface({ input: process.stdin })
    .on('line', (line) => (line[0] === '+' ? alive.add(line.slice(1)) : alive.delete(line.slice(1))))
    .on('close', () => { for (const pid of alive) try { process.kill(Number(pid), 'SIGKILL'); } catch {} });
`;

export interface Reaper {
  watch(pid: number): void;
  forget(pid: number): void;
}

/** Sees to it that no process outlives this one, even where no hook of a test runner gets to run. */
export function createReaper(): Reaper {
  let reaper: ChildProcess | undefined;
  const tell = (line: string) => {
    if (!reaper) {
      const stdio = ['pipe', 'ignore', 'ignore'] as const;
      reaper = spawn(process.execPath, ['-e', PROGRAM], { stdio: [...stdio], detached: true });
      reaper.unref();
      (reaper.stdin as Socket).unref();
    }
    reaper.stdin?.write(`${line}\n`);
  };
  return { watch: (pid) => tell(`+${pid}`), forget: (pid) => tell(`-${pid}`) };
}
