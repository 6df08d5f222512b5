import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { RateSource, type SheetOutcome } from './rate-source.port.js';
import { RateBoard, type RateBoardOptions } from './rate.board.js';

const HOUR_MS = 3_600_000;
const NOW = Date.UTC(2026, 2, 1, 12);

class ScriptedSource extends RateSource {
  asked = 0;
  signal: AbortSignal | undefined;
  rates: Record<string, string> = { USD: '1.25', JPY: '160' };
  base = 'EUR';
  asOf = NOW;
  answer: () => Promise<SheetOutcome> = () =>
    Promise.resolve({
      ok: true,
      sheet: { base: this.base, asOf: this.asOf, rates: new Map(Object.entries(this.rates)) },
    });

  constructor(
    readonly name: string,
    readonly refreshAfterMs = 60_000,
  ) {
    super();
  }

  goodUntil(asOf: number): number {
    return asOf + HOUR_MS;
  }

  latest(signal: AbortSignal): Promise<SheetOutcome> {
    this.asked += 1;
    this.signal = signal;
    return this.answer();
  }
}

const DOWN: SheetOutcome = { ok: false, fault: 'unreachable', detail: 'connection_refused' };

let clock: VirtualClock;
let timers: VirtualTimers;
let first: ScriptedSource;
let second: ScriptedSource;
const board = (sources: readonly RateSource[], options: RateBoardOptions = {}) =>
  new RateBoard(sources, clock, timers, options);

beforeEach(() => {
  clock = new VirtualClock(NOW);
  timers = new VirtualTimers(clock);
  first = new ScriptedSource('first');
  second = new ScriptedSource('second');
});

describe('a board of rates', () => {
  it('answers with the rate of the first source and all that it rests on', async () => {
    const found = await board([first, second]).find('EUR', 'USD');
    const opinion = {
      ...{ rate: '1.25', base: 'EUR', legs: { from: '1', to: '1.25' } },
      asOf: '2026-03-01T12:00:00.000Z',
      fetchedAt: '2026-03-01T12:00:00.000Z',
      goodUntil: '2026-03-01T13:00:00.000Z',
    };
    expect(found).toEqual({
      ok: true,
      rate: {
        ...{ from: 'EUR', to: 'USD', rate: '1.25', source: 'first' },
        asOf: '2026-03-01T12:00:00.000Z',
        opinions: [
          { source: 'first', ...opinion },
          { source: 'second', ...opinion },
        ],
        noOpinions: [],
        tolerancePpm: 20_000,
      },
    });
    expect(timers.nextDueMs()).toBeUndefined();
  });

  it.each([
    ['USD', 'EUR', '0.8'],
    ['USD', 'JPY', '128'],
    ['JPY', 'USD', '0.0078125'],
  ])('derives what a %s is worth in %s: %s', async (from, to, rate) => {
    expect(await board([first]).find(from, to)).toMatchObject({ ok: true, rate: { rate } });
  });

  it('compares sources with different bases', async () => {
    Object.assign(second, { base: 'USD', rates: { EUR: '0.8', JPY: '128.5' } });
    const found = await board([first, second]).find('EUR', 'JPY');
    expect(found).toMatchObject({
      ok: true,
      rate: { rate: '160', opinions: [{}, { rate: '160.625' }] },
    });
  });

  it('needs nobody for one and the same currency', async () => {
    expect(await board([]).find('USD', 'USD')).toMatchObject({
      ok: true,
      rate: { rate: '1', source: 'none' },
    });
  });

  it.each([
    ['1.275', true],
    ['1.225', true],
    ['1.2751', false],
    ['1.2249', false],
  ])('lets the second source say %s within two percent: %s', async (rate, ok) => {
    second.rates = { USD: rate };
    const found = await board([first, second], { tolerancePpm: 20_000 }).find('EUR', 'USD');
    expect(found.ok).toBe(ok);
    if (!found.ok)
      expect(found).toMatchObject({ reason: 'sources_disagree', opinions: [{}, { rate }] });
  });

  it('gives no rate when nobody has one, and says why for each', async () => {
    first.answer = () => Promise.resolve(DOWN);
    second.asOf = NOW - HOUR_MS;
    expect(await board([first, second]).find('EUR', 'USD')).toEqual({
      ok: false,
      reason: 'no_rate',
      opinions: [],
      noOpinions: [
        { source: 'first', reason: 'unreachable', detail: 'connection_refused' },
        { source: 'second', reason: 'stale', detail: 'as of 2026-03-01T11:00:00.000Z' },
      ],
    });
    expect(await board([]).find('EUR', 'USD')).toMatchObject({ ok: false, reason: 'no_rate' });
  });

  it('does not ask a source that is too old to contradict', async () => {
    Object.assign(second, { asOf: NOW - 2 * HOUR_MS, rates: { USD: '9' } });
    expect(await board([first, second]).find('EUR', 'USD')).toMatchObject({ ok: true });
  });

  it('has its limit to the millisecond', async () => {
    first.asOf = NOW - HOUR_MS + 1;
    expect((await board([first]).find('EUR', 'USD')).ok).toBe(true);
    first.asOf -= 1;
    expect((await board([first]).find('EUR', 'USD')).ok).toBe(false);
  });

  it('believes no rates of tomorrow, but a clock that is a little ahead', async () => {
    first.asOf = NOW + 5 * 60_000;
    expect((await board([first]).find('EUR', 'USD')).ok).toBe(true);
    first.asOf += 1;
    expect(await board([first]).find('EUR', 'USD')).toMatchObject({
      noOpinions: [{ reason: 'from_the_future' }],
    });
  });

  it('tells a currency that nobody covers from rates that are not there now', async () => {
    const found = await board([first, second]).find('EUR', 'KWD');
    expect(found).toMatchObject({ ok: false, reason: 'currency_not_covered' });
    second.answer = () => Promise.resolve(DOWN);
    expect(await board([first, second]).find('EUR', 'KWD')).toMatchObject({ reason: 'no_rate' });
  });

  it('gives no rate when fewer sources have a say than are needed', async () => {
    second.answer = () => Promise.resolve(DOWN);
    const found = await board([first, second], { sourcesNeeded: 2 }).find('EUR', 'USD');
    expect(found).toMatchObject({ ok: false, reason: 'too_few_sources', opinions: [{}] });
  });
});

