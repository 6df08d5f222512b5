import fc from 'fast-check';
import { expect, it } from 'vitest';
import { limitFigures } from './limits.js';
import { type MandateCommand, mandateDecider } from './mandate.decider.js';
import type { MandateTerms, MandateWindow } from './mandate.events.js';
import { DAY_MS, HOUR_MS, commit, grant, release, reserve, revoke } from './mandate.fixture.js';

/** Local midnights, changes of clocks and ends of weeks and months, worked out by hand from each zone's rules. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  'Europe/Berlin': [
    '2026-02-28T23:00:00Z', // The month begins.
    '2026-03-28T23:00:00Z', // The day of 23 hours, a Sunday.
    '2026-03-29T01:00:00Z',
    '2026-03-29T22:00:00Z', // Monday.
    '2026-10-24T22:00:00Z', // The day of 25 hours.
    '2026-10-25T01:00:00Z',
    '2026-10-25T23:00:00Z',
  ],
  'America/New_York': [
    '2026-03-01T05:00:00Z',
    '2026-03-08T05:00:00Z', // 23 hours.
    '2026-03-08T07:00:00Z',
    '2026-03-09T04:00:00Z',
    '2026-11-01T04:00:00Z', // The month and the day of 25 hours begin.
    '2026-11-01T06:00:00Z',
    '2026-11-02T05:00:00Z',
  ],
  'Australia/Lord_Howe': [
    '2026-04-04T13:00:00Z', // The day of 24 and a half hours.
    '2026-04-04T15:00:00Z',
    '2026-04-05T13:30:00Z',
    '2026-10-03T13:30:00Z', // The day of 23 and a half.
    '2026-10-03T15:30:00Z',
    '2026-10-04T13:00:00Z',
    '2026-10-31T13:00:00Z',
  ],
  'Asia/Kathmandu': ['2026-03-31T18:15:00Z', '2026-04-05T18:15:00Z', '2026-04-06T18:15:00Z'],
  'Africa/Cairo': [
    '2026-04-23T22:00:00Z', // A day whose midnight does not exist.
    '2026-04-24T21:00:00Z',
    '2026-04-30T21:00:00Z',
    '2026-10-28T21:00:00Z', // A day whose last hour comes twice.
    '2026-10-29T20:00:00Z',
    '2026-10-29T21:00:00Z',
    '2026-10-29T22:00:00Z',
    '2026-10-31T22:00:00Z',
  ],
};

const zone = fc.constantFrom(...Object.keys(EDGES));
const amounts = (min: number, max: number) =>
  fc.record({ USD: fc.integer({ min, max }), EUR: fc.integer({ min, max }) });

const window: fc.Arbitrary<Omit<MandateWindow, 'name'>> = fc
  .record({
    period: fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          calendar: fc.constantFrom('day' as const, 'week' as const, 'month' as const),
          timezone: zone,
        }),
      },
      { weight: 1, arbitrary: fc.record({ rolling: fc.constantFrom('PT1H', 'P1D') }) },
    ),
    amount: fc.option(amounts(40, 200), { nil: undefined }),
    count: fc.integer({ min: 2, max: 8 }),
  })
  .map(({ period, amount, count }) => ({ ...period, ...(amount && { amount }), count }));

const terms: fc.Arbitrary<MandateTerms> = fc
  .record({
    windows: fc.array(window, { minLength: 1, maxLength: 3 }),
    perPayment: fc.option(amounts(20, 60), { nil: undefined }),
    lifetime: amounts(200, 2_000),
  })
  .map(({ windows, perPayment, lifetime }) => ({
    agent: 'agt_1',
    limits: {
      ...(perPayment && { per_payment: perPayment }),
      windows: windows.map((each, index) => ({ ...each, name: `w${index}` })),
      lifetime,
    },
  }));

const step = fc.record({
  kind: fc.constantFrom('reserve', 'reserve', 'reserve', 'reserve', 'commit', 'commit', 'release'),
  /** Under which mandate of the chain it is asked for; 0 is the lowest. */
  level: fc.nat(2),
  pick: fc.nat(),
  amountMinor: fc.integer({ min: 1, max: 60 }),
  currency: fc.constantFrom('USD', 'USD', 'EUR'),
  /** How far from the next edge: exactly there, a millisecond or a few hours beside it. */
  besideMs: fc.oneof(
    fc.constantFrom(-HOUR_MS, -1, 0, 1, HOUR_MS / 2, HOUR_MS),
    fc.integer({ min: -12 * HOUR_MS, max: 12 * HOUR_MS }),
  ),
  toNextEdge: fc.boolean(),
  revoke: fc.integer({ min: 0, max: 60 }).map((drawn) => drawn === 0),
});

