import {
  type Answer,
  type Call,
  type Caused,
  type ProblemCode,
  type ProblemFacts,
  deriveId,
  answer,
  operationKeyHash,
  problem,
} from '#contracts';
import { StoreUnavailableError } from '#event-store';
import { type MessageMeta, OverloadedError } from '#runtime';

/** The id that a caller's command derives from its idempotency key: of a new stream, or of an operation in one. */
export function operationId({ principal, path, idempotencyKey }: Call): string {
  return deriveId(principal.tenant, principal.id, 'POST', path, idempotencyKey);
}

export function metaOfCall(call: Call, correlationId: string): MessageMeta {
  const { principal, path, idempotencyKey, traceId } = call;
  const id = operationId(call);
  const keyHash = operationKeyHash(principal.tenant, principal.id, idempotencyKey);
  return {
    commandId: id,
    correlationId,
    causationId: id,
    tenant: principal.tenant,
    actor: principal.id,
    extra: {
      method: 'POST',
      path,
      keyHash,
      // W3C trace context: the caller's trace, and a span id of our own that a repeat shares.
      traceparent: `00-${traceId}-${keyHash.slice(0, 16)}-01`,
    },
  };
}

export function metaOfCause({
  commandId,
  correlationId,
  causationId,
  tenant,
  traceparent,
}: Caused): MessageMeta {
  const extra: Record<string, string> = traceparent === null ? {} : { traceparent };
  return { commandId, correlationId, causationId, tenant, actor: 'bursar', extra };
}

/** A problem about a call: where it was asked, under which trace. */
export function refuse(
  { path: instance, traceId }: Pick<Call, 'path' | 'traceId'>,
  code: ProblemCode,
  detail: string,
  more: Partial<ProblemFacts> = {},
): Answer {
  return answer(problem({ code, detail, instance, traceId, ...more }));
}

/** A key that came with another request: nothing was done, and the answer says where the two differ. */
export function keyReused(
  call: Call,
  pointers: readonly string[],
  more: Partial<ProblemFacts> = {},
): Answer {
  const detail = 'This key belongs to another request; send a changed request under a new key.';
  const violations = pointers.map((pointer) => ({ pointer, rule: 'equal_to_first_request' }));
  return refuse(call, 'idempotency_key_reused', detail, { ...more, violations });
}

/** What a caller is told when a stream could not be written; everything else is a defect and goes on. */
export function storeTrouble(
  call: Pick<Call, 'path' | 'traceId'>,
  error: unknown,
  more: Partial<ProblemFacts> = {},
): Answer {
  if (error instanceof OverloadedError)
    return refuse(call, 'overloaded', 'Too many commands are waiting; nothing was done.', more);
  if (!(error instanceof StoreUnavailableError)) throw error;
  const detail =
    error.outcome === 'not_applied'
      ? 'The event store cannot be written; nothing was done.'
      : 'Whether this was recorded is not known; send it again under the same key.';
  return refuse(call, 'store_unavailable', detail, more);
}
