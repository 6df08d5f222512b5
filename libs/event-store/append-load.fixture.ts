import type { EventStore, NewEvent } from './event-store.port.js';

/**
 * Appends to a new stream without end, three events at a time, which are numbered by `group` and `part`. For tests in which
 * something dies meanwhile. `id`: eight hex digits of its own.
 */
export async function appendGroups(
  store: EventStore,
  stream: string,
  id: string,
  onAcknowledged: (lastRevision: number) => void,
): Promise<never> {
  for (let group = 0; ; group++) {
    const events = [0, 1, 2].map((part): NewEvent => ({
      id: `${id}-0000-4000-8000-${`${group * 3 + part}`.padStart(12, '0')}`,
      type: 'Loaded',
      data: { group, part, text: 'x'.repeat(500) },
      metadata: { $correlationId: 'load', $causationId: 'load', schemaVersion: 1 },
    }));
    const expected = group === 0 ? 'no_stream' : group * 3 - 1;
    const { lastRevision } = await store.append(stream, expected, events);
    onAcknowledged(lastRevision);
  }
}
