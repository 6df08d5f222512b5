import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limitFigures } from './limits.js';
import { mandateDecider } from './mandate.decider.js';
import type { MandateEvent, MandateTerms, MandateWindow } from './mandate.events.js';
import { DAY_MS, HOUR_MS, NOW_MS, commit, grant, release, reserve } from './mandate.fixture.js';

const TERMS: MandateTerms = {
  agent: 'agt_1',
  limits: {
    per_payment: { USD: 80, EUR: 60 },
    windows: [
      { name: 'day', calendar: 'day', timezone: 'Europe/Berlin', amount: { USD: 100, EUR: 90 } },
      { name: 'week', calendar: 'week', timezone: 'America/New_York', count: 9 },
      { name: 'month', calendar: 'month', amount: { USD: 500, EUR: 300 }, count: 25 },
      { name: 'hour', rolling: 'PT1H', amount: { USD: 90, EUR: 70 }, count: 3 },
      { name: 'days', rolling: 'P2D', amount: { USD: 150, EUR: 150 } },
    ],
    lifetime: { USD: 1_500, EUR: 1_000 },
  },
};

/** The naive model: a list, summed up anew for every question. */
interface Entry {
  intent: string;
  amountMinor: number;
  currency: string;
  atMs: number;
  kind: 'held' | 'used' | 'free';
}

/** Which local day, week or month an instant is in, found by formatting it. */
function periodName({ calendar, timezone = 'UTC' }: MandateWindow, atMs: number): string {
  const date = new Intl.DateTimeFormat('en-CA', { timeZone: timezone }).format(atMs);
  if (calendar === 'month') return date.slice(0, 7);
  if (calendar === 'day') return date;
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString();
}

function counts(window: MandateWindow, atMs: number, nowMs: number): boolean {
  if (window.calendar) return periodName(window, atMs) === periodName(window, nowMs);
  const lengthMs = window.rolling === 'PT1H' ? HOUR_MS : 2 * DAY_MS;
  return atMs > nowMs - lengthMs;
}

function modelFigures(entries: readonly Entry[], nowMs: number) {
  const sum = (of: readonly Entry[], kind: Entry['kind'], value: (entry: Entry) => number) =>
    of.filter((entry) => entry.kind === kind).reduce((total, entry) => total + value(entry), 0);
  const amounts = (of: readonly Entry[], rule: string, limits: Record<string, number> = {}) =>
    Object.entries(limits).map(([currency, limit]) => {
      const same = of.filter((entry) => entry.currency === currency);
      const value = (entry: Entry) => entry.amountMinor;
      return {
        rule,
        currency,
        limit,
        held: sum(same, 'held', value),
        used: sum(same, 'used', value),
      };
    });
  const windows = (TERMS.limits.windows ?? []).flatMap((window) => {
    const inside = entries.filter(({ atMs }) => counts(window, atMs, nowMs));
    const rule = `window.${window.name}`;
    const one = () => 1;
    const count = { held: sum(inside, 'held', one), used: sum(inside, 'used', one) };
    return [
      ...amounts(inside, rule, window.amount),
      ...(window.count === undefined
        ? []
        : [{ rule: `${rule}.count`, currency: null, limit: window.count, ...count }]),
    ];
  });
  return [
    ...amounts([], 'per_payment', TERMS.limits.per_payment),
    ...windows,
    ...amounts(entries, 'lifetime', TERMS.limits.lifetime),
  ];
}

const step = fc.record({
  kind: fc.constantFrom('reserve', 'reserve', 'reserve', 'commit', 'release'),
  intent: fc.integer({ min: 0, max: 60 }).map(String),
  amountMinor: fc.integer({ min: 1, max: 70 }),
  currency: fc.constantFrom('USD', 'USD', 'EUR'),
  /** Mostly forward, by anything from nothing to a week; now and then a clock that is behind. */
  waitMs: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: HOUR_MS }) },
    { weight: 2, arbitrary: fc.constantFrom(0, 1, HOUR_MS, 2 * DAY_MS) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 7 * DAY_MS }) },
    { weight: 1, arbitrary: fc.integer({ min: -HOUR_MS, max: 0 }) },
  ),
});

