import type { JsonRecord } from '#domain';

/** States of mandates that somebody has folded already. May throw, be behind or have none: then the stream is read. */
export abstract class MandateSnapshots {
  /** The state after the event `eventId` at `revision`, in the form `version`. */
  abstract load(
    stream: string,
  ): { version: number; revision: number; eventId: string; state: JsonRecord } | null;
}
