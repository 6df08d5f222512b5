import type { RecordedEvent } from '#event-store';
import { SqliteEventStore } from '#event-store/sqlite';
import { SystemClock, SystemTimers } from '#platform/system';
import { appendsOf, eventAt } from './log.load.js';

/** Opens a log as the product does. */
export function openLog(path: string): Promise<SqliteEventStore> {
  return SqliteEventStore.open({ path, clock: new SystemClock(), timers: new SystemTimers() });
}

/**
 * What is wrong with a log: acknowledged events that are not there, events that are not what was written, halves of
 * appends, gaps, or that it does not take another append. Empty when nothing is.
 */
export async function faultsOf(
  path: string,
  acknowledged: ReadonlyMap<string, number>,
): Promise<string[]> {
  const store = await openLog(path);
  try {
    const events = await everything(store);
    return [
      ...events.flatMap(faultOfEvent),
      ...lost(events, acknowledged),
      ...halves(events),
      ...(await faultsOfAppending(store, events)),
    ];
  } finally {
    await store.close();
  }
}

export async function everything(store: SqliteEventStore): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let after = -1; ;) {
    const page = await store.readAll({ after });
    events.push(...page.events);
    if (page.scannedTo === after) return events;
    after = page.scannedTo;
  }
}

function faultOfEvent(event: RecordedEvent, index: number): string[] {
  const { stream, revision, position, id, type, data, metadata } = event;
  const isWritten =
    JSON.stringify({ id, type, data, metadata }) === JSON.stringify(eventAt(stream, revision));
  return isWritten && position === index + 1
    ? []
    : [`${stream} ${revision} is not what was written`];
}

function lost(events: readonly RecordedEvent[], acknowledged: ReadonlyMap<string, number>) {
  const last = new Map(events.map(({ stream, revision }) => [stream, revision]));
  return [...acknowledged]
    .filter(([stream, revision]) => (last.get(stream) ?? -1) < revision)
    .map(([stream, revision]) => `${stream} ${revision} was acknowledged and is lost`);
}

function halves(events: readonly RecordedEvent[]): string[] {
  const revisions = new Map<string, number[]>();
  for (const { stream, revision } of events) {
    revisions.set(stream, [...(revisions.get(stream) ?? []), revision]);
  }
  return [...revisions]
    .filter(([stream, all]) => !endsWithAnAppend(stream, all))
    .map(([stream]) => `${stream} has half an append, or a gap`);
}

function endsWithAnAppend(stream: string, revisions: readonly number[]): boolean {
  if (revisions.some((revision, index) => revision !== index)) return false;
  for (const { firstRevision, events } of appendsOf(stream)) {
    const next = firstRevision + events.length;
    if (next >= revisions.length) return next === revisions.length;
  }
  return false;
}

async function faultsOfAppending(store: SqliteEventStore, events: readonly RecordedEvent[]) {
  const stream = 'payment_intent-afterwards';
  await store.append(stream, 'no_stream', [eventAt(stream, 0)]);
  const [read] = await store.readStream(stream);
  return read?.position === events.length + 1 ? [] : ['what is appended next is not read'];
}
