import { toEpochMs } from '../shared/time.js';
import type { CallFacts, PaymentIntentEvent } from './payment-intent.events.js';

export interface RefundState {
  /** The operation that asked for it, or `cancel`. */
  readonly refund: string;
  /** The attempt whose charge it is about. */
  readonly number: number;
  readonly amountMinor: number;
  readonly reason: string;
  readonly status: 'started' | 'unknown' | 'accepted' | 'succeeded' | 'failed';
  readonly key: string;
  readonly keySafeUntilMs: number;
  readonly call: CallFacts;
  /** The processor's own id of it. */
  readonly reference: string | null;
  readonly failure: { readonly code: string; readonly message: string | null } | null;
  /** How many probes were scheduled. */
  readonly probes: number;
  /** Why nobody but a human asks about it any more. */
  readonly parked: string | null;
  readonly at: string;
}

export type RefundEvent = Extract<
  PaymentIntentEvent,
  {
    type:
      | 'RefundStarted'
      | 'RefundAccepted'
      | 'RefundSucceeded'
      | 'RefundFailed'
      | 'OutcomeUnknown'
      | 'ProbeScheduled';
  }
>;

export function evolveRefunds(refunds: readonly RefundState[], event: RefundEvent): RefundState[] {
  switch (event.type) {
    case 'RefundStarted': {
      const { refund, number, amountMinor, reason, call, at } = event.data;
      const started: RefundState = {
        ...{ refund, number, amountMinor, reason, call, at },
        status: 'started',
        key: call.refund?.key ?? '',
        keySafeUntilMs: toEpochMs(call.keySafeUntil),
        reference: null,
        failure: null,
        probes: 0,
        parked: null,
      };
      return [...refunds, started];
    }
    case 'RefundAccepted': {
      const { refund, reference } = event.data;
      return changed(refunds, refund, { ...SETTLED, status: 'accepted', reference });
    }
    case 'RefundSucceeded': {
      const { refund, reference } = event.data;
      return changed(refunds, refund, { ...SETTLED, status: 'succeeded', reference });
    }
    case 'RefundFailed': {
      const { refund, code, message } = event.data;
      return changed(refunds, refund, {
        ...SETTLED,
        status: 'failed',
        failure: { code, message },
      });
    }
    case 'OutcomeUnknown':
      return changed(refunds, event.data.refund, { status: 'unknown' });
    case 'ProbeScheduled':
      return changed(refunds, event.data.refund, { probes: event.data.probe });
  }
}

/** The processor said what it does with it. */
const SETTLED = { parked: null };

function changed(
  refunds: readonly RefundState[],
  refund: string | undefined,
  change: Partial<RefundState>,
): RefundState[] {
  return refunds.map((each) => (each.refund === refund ? { ...each, ...change } : each));
}

/** Whether its outcome is still to come. */
export function isRefundOpen({ status }: RefundState): boolean {
  return status !== 'succeeded' && status !== 'failed';
}

/** What came back for certain, minor units. */
export function refundedMinor(refunds: readonly RefundState[]): number {
  return sum(refunds.filter(({ status }) => status === 'succeeded'));
}

/** What came back or still may: none of it can be refunded again. */
export function claimedByRefundsMinor(refunds: readonly RefundState[]): number {
  return sum(refunds.filter(({ status }) => status !== 'failed'));
}

function sum(refunds: readonly RefundState[]): number {
  return refunds.reduce((total, { amountMinor }) => total + amountMinor, 0);
}
