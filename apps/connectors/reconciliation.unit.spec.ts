import { beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '#bus';
import type { Messages } from '#contracts';
import type { BooksWindow, OurRecord, TheirRecord } from '#domain';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { GuardedProcessor, type ListAnswer, Processor, ProcessorRegistry } from '#processors';
import { Reconciliation } from './reconciliation.js';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2030, 0, 1, 12);
const WINDOW = { fromMs: NOON_MS - HOUR_MS, toMs: NOON_MS + HOUR_MS };

const theirs = (id: string, changes: Partial<TheirRecord> = {}): TheirRecord => ({
  ...{ subject: 'charge', state: 'captured', amountMinor: 4_200, currency: 'EUR' },
  ...{ key: `${id}-1`, reference: `ch_${id}`, atMs: NOON_MS },
  ...changes,
});
const ours = (id: string, changes: Partial<OurRecord> = {}): OurRecord => ({
  ...{ subject: 'charge', state: 'captured', amountMinor: 4_200, currency: 'EUR' },
  ...{ key: `${id}-1`, reference: `ch_${id}`, tenant: 'tnt_1', payment: `pi_${id}`, open: false },
  ...{ atMs: NOON_MS, knownAtMs: NOON_MS, changedAtMs: NOON_MS },
  ...changes,
});

/** Lists what it is given, three at a time. */
class ListingProcessor extends Processor {
  readonly name = 'one';
  readonly capabilities = {
    authorization: 'one_step',
    fence: false,
    lookUp: false,
    idempotencyKey: { lengthMax: 40, safeForMs: 1 },
    currencies: 'all',
    minorUnits: {},
    methods: ['card'],
    amountMax: null,
    decidesLater: [],
    authorizationValidForMs: 1,
  } as const;
  records: TheirRecord[] = [];
  fails: ListAnswer | null = null;
  asOfMs: number | undefined;
  readonly asked: BooksWindow[] = [];

  async list(window: BooksWindow, cursor: string | null): Promise<ListAnswer> {
    this.asked.push(window);
    if (cursor !== null && this.fails) return this.fails;
    const [from, isIn] = [Number(cursor ?? 0), this.records];
    const asked = isIn.filter(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs);
    const next = from + 3 < asked.length ? String(from + 3) : null;
    const asOf = this.asOfMs === undefined ? {} : { asOfMs: this.asOfMs };
    return { kind: 'listed', records: asked.slice(from, from + 3), next, ...asOf };
  }
  private readonly never = () => Promise.reject(new Error('not asked here'));
  prepare = this.never;
  authorize = this.never;
  capture = this.never;
  void = this.never;
  refund = this.never;
  lookUpRefund = this.never;
  lookUp = this.never;
  fence = this.never;
  provision = this.never;
  ping = this.never;
}

/** The read side: two records a page. */
class BooksBus extends Bus<Messages> {
  records: OurRecord[] = [];
  readonly subjects: string[] = [];

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
  ): Promise<Messages[Subject]['reply']> {
    this.subjects.push(subject);
    return this.answer(subject, payload) as Messages[Subject]['reply'];
  }

  private answer(subject: string, payload: unknown): unknown {
    if (subject === 'queries.reconciliation.find') {
      const { keys, references } = payload as Messages['queries.reconciliation.find']['request'];
      return this.records.filter(
        ({ key, reference }) => keys.includes(key) || references.includes(reference ?? ''),
      );
    }
    const { window, cursor } = payload as Messages['queries.reconciliation.records']['request'];
    const own = this.records.filter(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs);
    const from = Number(cursor ?? 0);
    return {
      records: own.slice(from, from + 2),
      next: from + 2 < own.length ? `${from + 2}` : null,
    };
  }
}

let processor: ListingProcessor;
let bus: BooksBus;
let reconciliation: Reconciliation;
beforeEach(() => {
  const clock = new VirtualClock(WINDOW.toMs + 24 * HOUR_MS);
  const timers = new VirtualTimers(clock);
  processor = new ListingProcessor();
  bus = new BooksBus();
  const registry = new ProcessorRegistry([new GuardedProcessor(processor, {}, { clock, timers })]);
  reconciliation = new Reconciliation(registry, bus, clock);
});

