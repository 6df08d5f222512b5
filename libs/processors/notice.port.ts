import type { ProcessorNotice } from '#domain';

export type { DisputeNotice, NoticeMeaning, ProcessorNotice } from '#domain';

export type NoticeReading =
  | { ok: true; notices: readonly ProcessorNotice[] }
  /** `signature_invalid` also covers a time stamp outside of the replay window. Nothing of the body was believed. */
  | { ok: false; code: 'signature_invalid' | 'malformed' };

/** Verifies and reads the raw body of a webhook. Never throws, and takes nothing from a body it could not verify. */
export abstract class NoticeReader {
  /** The processor that sends these; also the last part of the address, `/webhooks/<name>`. */
  abstract readonly processor: string;
  /** Header names are lower-case. `nowMs`: epoch milliseconds, for the replay window. */
  abstract read(
    body: Uint8Array,
    headers: Readonly<Record<string, string | undefined>>,
    nowMs: number,
  ): NoticeReading;
}
