import type { Answer, Call } from '#contracts';

/** Who brings a card, and under which idempotency key. */
export type CardCall = Omit<Call, 'request'>;

/**
 * The one road of card data: the unparsed body of a request goes to the process that has the vault, in memory or over TLS, and never
 * over the bus. Nobody on the way looks into it.
 */
export abstract class CardRoad {
  /** `body` is wiped on the way. @throws RoadError when it leads nowhere, or nobody knows what became of it */
  abstract tokenize(call: CardCall, body: Buffer): Promise<Answer>;
}
