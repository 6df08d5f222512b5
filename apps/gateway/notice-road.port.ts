/** What became of a webhook of a processor. Only `taken` is durable. */
export type NoticeReceipt = 'taken' | 'unknown_processor' | 'signature_invalid' | 'malformed';

export interface RawNotice {
  /** As the address has it. */
  readonly processor: string;
  /** Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The road of processors' webhooks: the bytes that came go to the process that has the keys to check them, in memory or over TLS, and
 * never over the bus. Nobody on the way looks into them.
 */
export abstract class NoticeRoad {
  /** @throws RoadError when it leads nowhere, or nobody knows what became of it */
  abstract deliver(notice: RawNotice, body: Buffer): Promise<NoticeReceipt>;
}
