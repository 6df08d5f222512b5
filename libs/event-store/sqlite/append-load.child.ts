import { SystemClock, SystemTimers } from '#platform/system';
import type { NewEvent } from '../event-store.port.js';
import { SqliteEventStore } from './sqlite-event-store.js';

/**
 * Appends without end, for a test that kills this process: 16 streams, three events at a time. Writes a line with stream
 * and last revision for every acknowledged append.
 */
const [path = '', cycle = ''] = process.argv.slice(2);
const store = await SqliteEventStore.open({
  path,
  clock: new SystemClock(),
  timers: new SystemTimers(),
});

async function appendForEver(stream: string, number: number): Promise<never> {
  for (let group = 0; ; group++) {
    const events = [0, 1, 2].map((part): NewEvent => {
      const id = `${cycle}${number}`.padStart(8, '0');
      return {
        id: `${id}-0000-4000-8000-${`${group * 3 + part}`.padStart(12, '0')}`,
        type: 'Loaded',
        data: { group, part, text: 'x'.repeat(500) },
        metadata: { $correlationId: 'load', $causationId: 'load', schemaVersion: 1 },
      };
    });
    const expected = group === 0 ? 'no_stream' : group * 3 - 1;
    const { lastRevision } = await store.append(stream, expected, events);
    process.stdout.write(`${stream} ${lastRevision}\n`);
  }
}

await Promise.all(
  Array.from({ length: 16 }, (_, number) => appendForEver(`agent-${cycle}.${number}`, number)),
);
