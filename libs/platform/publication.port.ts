export interface PublishedMessage {
  /** By which it is known when it comes again. */
  readonly id: string;
  readonly subject: string;
  /** JSON. */
  readonly body: string;
  /** Where it comes from in the log. */
  readonly position: number;
}

export interface PublicationEnd {
  /** How many messages were ever appended. */
  readonly sequence: number;
  /** Null when none is there. */
  readonly last: { readonly id: string; readonly position: number } | null;
}

/** Messages in an order, kept for whoever reads them. Several processes may append: each says after what. */
export abstract class Publication {
  /** Makes it when it is not there. Rejects when the server is away, or when somebody else's message is the last one. */
  abstract end(): Promise<PublicationEnd>;

  /**
   * Appends right after the message number `after`: as many of them as come before the first that cannot be. False when
   * not all were; why, the end tells. Rejects when the server is away: then any number of them may have been.
   */
  abstract append(after: number, messages: readonly PublishedMessage[]): Promise<boolean>;
}
