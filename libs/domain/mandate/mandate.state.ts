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
  /** By intent, in the order of their instants. */
  reservations: Map<string, Reservation>;
  /** Intents whose release came before any reservation. */
  releasedAhead: Set<string>;
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
    releasedAhead: new Set(),
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
      const atMs = toEpochMs(at);
      addReservation(state, { intent, amountMinor, currency, atMs, status: 'reserved' });
      return state;
    }
    case 'SpendCommitted':
      spent(state, event.data.intent, event.data.amountMinor);
      return state;
    case 'BudgetReleased':
      released(state, event.data.intent);
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

/** Counts a reservation from now on; they come in the order of their instants. */
export function addReservation(state: MandateState, reservation: Reservation): void {
  state.reservations.set(reservation.intent, reservation);
  for (const window of state.windows) window.add(reservation);
  tally(state.lifetime, reservation, 1);
}

function spent(state: MandateState, intent: string, amountMinor: number): void {
  const reservation = state.reservations.get(intent);
  if (reservation) return change(state, reservation, 'committed', amountMinor);
  state.releasedAhead.delete(intent);
  const atMs = state.lastAtMs;
  addReservation(state, { intent, amountMinor, currency: null, atMs, status: 'committed' });
}

function released(state: MandateState, intent: string): void {
  const reservation = state.reservations.get(intent);
  if (!reservation) {
    state.releasedAhead.add(intent);
    return;
  }
  change(state, reservation, 'released', 0);
}

function change(
  state: MandateState,
  reservation: Reservation,
  status: 'committed' | 'released',
  amountMinor: number,
): void {
  for (const window of state.windows) window.retally(reservation, -1);
  tally(state.lifetime, reservation, -1);
  reservation.status = status;
  reservation.amountMinor = amountMinor;
  for (const window of state.windows) window.retally(reservation, 1);
  tally(state.lifetime, reservation, 1);
}
