import type { Json } from '../shared/json.js';
import { type SavedAnswer, restoreAnswers, saveAnswers } from '../shared/operation.js';
import type { SnapshotForm } from '../shared/snapshot.js';
import type { MandateTerms } from './mandate.events.js';
import { type MandateState, addReservation, initialMandate } from './mandate.state.js';
import { type ReservationStatus, windowLedger } from './spending.js';

type SavedReservation = readonly [
  intent: string,
  atMs: number,
  currency: string | null,
  amountMinor: number,
  status: ReservationStatus,
];

interface SavedMandate {
  id: string;
  tenant: string;
  terms: MandateTerms;
  status: MandateState['status'];
  reservations: readonly SavedReservation[];
  releasedAhead: readonly string[];
  answers: readonly SavedAnswer[];
  lastAtMs: number;
}

/** What the windows hold follows from the reservations, so only these are written. */
export const mandateSnapshot: SnapshotForm<MandateState> = {
  version: 2,
  every: ({ reservations }) => Math.max(1_000, reservations.size / 4),
  save: ({ id, tenant, terms, status, reservations, releasedAhead, answers, lastAtMs }) => ({
    id,
    tenant,
    terms: terms as unknown as Json,
    status,
    reservations: Array.from(
      reservations.values(),
      ({ intent, atMs, currency, amountMinor, status: ended }): SavedReservation => [
        intent,
        atMs,
        currency,
        amountMinor,
        ended,
      ],
    ),
    releasedAhead: [...releasedAhead],
    answers: saveAnswers(answers),
    lastAtMs,
  }),
  restore(saved) {
    const { reservations, releasedAhead, answers, terms, ...facts } =
      saved as unknown as SavedMandate;
    const state: MandateState = {
      ...initialMandate(),
      ...facts,
      exists: true,
      terms,
      windows: (terms.limits.windows ?? []).map(windowLedger),
      releasedAhead: new Set(releasedAhead),
      answers: restoreAnswers(answers),
    };
    for (const [intent, atMs, currency, amountMinor, status] of reservations)
      addReservation(state, { intent, atMs, currency, amountMinor, status });
    return state;
  },
};
