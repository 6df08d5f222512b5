import { writeSync } from 'node:fs';
import { SqliteEventStore } from '#event-store/sqlite';
import { SystemClock, SystemTimers } from '#platform/system';
import type { Database } from '#sqlite';
import { encodeAppend } from '../../../libs/event-store/append.encoding.js';
import { openForWriting } from '../../../libs/event-store/sqlite/log.file.js';
import { LogWriter } from '../../../libs/event-store/sqlite/log-writer.js';
import { appendsOf } from './log.load.js';

/**
 * Appends to a log while its system calls are recorded, and writes `stream revision` for every acknowledged append. Is killed
 * at its end when `ending` is `kill`. `synchronous` NORMAL is the control: the same writer, whose commits do not wait for
 * the disk and who claims that they do.
 */
const [path = '', life = '', appends = '', ending = '', synchronous = ''] = process.argv.slice(2);
const STREAMS = 5;

type Append = (stream: string, expected: number | 'no_stream', events: never[]) => Promise<unknown>;

async function load(append: Append): Promise<void> {
  const writers = Array.from({ length: STREAMS }, async (_, number) => {
    const stream = `payment_intent-${life}${'x'.repeat(number)}`;
    let left = Math.ceil(Number(appends) / STREAMS);
    for (const { firstRevision, events } of appendsOf(stream)) {
      if (left-- === 0) return;
      const expected = firstRevision === 0 ? 'no_stream' : firstRevision - 1;
      await append(stream, expected, events as never[]);
      writeSync(1, `${stream} ${firstRevision + events.length - 1}\n`);
    }
  });
  await Promise.all(writers);
}

function openLying(file: string): Database {
  const database = openForWriting(file);
  database.exec('PRAGMA synchronous = NORMAL');
  return { ...database, pragma: (name) => (name === 'synchronous' ? 2 : database.pragma(name)) };
}

if (synchronous === 'NORMAL') {
  const writer = new LogWriter(path, openLying);
  await load(async (stream, expected, events) => {
    const encoded = encodeAppend(stream, expected, events);
    const [outcome] = writer.commit([{ kind: 'append', stream, expected, events: encoded }], 0);
    if (outcome?.kind !== 'applied') throw new Error(`not applied: ${JSON.stringify(outcome)}`);
  });
} else {
  const ports = { clock: new SystemClock(), timers: new SystemTimers() };
  const store = await SqliteEventStore.open({ path, ...ports });
  await load((...append) => store.append(...append));
  if (ending === 'close') await store.close();
}
if (ending === 'kill') process.kill(process.pid, 'SIGKILL');
