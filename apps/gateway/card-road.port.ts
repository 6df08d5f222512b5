import type { Answer, Call } from '#contracts';

/** Who brings a card, and under which idempotency key. */
export type CardCall = Omit<Call, 'request'>;

/**
 * The one road of card data: the unparsed body of a request goes to the process that has the vault, in memory or over TLS, and never
 * over the bus. Nobody on the way looks into it.
 */
export abstract class CardRoad {
  /** `body` is wiped on the way. @throws CardRoadError when it leads nowhere, or nobody knows what became of it */
  abstract tokenize(call: CardCall, body: Buffer): Promise<Answer>;
}

/** `closed`: this installation has no such road. `away`: the other end cannot be reached now; the same key may be sent again. */
export class CardRoadError extends Error {
  constructor(
    readonly reason: 'closed' | 'away',
    options?: { cause?: unknown },
  ) {
    super(`the road of cards is ${reason}`, options);
    this.name = 'CardRoadError';
  }
}
