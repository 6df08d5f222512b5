import { SystemClock, SystemTimers } from '#platform/system';
import { appendGroups } from '../append-load.fixture.js';
import { SqliteEventStore } from './sqlite-event-store.js';

/**
 * Appends without end to 16 streams, for a test that kills this process. Writes a line with stream and last revision for
 * every acknowledged append.
 */
const [path = '', cycle = ''] = process.argv.slice(2);
const store = await SqliteEventStore.open({
  path,
  clock: new SystemClock(),
  timers: new SystemTimers(),
});

await Promise.all(
  Array.from({ length: 16 }, (_, number) => {
    const stream = `agent-${cycle}.${number}`;
    const id = `${cycle}${number}`.padStart(8, '0');
    return appendGroups(store, stream, id, (lastRevision) => {
      process.stdout.write(`${stream} ${lastRevision}\n`);
    });
  }),
);