interface Spend {
  intent: string;
  amountMinor: number;
  currency: string;
  atMs: number;
  kind: 'held' | 'used';
  /** The mandates it counts in, the lowest and all above it. */
  from: number;
}

/** The local date at an instant, as Intl writes it; weeks are called by their Monday. */
function periodName(window: MandateWindow, atMs: number): string {
  const date = dates(window.timezone ?? 'UTC').format(atMs);
  if (window.calendar === 'month') return date.slice(0, 7);
  if (window.calendar === 'day') return date;
  const monday = new Date(`${date}T00:00:00Z`);
  while (monday.getUTCDay() !== 1) monday.setUTCDate(monday.getUTCDate() - 1);
  return monday.toISOString().slice(0, 10);
}

const formats = new Map<string, Intl.DateTimeFormat>();

function dates(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone });
  formats.set(timeZone, known);
  return known;
}

/** What counts under each limit of one mandate, summed up anew from the list of all that was ever reserved. */
function recount({ limits }: MandateTerms, spends: readonly Spend[], nowMs: number) {
  const sums = (of: readonly Spend[], value: (spend: Spend) => number) => {
    const sum = (kind: Spend['kind']) =>
      of.filter((spend) => spend.kind === kind).reduce((total, spend) => total + value(spend), 0);
    return { held: sum('held'), used: sum('used') };
  };
  const perCurrency = (rule: string, of: readonly Spend[], map: Record<string, number> = {}) =>
    Object.entries(map).map(([currency, limit]) => {
      const same = of.filter((spend) => spend.currency === currency);
      return { rule, currency, limit, ...sums(same, ({ amountMinor }) => amountMinor) };
    });
  return [
    ...perCurrency('per_payment', [], limits.per_payment),
    ...(limits.windows ?? []).flatMap((each) => {
      const lengthMs = each.rolling === 'PT1H' ? HOUR_MS : DAY_MS;
      const inside = spends.filter(({ atMs }) =>
        each.calendar
          ? periodName(each, atMs) === periodName(each, nowMs)
          : atMs > nowMs - lengthMs,
      );
      const rule = `window.${each.name}`;
      const counted = sums(inside, () => 1);
      const limit = each.count ?? 0;
      return [
        ...perCurrency(rule, inside, each.amount),
        { rule: `${rule}.count`, currency: null, limit, ...counted },
      ];
    }),
    ...perCurrency('lifetime', spends, limits.lifetime),
  ];
}

type Payment = Omit<Spend, 'kind' | 'atMs'>;

/** Mandates one above the other, the lowest first, beside the list of what was reserved in them. */
class Chain {
  readonly spends: Spend[] = [];
  private readonly states = this.terms.map(() => mandateDecider.initial());
  private readonly revoked = new Set<number>();

  constructor(
    private readonly terms: readonly MandateTerms[],
    nowMs: number,
  ) {
    terms.forEach((each, level) => this.tell(level, { ...grant(each), nowMs } as MandateCommand));
  }

  /** Whether it was made: in all mandates from its own up, or in none. */
  reserve(payment: Payment, nowMs: number): boolean {
    const { intent, amountMinor, currency, from } = payment;
    const reserved: number[] = [];
    for (const level of this.levelsFrom(from)) {
      const command = reserve(intent, amountMinor, { currency, nowMs, onBehalf: level > from });
      if (!this.tell(level, command).ok) {
        for (const each of reserved) this.tell(each, release(intent, nowMs));
        return false;
      }
      reserved.push(level);
    }
    this.spends.push({ ...payment, atMs: nowMs, kind: 'held' });
    return true;
  }

