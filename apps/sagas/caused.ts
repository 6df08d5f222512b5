import type { Caused, Payer } from '#contracts';
import type { RecordedEvent } from '#event-store';

/** The id of the command that `purpose` derives from an event: a repeat is the same command. */
export function causedBy(event: RecordedEvent, purpose: string): Caused {
  return {
    commandId: `${event.id}/${purpose}`,
    causationId: event.id,
    correlationId: event.metadata.$correlationId,
    tenant: String(event.metadata['tenant']),
    traceparent: traceOf(event),
  };
}

function traceOf({ metadata: { traceparent } }: RecordedEvent): string | null {
  return typeof traceparent === 'string' ? traceparent : null;
}

/** The part of a stream's name after the category. */
export function idOfStream(stream: string): string {
  return stream.slice(stream.indexOf('-') + 1);
}

/** Whose money it is. */
export function payerOf({ tenant, agent, mandate }: Payer): Payer {
  return { tenant, agent, mandate };
}
