import { type Messages, renderPaymentMethod } from '#contracts';
import {
  type JsonRecord,
  type PaymentMethodEvent,
  type PaymentMethodFacts,
  ownsPaymentMethod,
  paymentMethodDecider,
} from '#domain';
import { type EventStore, readWholeStream } from '#event-store';
import type { ReadModelReader } from '#runtime/projection';
import { decodeCursor, encodeCursor } from '../page.js';

type Asked = Messages['queries.payment_method.get']['request'];
type Filters = Messages['queries.payment_method.list']['request'];

const ID = /^pm_([a-z2-7]{26})$/;

/** The resource, straight from its stream; null when there is none or it is somebody else's. */
export async function paymentMethod(store: EventStore, asked: Asked): Promise<JsonRecord | null> {
  const method = await readMethod(store, asked.id);
  return method && ownsPaymentMethod(method, asked) ? renderPaymentMethod(method) : null;
}

/** One page of ids, the newest first. @throws InvalidCursorError */
export function listPaymentMethods(
  db: ReadModelReader,
  { tenant, agent, cursor, limit }: Filters,
): { ids: string[]; nextCursor: string | null } {
  const conditions: [string, ...(string | number)[]][] = [['tenant = ?', tenant]];
  if (agent !== null) conditions.push(['(agent = ? OR agent IS NULL)', agent]);
  if (cursor !== null)
    conditions.push(['(created_at, id) < (?, ?)', ...decodeCursor(cursor, 'string', 'string')]);
  const found = db.all<{ id: string; created_at: string }>(
    `SELECT id, created_at FROM payment_methods
     WHERE ${conditions.map(([condition]) => condition).join(' AND ')}
     ORDER BY created_at DESC, id DESC LIMIT ?`,
    ...conditions.flatMap(([, ...values]) => values),
    limit + 1,
  );
  const rows = found.slice(0, limit);
  const last = found.length > limit ? rows.at(-1) : undefined;
  const nextCursor = last ? encodeCursor([last.created_at, last.id]) : null;
  return { ids: rows.map(({ id }) => id), nextCursor };
}

async function readMethod(store: EventStore, id: string): Promise<PaymentMethodFacts | null> {
  const name = ID.exec(id)?.[1];
  if (name === undefined) return null;
  let state = paymentMethodDecider.initial();
  for await (const event of readWholeStream(store, `payment_method-${name}`))
    state = paymentMethodDecider.evolve(state, event as unknown as PaymentMethodEvent);
  return state.method;
}