it('never promises more than any limit, and tells what a recount of the whole list tells', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 150 }), (steps) => {
      const entries = new Map<string, Entry>();
      let state = mandateDecider.initial();
      let nowMs = NOW_MS;
      const apply = (events: readonly MandateEvent[]) => {
        for (const event of events) state = mandateDecider.evolve(state, event);
      };
      const granted = mandateDecider.decide(grant(TERMS), state);
      apply(granted.ok ? granted.events : []);
      for (const { kind, intent, amountMinor, currency, waitMs } of steps) {
        nowMs += waitMs;
        const entry = entries.get(intent);
        const spent = Math.min(amountMinor, entry?.amountMinor ?? 0);
        // A payment that reserved nothing, or was released, never captures.
        if (kind === 'commit' && (!entry || entry.kind === 'free')) continue;
        const command =
          kind === 'reserve'
            ? reserve(intent, amountMinor, { currency, nowMs })
            : kind === 'commit'
              ? commit(intent, spent, nowMs)
              : release(intent, nowMs);
        const before = modelFigures([...entries.values()], Math.max(nowMs, state.lastAtMs));
        const decision = mandateDecider.decide(command, state);
        const events = decision.ok ? decision.events : [];
        if (kind !== 'reserve') expect(decision.ok).toBe(true);
        if (kind === 'reserve' && !entry) {
          const room = before.every(({ limit, held, used, currency: of }) =>
            of === null
              ? held + used < limit
              : of !== currency || held + used + amountMinor <= limit,
          );
          expect([decision.ok, events.length]).toEqual([room, room ? 1 : 0]);
        }
        if (kind === 'reserve' && entry) expect(decision.ok).toBe(entry.kind !== 'free');
        apply(events);
        for (const { type, data } of events) {
          const atMs = Date.parse(data.at);
          if (type === 'BudgetReserved')
            entries.set(intent, { intent, amountMinor, currency, atMs, kind: 'held' });
          if (type === 'SpendCommitted' && entry)
            entries.set(intent, { ...entry, amountMinor: spent, kind: 'used' });
          if (type === 'BudgetReleased')
            entries.set(intent, {
              ...(entry ?? { intent, amountMinor, currency, atMs }),
              kind: 'free',
            });
        }
        const asOfMs = Math.max(nowMs, state.lastAtMs);
        const model = modelFigures([...entries.values()], asOfMs);
        const figures = limitFigures(state, null, asOfMs).map(
          ({ rule, currency: of, limit, held, used }) => ({
            rule,
            currency: of,
            limit,
            held,
            used,
          }),
        );
        expect(figures).toEqual(model);
        for (const { limit, held, used } of model) expect(held + used).toBeLessThanOrEqual(limit);
      }
    }),
    { numRuns: 80 },
  );
});

it('forgets nothing that still counts in a rolling window, however many payments it has seen', () => {
  const windows = [{ name: 'hour', rolling: 'PT1H', amount: { USD: 60 }, count: 60 }];
  const terms = { agent: 'agt_1', limits: { windows } };
  let state = mandateDecider.initial();
  const told = (command: Parameters<typeof mandateDecider.decide>[0]) => {
    const decision = mandateDecider.decide(command, state);
    for (const event of decision.ok ? decision.events : [])
      state = mandateDecider.evolve(state, event);
    return decision.ok;
  };
  told(grant(terms));
  for (let minute = 0; minute < 3_000; minute += 1) {
    const nowMs = NOW_MS + minute * 60_000;
    expect(told(reserve(`${minute}`, 1, { nowMs }))).toBe(true);
    expect(told(reserve(`${minute} more`, 1, { nowMs }))).toBe(minute < 59);
    if (minute < 59) told(release(`${minute} more`, nowMs));
    if (minute > 30) told(commit(`${minute - 30}`, 1, nowMs));
  }
  const [usd] = limitFigures(state, 'USD', state.lastAtMs);
  expect(usd).toMatchObject({ used: 30, held: 30, remaining: 0 });
});