describe('what a board keeps', () => {
  it('is asked for once by all who need it at a time, and again when it is due', async () => {
    const rates = board([first]);
    await Promise.all([
      rates.find('EUR', 'USD'),
      rates.find('EUR', 'JPY'),
      rates.find('USD', 'EUR'),
    ]);
    await timers.advance(59_999);
    await rates.find('EUR', 'USD');
    expect(first.asked).toBe(1);
    await timers.advance(1);
    first.rates = { USD: '1.3' };
    expect(await rates.find('EUR', 'USD')).toMatchObject({ rate: { rate: '1.3' } });
    expect(first.asked).toBe(2);
  });

  it('stands in while no newer one comes, until it is too old', async () => {
    const rates = board([first]);
    await rates.find('EUR', 'USD');
    first.answer = () => Promise.resolve(DOWN);
    await timers.advance(HOUR_MS - 1);
    expect(await rates.find('EUR', 'USD')).toMatchObject({
      ok: true,
      rate: { opinions: [{ fetchedAt: '2026-03-01T12:00:00.000Z' }] },
    });
    await timers.advance(1);
    expect(await rates.find('EUR', 'USD')).toMatchObject({ noOpinions: [{ reason: 'stale' }] });
  });

  it('is nothing for a source that wants to be asked each time', async () => {
    const each = new ScriptedSource('each', 0);
    const rates = board([each]);
    await rates.find('EUR', 'USD');
    each.answer = () => Promise.resolve(DOWN);
    expect(await rates.find('EUR', 'USD')).toMatchObject({ ok: false });
    expect(each.asked).toBe(2);
  });

  it('leaves a source that failed alone for five seconds', async () => {
    first.answer = () => Promise.resolve(DOWN);
    const rates = board([first]);
    await rates.find('EUR', 'USD');
    await timers.advance(4_999);
    await rates.find('EUR', 'USD');
    expect(first.asked).toBe(1);
    await timers.advance(1);
    await rates.find('EUR', 'USD');
    expect(first.asked).toBe(2);
  });
});

describe('a source that misbehaves', () => {
  it('is given up when its time is over, and told so', async () => {
    first.answer = () => new Promise(() => undefined);
    const found = board([first, second], { timeoutMs: 500 }).find('EUR', 'USD');
    await timers.advance(499);
    expect(first.signal?.aborted).toBe(false);
    await timers.advance(1);
    expect(await found).toMatchObject({
      ok: true,
      rate: {
        source: 'second',
        noOpinions: [{ reason: 'timeout', detail: 'no answer within 500 ms' }],
      },
    });
    expect(first.signal?.aborted).toBe(true);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('secret'))],
    [
      'throws',
      () => {
        throw new Error('secret');
      },
    ],
  ])('has no say when it %s', async (_how, answer) => {
    first.answer = answer;
    const found = await board([first]).find('EUR', 'USD');
    expect(found).toMatchObject({ ok: false, noOpinions: [{ reason: 'provider_failed' }] });
    expect(JSON.stringify(found)).not.toContain('secret');
  });
});
