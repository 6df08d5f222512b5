import { type Messages, renderQuote } from '#contracts';
import { type JsonRecord, type QuoteEvent, evolveQuote, initialQuote } from '#domain';
import { type EventStore, readWholeStream } from '#event-store';

type Asked = Messages['queries.quote.get']['request'];

const ID = /^qt_([a-z2-7]{26})$/;

/** The resource as it stands now, straight from its stream; null when there is none or it is somebody else's. */
export async function quote(
  store: EventStore,
  { tenant, agent, id }: Asked,
  now: string,
): Promise<JsonRecord | null> {
  const name = ID.exec(id)?.[1];
  if (name === undefined) return null;
  let state = initialQuote();
  for await (const event of readWholeStream(store, `quote-${name}`))
    state = evolveQuote(state, event as unknown as QuoteEvent);
  const found = state.quote;
  const isVisible = found?.tenant === tenant && (agent === null || found.agent === agent);
  return found && isVisible ? renderQuote(found, now) : null;
}