  /** `spentMinor` 0 releases. */
  settle(spend: Spend, spentMinor: number, nowMs: number): void {
    const { intent, from } = spend;
    const command = spentMinor > 0 ? commit(intent, spentMinor, nowMs) : release(intent, nowMs);
    for (const level of this.levelsFrom(from))
      expect(this.tell(level, command)).toMatchObject({ ok: true, events: [{}] });
    if (spentMinor > 0) Object.assign(spend, { kind: 'used', amountMinor: spentMinor });
    else this.spends.splice(this.spends.indexOf(spend), 1);
  }

  revoke(level: number, nowMs: number): void {
    this.tell(level, { ...revoke(), nowMs } as MandateCommand);
    this.revoked.add(level);
  }

  /** What the list says: every mandate from `from` up is active and has room in each limit. */
  hasRoom({ amountMinor, currency, from }: Payment, nowMs: number): boolean {
    return this.levelsFrom(from).every(
      (level) =>
        !this.revoked.has(level) &&
        this.recounted(level, nowMs).every(({ currency: of, limit, held, used }) => {
          if (of !== null && of !== currency) return true;
          return held + used + (of === null ? 1 : amountMinor) <= limit;
        }),
    );
  }

  expectRightFigures(atMs: number): void {
    this.states.forEach((state, level) => {
      const recounted = this.recounted(level, atMs);
      const shown = limitFigures(state, null, atMs).map(
        ({ rule, currency, limit, held, used }) => ({ rule, currency, limit, held, used }),
      );
      expect(shown).toEqual(recounted);
      for (const { limit, held, used } of recounted) expect(held + used).toBeLessThanOrEqual(limit);
    });
  }

  private levelsFrom(from: number): number[] {
    return [...this.terms.keys()].slice(from);
  }

  private recounted(level: number, nowMs: number) {
    const counting = this.spends.filter(({ from }) => from <= level);
    return recount(this.terms[level]!, counting, nowMs);
  }

  private tell(level: number, command: MandateCommand) {
    const state = this.states[level]!;
    const decision = mandateDecider.decide(command, state);
    for (const event of decision.ok ? decision.events : []) mandateDecider.evolve(state, event);
    return decision;
  }
}

it('a chain of mandates never gives more than any limit of any of them, near every edge of a period, and shows what a recount of all spends shows', () => {
  const made = { true: 0, false: 0 };
  fc.assert(
    fc.property(
      zone,
      fc.array(terms, { minLength: 1, maxLength: 3 }),
      fc.array(step, { minLength: 5, maxLength: 60 }),
      (where, mandates, steps) => {
        const edges = EDGES[where]!.map((edge) => Date.parse(edge));
        let edge = 0;
        let nowMs = edges[0]! - DAY_MS;
        const chain = new Chain(mandates, nowMs);
        for (const [index, said] of steps.entries()) {
          const { kind, level, pick, amountMinor, currency } = said;
          if (said.toNextEdge) edge = (edge + 1) % edges.length;
          nowMs = Math.max(nowMs, edges[edge]! + said.besideMs);
          const from = level % mandates.length;
          if (said.revoke) chain.revoke(from, nowMs);
          if (kind === 'reserve') {
            const payment = { intent: `p${index}`, amountMinor, currency, from };
            const room = chain.hasRoom(payment, nowMs);
            expect(chain.reserve(payment, nowMs)).toBe(room);
            made[`${room}`] += 1;
          } else {
            const open = chain.spends.filter((spend) => spend.kind === 'held');
            const spend = open[pick % Math.max(1, open.length)];
            const spentMinor = kind === 'commit' ? amountMinor : 0;
            if (spend) chain.settle(spend, Math.min(spentMinor, spend.amountMinor), nowMs);
          }
          // Now, and as it will be shown a while from now when nothing more happens.
          for (const laterMs of [0, 1, HOUR_MS, DAY_MS]) chain.expectRightFigures(nowMs + laterMs);
        }
      },
    ),
    { numRuns: 150 },
  );
  // Otherwise the histories were too tame to show anything.
  expect(Math.min(made.true, made.false)).toBeGreaterThan(200);
});
