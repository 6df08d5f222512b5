import { toRfc3339 } from '../shared/time.js';
import type { PaymentIntentCommandOf } from './payment-intent.commands.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import type { PaymentIntentState } from './payment-intent.state.js';
import { isRefundOpen } from './refund.state.js';
import { settlingReservation } from './reservation.steps.js';

/**
 * An operator asks to look again: one look now at each open call, none of which moves money by itself. Where the processor has
 * a fence that is the look, because it takes no money at any age of the key, and ends what a look-up cannot prove.
 */
export function unparkEvents(
  { nowMs, operation: id, by }: PaymentIntentCommandOf<'UnparkPayment'>,
  state: PaymentIntentState,
): PaymentIntentEvent[] {
  const at = toRfc3339(nowMs);
  const look = { rung: 'look_up', dueAt: at, after: 'operator_retry', at } as const;
  const events: PaymentIntentEvent[] = [
    { type: 'PaymentUnparked', data: { operation: id, by, at } },
  ];
  if (state.pending) {
    const { number, operation, probes } = state.pending;
    const attempt = state.attempts.find((each) => each.number === number);
    const rung = operation === 'authorize' && attempt?.fence ? 'fence' : 'look_up';
    events.push({
      type: 'ProbeScheduled',
      data: { number, operation, probe: probes + 1, ...look, rung },
    });
  }
  for (const each of state.refunds) {
    const { number, refund, probes, status, parked } = each;
    // What the processor took on is asked about already, unless that was given up.
    const isAskedAbout = status === 'accepted' && parked === null;
    if (!isRefundOpen(each) || isAskedAbout) continue;
    const probe = probes + 1;
    events.push({
      type: 'ProbeScheduled',
      data: { number, operation: 'refund', refund, probe, ...look },
    });
  }
  const settling = settlingReservation(state);
  if (settling) {
    const { operation, reservation } = settling;
    events.push({
      type: 'ReservationRetryScheduled',
      data: {
        operation,
        try: reservation.tries + 1,
        dueAt: at,
        after: 'operator_retry',
        call: reservation.call,
        at,
      },
    });
  }
  return events;
}
