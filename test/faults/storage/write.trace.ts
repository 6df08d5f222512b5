import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** What a process did to the files of one folder, in order, as the kernel saw it. */
export type FileOperation =
  | { kind: 'create'; path: string; truncate: boolean }
  | { kind: 'write'; path: string; at: number; bytes: Buffer }
  | { kind: 'truncate'; path: string; size: number }
  | { kind: 'sync'; path: string }
  | { kind: 'rename'; path: string; to: string }
  | { kind: 'unlink'; path: string }
  /** A line on its standard output. */
  | { kind: 'said'; line: string };

const CALLS =
  'openat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat';

export function canTrace(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
}

/** Runs a program to its end, which may be that it kills itself, and records what it and its threads wrote below `folder`. */
export function traced(program: readonly string[], folder: string, trace: string): FileOperation[] {
  const [command = '', ...parameters] = program;
  const run = spawnSync(
    'strace',
    // prettier-ignore
    ['-f', '-y', '-xx', '-s', '2000000', '-e', `trace=${CALLS}`, '-o', trace, command, ...parameters],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  if (run.status !== 0 && run.signal !== 'SIGKILL')
    throw new Error(`the traced program failed: ${run.stderr}`);
  return [...operations(readFileSync(trace, 'latin1'), folder)];
}

function* operations(trace: string, folder: string): Generator<FileOperation> {
  const unfinished = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, thread = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      const call = rest.slice(0, -'<unfinished ...>'.length).trim();
      // Bytes may have arrived as soon as the call began; a sync counts when it is over.
      if (/^(?:p?write)/.test(call)) yield* operationOf(`${call}) = 1`, folder);
      else unfinished.set(thread, call);
      continue;
    }
    const resumed = /^<\.\.\. (\w+) resumed>(.*)$/.exec(rest);
    if (!resumed) yield* operationOf(rest, folder);
    else if (unfinished.has(thread)) {
      yield* operationOf(`${unfinished.get(thread)}${resumed[2]}`, folder);
      unfinished.delete(thread);
    }
  }
}

function* operationOf(call: string, folder: string): Generator<FileOperation> {
  const [, name = '', parameters = ''] = /^(\w+)\((.*)\) += \d/.exec(call) ?? [];
  const texts = [...parameters.matchAll(/"([^"]*)"/g)].map(([, text = '']) => decoded(text));
  const descriptor = /^(\d+)<([^>]*)>/.exec(parameters);
  const path = descriptor ? decoded(descriptor[2] ?? '').toString() : '';
  if (name === 'openat') {
    const file = texts[0]?.toString() ?? '';
    if (!file.startsWith(folder) || !parameters.includes('O_CREAT')) return;
    yield { kind: 'create', path: file, truncate: parameters.includes('O_TRUNC') };
  } else if (name === 'write' && descriptor?.[1] === '1') {
    yield { kind: 'said', line: texts[0]?.toString().trim() ?? '' };
  } else if (name.startsWith('rename')) {
    const [from, to] = texts.map(String);
    if (from?.startsWith(folder) && to) yield { kind: 'rename', path: from, to };
  } else if (name.startsWith('unlink')) {
    const file = `${texts[0]}`;
    if (file.startsWith(folder)) yield { kind: 'unlink', path: file };
  } else if (path.startsWith(folder)) {
    yield onFile(name, path, parameters, texts);
  }
}

function onFile(name: string, path: string, parameters: string, texts: Buffer[]): FileOperation {
  const last = Number(/, (\d+)$/.exec(parameters)?.[1]);
  const bytes = texts[0];
  if (name === 'fsync' || name === 'fdatasync') return { kind: 'sync', path };
  if (name === 'ftruncate') return { kind: 'truncate', path, size: last };
  if (name === 'pwrite64' && bytes && !parameters.includes('"...')) {
    return { kind: 'write', path, at: last, bytes };
  }
  throw new Error(`${name} on ${path} is not expected`);
}

function decoded(text: string): Buffer {
  return text.startsWith('\\x')
    ? Buffer.from(text.replaceAll('\\x', ''), 'hex')
    : Buffer.from(text, 'latin1');
}
