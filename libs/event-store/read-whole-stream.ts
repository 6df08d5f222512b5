import { type EventStore, type RecordedEvent, StreamNotFoundError } from './event-store.port.js';

const PAGE = 500;

/** All events of a stream in order, page by page; none when the stream does not exist. */
export async function* readWholeStream(
  store: EventStore,
  stream: string,
  from = 0,
): AsyncGenerator<RecordedEvent> {
  for (let next = from; ;) {
    const page = await pageOf(store, stream, next);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < PAGE) return;
    next = last.revision + 1;
  }
}

async function pageOf(store: EventStore, stream: string, from: number): Promise<RecordedEvent[]> {
  try {
    return await store.readStream(stream, { from, limit: PAGE });
  } catch (error) {
    if (error instanceof StreamNotFoundError) return [];
    throw error;
  }
}
