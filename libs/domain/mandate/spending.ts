import { calendarPeriod, durationMs } from './window.js';
import type { MandateWindow } from './mandate.events.js';

/** Held: reserved and not yet decided. Used: spent. Both count against a limit. */
export interface Usage {
  held: number;
  used: number;
}

export type ReservationStatus = 'reserved' | 'committed' | 'released';

/** One intent's claim on the budget; it counts in the windows of the instant it was made, or of its spend when it never was. */
export interface Reservation {
  readonly intent: string;
  readonly atMs: number;
  /** Null for a spend that was never reserved: it counts in every currency. */
  readonly currency: string | null;
  amountMinor: number;
  status: ReservationStatus;
}

/** Sums over the reservations of one window (or of the whole life). Amounts are kept per currency, counts over all. */
export interface Totals {
  count: Usage;
  amounts: Map<string | null, Usage>;
}

export function emptyTotals(): Totals {
  return { count: { held: 0, used: 0 }, amounts: new Map() };
}

export function amountUsage({ amounts }: Totals, currency: string): Usage {
  const { held, used } = usageOf(amounts, currency);
  return { held, used: used + usageOf(amounts, null).used };
}

function usageOf(amounts: Totals['amounts'], currency: string | null): Usage {
  return amounts.get(currency) ?? { held: 0, used: 0 };
}

/** Adds (`sign` 1) or takes away (-1) what a reservation counts for; one that was released counts for nothing. */
export function tally(totals: Totals, reservation: Reservation, sign: 1 | -1): void {
  const { status, currency, amountMinor } = reservation;
  if (status === 'released') return;
  const kind = status === 'reserved' ? 'held' : 'used';
  const usage = usageOf(totals.amounts, currency);
  usage[kind] += sign * amountMinor;
  totals.amounts.set(currency, usage);
  totals.count[kind] += sign;
}

/**
 * What counts in one window. Calendar windows keep the totals of each period that is still of interest; rolling ones keep the
 * reservations of the last duration and their running totals, so that neither a decision nor an event looks at all of them.
 */
export interface WindowLedger {
  totalsAt(atMs: number): Totals;
  /** When what counts now begins to count no more: the end of the calendar period, or when the oldest leaves. */
  resetsAtMs(atMs: number): number;
  add(reservation: Reservation): void;
  /** Called around a change of a reservation's status or amount: first with -1, then with 1. */
  retally(reservation: Reservation, sign: 1 | -1): void;
}

export function windowLedger(window: MandateWindow): WindowLedger {
  return window.rolling === undefined
    ? calendarLedger(window.calendar ?? 'day', window.timezone ?? 'UTC')
    : rollingLedger(durationMs(window.rolling) ?? 0);
}

function calendarLedger(calendar: 'day' | 'week' | 'month', timezone: string): WindowLedger {
  const periods = new Map<number, Totals>();
  let current = calendarPeriod(calendar, timezone, 0);
  const periodOf = (atMs: number) => {
    if (atMs < current.startMs || atMs >= current.endMs)
      current = calendarPeriod(calendar, timezone, atMs);
    return current;
  };
  const totalsOf = (atMs: number) => periods.get(periodOf(atMs).startMs);
  return {
    totalsAt: (atMs) => totalsOf(atMs) ?? emptyTotals(),
    resetsAtMs: (atMs) => periodOf(atMs).endMs,
    add(reservation) {
      const { startMs } = periodOf(reservation.atMs);
      const totals = periods.get(startMs) ?? emptyTotals();
      periods.set(startMs, totals);
      tally(totals, reservation, 1);
    },
    retally(reservation, sign) {
      const totals = totalsOf(reservation.atMs);
      if (totals) tally(totals, reservation, sign);
    },
  };
}

function rollingLedger(lengthMs: number): WindowLedger {
  let recent: Reservation[] = [];
  /** Index of the first reservation that `totals` still counts. */
  let first = 0;
  const totals = emptyTotals();
  const expired = (reservation: Reservation, atMs: number) => reservation.atMs <= atMs - lengthMs;
  const counts = (reservation: Reservation) => {
    const oldest = recent[first];
    return oldest !== undefined && reservation.atMs >= oldest.atMs;
  };
  return {
    totalsAt(atMs) {
      // A copy without what expired since the last reservation; nothing is changed by asking.
      const now: Totals = {
        count: { ...totals.count },
        amounts: new Map([...totals.amounts].map(([code, usage]) => [code, { ...usage }])),
      };
      for (let index = first; index < recent.length; index += 1) {
        const reservation = recent[index] as Reservation;
        if (!expired(reservation, atMs)) break;
        tally(now, reservation, -1);
      }
      return now;
    },
    resetsAtMs(atMs) {
      let index = first;
      let oldest = recent[index];
      while (oldest && (expired(oldest, atMs) || oldest.status === 'released')) {
        index += 1;
        oldest = recent[index];
      }
      return (oldest?.atMs ?? atMs) + lengthMs;
    },
    add(reservation) {
      let oldest = recent[first];
      while (oldest && expired(oldest, reservation.atMs)) {
        tally(totals, oldest, -1);
        first += 1;
        oldest = recent[first];
      }
      if (first > 1_000 && first * 2 > recent.length) {
        recent = recent.slice(first);
        first = 0;
      }
      recent.push(reservation);
      tally(totals, reservation, 1);
    },
    retally(reservation, sign) {
      if (counts(reservation)) tally(totals, reservation, sign);
    },
  };
}
