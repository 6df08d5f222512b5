import type { Answers } from '../shared/operation.js';
import { remember } from '../shared/operation.js';
import { toEpochMs } from '../shared/time.js';
import type { MandateEvent, MandateTerms } from './mandate.events.js';
import {
  type Reservation,
  type Totals,
  type WindowLedger,
  emptyTotals,
  tally,
  windowLedger,
} from './spending.js';

/** Changed in place by `evolveMandate`: a mandate's stream is long and its actor owns the state alone. */
export interface MandateState {
  exists: boolean;
  id: string;
  tenant: string;
  terms: MandateTerms | null;
  status: 'active' | 'revoked';
  reservations: Map<string, Reservation>;
  windows: WindowLedger[];
  lifetime: Totals;
  /** What each operation on this mandate was answered, by operation id. */
  answers: Answers;
  lastAtMs: number;
}

export function initialMandate(): MandateState {
  return {
    exists: false,
    id: '',
    tenant: '',
    terms: null,
    status: 'active',
    reservations: new Map(),
    windows: [],
    lifetime: emptyTotals(),
    answers: new Map(),
    lastAtMs: 0,
  };
}

export function evolveMandate(state: MandateState, event: MandateEvent): MandateState {
  state.lastAtMs = Math.max(state.lastAtMs, toEpochMs(event.data.at));
  switch (event.type) {
    case 'MandateGranted': {
      const { id, tenant, terms } = event.data;
      const windows = (terms.limits.windows ?? []).map(windowLedger);
      return Object.assign(state, { exists: true, id, tenant, terms, windows });
    }
    case 'BudgetReserved': {
      const { intent, amountMinor, currency, at } = event.data;
      const reservation: Reservation = {
        intent,
        amountMinor,
        currency,
        atMs: toEpochMs(at),
        status: 'reserved',
      };
      state.reservations.set(intent, reservation);
      for (const window of state.windows) window.add(reservation);
      tally(state.lifetime, reservation, 1);
      return state;
    }
    case 'SpendCommitted':
      change(state, event.data.intent, 'committed', event.data.amountMinor);
      return state;
    case 'BudgetReleased':
      released(state, event.data.intent, event.data.at);
      return state;
    case 'MandateRevoked':
      state.status = 'revoked';
      return state;
    case 'OperationConcluded':
      remember(state.answers, event);
      return state;
    default:
      return state;
  }
}

function released(state: MandateState, intent: string, at: string): void {
  if (state.reservations.has(intent)) {
    change(state, intent, 'released', 0);
    return;
  }
  const ahead = { intent, amountMinor: 0, currency: '', atMs: toEpochMs(at) };
  state.reservations.set(intent, { ...ahead, status: 'released' });
}

function change(
  state: MandateState,
  intent: string,
  status: 'committed' | 'released',
  amountMinor: number,
): void {
  const reservation = state.reservations.get(intent);
  if (!reservation) return;
  for (const window of state.windows) window.retally(reservation, -1);
  tally(state.lifetime, reservation, -1);
  reservation.status = status;
  reservation.amountMinor = amountMinor;
  for (const window of state.windows) window.retally(reservation, 1);
  tally(state.lifetime, reservation, 1);
}