const run = (changes: { tenant?: string; limit?: number; processor?: string } = {}) =>
  reconciliation.run({ processor: 'one', window: WINDOW, tenant: null, limit: 100, ...changes });
const found = async (tenant?: string) => {
  const report = await run(tenant === undefined ? {} : { tenant });
  return report?.differences.map(({ kind, ours: own, theirs: their }) => [
    kind,
    own?.key ?? their?.reference,
  ]);
};

describe('the books of a processor', () => {
  it('are read to the last page on both sides, a margin past both edges on theirs', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    processor.records = ids.map((id) => theirs(id));
    bus.records = ids.map((id) => ours(id));
    expect(await run()).toMatchObject({ failure: null, ours: 7, theirs: 7, differences: [] });
    expect(processor.asked).toHaveLength(3);
    expect(processor.asked[0]?.fromMs).toBe(WINDOW.fromMs - HOUR_MS);
    expect(processor.asked[0]?.toMs).toBe(WINDOW.toMs + HOUR_MS);
  });

  it('change nothing, and are compared by the connectors without a command', async () => {
    bus.records = [ours('a')];
    expect(await found()).toEqual([['missing_there', 'a-1']]);
    expect(bus.subjects.every((subject) => subject.startsWith('queries.'))).toBe(true);
  });

  it('find what began here at another time', async () => {
    const before = { atMs: WINDOW.fromMs - 5 * HOUR_MS };
    bus.records = [ours('a', before), ours('b', { ...before, reference: null })];
    processor.records = [theirs('a'), theirs('b'), theirs('c')];
    expect(await found()).toEqual([['missing_here', 'ch_c']]);
  });

  it('say when a charge was made twice, also when the first is of another time', async () => {
    bus.records = [ours('a', { atMs: WINDOW.fromMs - 5 * HOUR_MS })];
    processor.records = [theirs('a', { reference: 'ch_again' })];
    const report = await run();
    expect(report?.differences).toMatchObject([
      { kind: 'missing_here', explanation: 'key_used_for_another', tenant: 'tnt_1' },
    ]);
  });

  it('are as old as the processor says', async () => {
    bus.records = [ours('a', { changedAtMs: NOON_MS + 1 })];
    processor.records = [theirs('a', { state: 'held' })];
    expect(await run()).toMatchObject({ unexpected: 1 });
    processor.asOfMs = NOON_MS;
    expect(await run()).toMatchObject({ unexpected: 0, counts: { state: 1 }, asOfMs: NOON_MS });
  });

  it('that cannot be read to the end are not compared', async () => {
    processor.records = ['a', 'b', 'c', 'd'].map((id) => theirs(id));
    processor.fails = { kind: 'failed', evidence: 'http_500' };
    expect(await run()).toMatchObject({ failure: 'http_500', counts: {}, differences: [] });
    expect(bus.subjects).toEqual([]);
  });

  it("are nobody's when there is no such processor", async () => {
    expect(await run({ processor: 'two' })).toBeNull();
  });
});

describe('what a tenant is shown', () => {
  it("is what is its own, and what is nobody's", async () => {
    bus.records = [ours('a'), ours('b', { tenant: 'tnt_2' })];
    processor.records = [theirs('x', { key: null })];
    expect(await found('tnt_2')).toEqual([
      ['missing_there', 'b-1'],
      ['missing_here', 'ch_x'],
    ]);
    expect(await run({ tenant: 'tnt_2' })).toMatchObject({ ours: 1, theirs: null, unexpected: 2 });
  });

  it('is counted in full, and shown up to a limit, the unexpected first', async () => {
    bus.records = [ours('a', { open: true, knownAtMs: null }), ours('b'), ours('c')];
    const report = await run({ limit: 2 });
    expect(report?.differences.map(({ ours: own }) => own?.key)).toEqual(['b-1', 'c-1']);
    expect(report).toMatchObject({ counts: { missing_there: 3 }, unexpected: 2 });
  });
});
