import { type JsonRecord, differingPointers } from '../shared/json.js';
import { toRfc3339 } from '../shared/time.js';
import type { OperationKind, PaymentIntentEvent } from './payment-intent.events.js';
import type { OperationState, PaymentIntentState } from './payment-intent.state.js';

interface Asked {
  operation: string;
  request: JsonRecord;
  by: string;
  nowMs: number;
}

export function operationRequested(
  { operation, request, by, nowMs }: Asked,
  kind: OperationKind,
): PaymentIntentEvent {
  const at = toRfc3339(nowMs);
  return { type: 'OperationRequested', data: { operation, kind, request, by, at } };
}

export function findOperation(
  { operations }: PaymentIntentState,
  operation: string,
): OperationState | undefined {
  return operations.find((each) => each.operation === operation);
}

/** Null for an operation never seen; otherwise where its request differs from the first one's (nowhere: a repeat). */
export function repeatedOperationOf(
  state: PaymentIntentState,
  { operation, request }: Pick<Asked, 'operation' | 'request'>,
): string[] | null {
  const earlier = findOperation(state, operation);
  return earlier ? differingPointers(request, earlier.request) : null;
}

/** Operations that are decided now and not answered yet, in the order they came. */
export function toBeAnswered(state: PaymentIntentState): OperationState[] {
  return state.operations.filter((each) => each.answer === null && isDecided(each, state));
}

function isDecided({ operation, kind }: OperationState, state: PaymentIntentState): boolean {
  switch (kind) {
    case 'approve':
    case 'deny':
      return true;
    case 'capture':
    case 'cancel':
      return state.concludedAt !== null;
    case 'refund': {
      const refund = state.refunds.find((each) => each.refund === operation);
      return refund?.status !== 'started' && refund?.status !== 'unknown';
    }
  }
}
