import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '#bus';
import type { Answer, Messages } from '#contracts';
import { supportedCurrencies } from '#domain';
import { RateBoard, RateSource, type SheetOutcome } from '#rates';
import { quote } from '#read-models';
import { commands } from '../commands/commands.fixture.js';
import { ToQuote } from '../commands/actors.js';
import { QuotesController } from '../commands/quotes.controller.js';
import { EURO_RATES } from '../sandbox/rate.table.js';
import { CommandBus } from '@nestjs/cqrs';
import { Quotation } from './quotation.js';

type Asked = Messages['effects.rates.quote']['request'];

class ScriptedSource extends RateSource {
  readonly refreshAfterMs = 0;
  rates: ReadonlyMap<string, string> = EURO_RATES;
  asOf: number | null = null;
  fault: SheetOutcome | null = null;

  constructor(
    readonly name: string,
    private readonly now: () => number,
  ) {
    super();
  }

  goodUntil(asOf: number): number {
    return asOf + 3_600_000;
  }

  latest(): Promise<SheetOutcome> {
    const sheet = { base: 'EUR', asOf: this.asOf ?? this.now(), rates: this.rates };
    return Promise.resolve(this.fault ?? { ok: true, sheet });
  }
}

let world: Awaited<ReturnType<typeof commands>>;
let first: ScriptedSource;
let second: ScriptedSource;
let quotation: Quotation;
let reported: string[];

beforeEach(async () => {
  world = await commands();
  const { clock, timers, module } = world;
  const writeSide = module.get(QuotesController);
  /** The write side as the bus reaches it. */
  class WriteSide extends Bus<Messages> {
    override request = (subject: string, payload: unknown): Promise<never> => {
      const json = JSON.parse(JSON.stringify(payload)) as never;
      const asked = subject === 'commands.quote.recall' ? writeSide.recall : writeSide.issue;
      return asked.call(writeSide, json) as Promise<never>;
    };
  }
  first = new ScriptedSource('first', () => clock.now());
  second = new ScriptedSource('second', () => clock.now());
  reported = [];
  const trouble = { report: (message: string) => void reported.push(message) };
  const board = new RateBoard([first, second], clock, timers);
  quotation = new Quotation(new WriteSide(), board, trouble);
});
afterEach(() => world.module.close());

const asking = (key: string, change: object = {}, agent = 'agt_1'): Asked => ({
  principal: { tenant: 'tnt_1', role: 'agent', id: agent, key: 'k' },
  ...{ path: '/v1/quotes', idempotencyKey: key, traceId: '0'.repeat(32) },
  request: { amount: 4200, currency: 'USD', charge_currency: 'EUR', ...change } as Asked['request'],
});
const parsed = ({ body }: Answer) => JSON.parse(body) as Record<string, unknown>;
const read = (id: unknown, agent: string | null = 'agt_1', tenant = 'tnt_1') =>
  quote(world.store, { tenant, agent, id: String(id) }, new Date(world.clock.now()).toISOString());

describe('a quote that an agent asks for', () => {
  it('has the price, the rate, who says so, and when it ends', async () => {
    const answered = await quotation.quote(asking('k1', { payee: { id: 'acme', country: 'US' } }));
    expect(answered.status).toBe(201);
    expect(parsed(answered)).toEqual({
      ...{ object: 'quote', id: expect.stringMatching(/^qt_[a-z2-7]{26}$/) as string },
      ...{ status: 'open', agent: 'agt_1', payee: { id: 'acme', country: 'US' } },
      ...{ amount: 4200, currency: 'USD', charge_amount: 3655, charge_currency: 'EUR' },
      ...{ rate: '0.861549065219264237098303', rate_source: 'first' },
      rate_as_of: '2030-01-01T00:00:00.000Z',
      rates: ['first', 'second'].map((source) => ({
        ...{ source, rate: '0.861549065219264237098303', reason: null },
        as_of: '2030-01-01T00:00:00.000Z',
      })),
      markup: 36,
      pricing: {
        version: '1',
        lines: [
          expect.objectContaining({ kind: 'conversion', amount: 3619 }),
          expect.objectContaining({ kind: 'markup', rule: 'conversion', amount: 36 }),
        ],
      },
      ...{ payment_intent: null, created_at: '2030-01-01T00:00:00.000Z' },
      expires_at: '2030-01-01T00:05:00.000Z',
    });
  });

  it('is the same bytes again under the same key, though the rate moved or went away', async () => {
    const once = await quotation.quote(asking('k1'));
    first.rates = new Map([['USD', '9']]);
    second.fault = { ok: false, fault: 'unreachable', detail: 'x' };
    const again = await quotation.quote(asking('k1'));
    expect(again.body).toBe(once.body);
    expect(again.headers).toMatchObject({ 'idempotent-replayed': 'true' });
  });

  it('is one, whoever wins, when it is asked for twice at a time', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => quotation.quote(asking('k1'))));
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    const events = await world.store.readStream(
      `quote-${String(parsed(answers[0]!)['id']).slice(3)}`,
      {
        ...{ from: 0, limit: 10 },
      },
    );
    expect(JSON.stringify(events).match(/QuoteIssued/g)).toHaveLength(1);
  });

  it('is refused under the key of another request', async () => {
    await quotation.quote(asking('k1'));
    const other = await quotation.quote(asking('k1', { amount: 4201 }));
    expect(parsed(other)).toMatchObject({
      ...{ status: 422, code: 'idempotency_key_reused' },
      violations: [{ pointer: '/amount' }],
    });
  });

  it('shows how it stands: open, then expired or used', async () => {
    const { id } = parsed(await quotation.quote(asking('k1')));
    expect(await read(id)).toMatchObject({ status: 'open' });
    const name = String(id).slice(3);
    const use = {
      type: 'UseQuote',
      ...{ intent: 'a'.repeat(26), tenant: 'tnt_1', agent: 'agt_1' },
      ...{ payee: { id: 'acme', country: null }, amountMinor: 4200, currency: 'USD' },
      nowMs: world.clock.now(),
    } as const;
    const meta = {
      ...{ commandId: 'u', correlationId: 'u', causationId: 'u' },
      tenant: 'tnt_1',
      actor: 'x',
    };
    await world.timers.advance(299_999);
    expect(await read(id)).toMatchObject({ status: 'open' });
    await world.timers.advance(1);
    expect(await read(id)).toMatchObject({ status: 'expired' });
    await world.module.get(CommandBus).execute(new ToQuote(name, use, meta));
    expect(await read(id)).toMatchObject({
      ...{ status: 'used', payment_intent: `pi_${'a'.repeat(26)}` },
    });
  });

  it('is shown to its agent and the people of its tenant, and to nobody else', async () => {
    const { id } = parsed(await quotation.quote(asking('k1')));
    expect(await read(id, null)).toMatchObject({ id });
    expect(await read(id, 'agt_2')).toBeNull();
    expect(await read(id, null, 'tnt_2')).toBeNull();
    expect(await read('qt_none')).toBeNull();
    expect(await read(`qt_${'a'.repeat(26)}`)).toBeNull();
  });

  it('is none where the amount is worth less than a coin', async () => {
    const answered = await quotation.quote(asking('k1', { amount: 1, currency: 'VND' }));
    expect(parsed(answered)).toMatchObject({
      ...{ status: 400, code: 'validation_failed' },
      violations: [{ pointer: '/amount', rule: 'too_small' }],
    });
  });
});

describe('a quote without a rate', () => {
  const refused = async (change: object = {}) =>
    parsed(await quotation.quote(asking('k1', change)));

  it.each([
    ['stale', () => void (first.asOf = second.asOf = 0)],
    [
      'unreachable',
      () => void (first.fault = second.fault = { ok: false, fault: 'unreachable', detail: 'x' }),
    ],
  ])(
    'is refused when both sources are %s, and made under the same key later',
    async (rule, cause) => {
      cause();
      expect(await refused()).toMatchObject({
        ...{ status: 503, code: 'rate_unavailable', retry: { retryable: true, same_key: true } },
        violations: [
          { rule, source: 'first' },
          { rule, source: 'second' },
        ],
      });
      Object.assign(first, { asOf: null, fault: null });
      expect((await quotation.quote(asking('k1'))).status).toBe(201);
    },
  );

  it('is refused when the sources disagree, and somebody is told', async () => {
    second.rates = new Map([...EURO_RATES, ['USD', '1.2']]);
    expect(await refused()).toMatchObject({ code: 'rate_unavailable', status: 503 });
    expect(reported).toEqual([`sources of rates disagree, trace ${'0'.repeat(32)}`]);
  });

  it('names the currency that can be had when nobody covers the one that is asked for', async () => {
    first.rates = second.rates = new Map([['USD', '1.1']]);
    const problem = await refused({ charge_currency: 'KWD' });
    expect(problem).toMatchObject({
      ...{ code: 'rate_unavailable', retry: { retryable: false } },
      remedies: [{ patch: [{ op: 'replace', path: '/charge_currency', value: 'USD' }] }],
    });
    const patched = await quotation.quote(asking('k2', { charge_currency: 'USD' }));
    expect(parsed(patched)).toMatchObject({ charge_amount: 4200, markup: 0, rate: '1' });
  });
});

it('quotes between every supported currency and the dollar, both ways, are issued and add up', async () => {
  for (const currency of supportedCurrencies())
    for (const pair of [
      { currency, charge_currency: 'USD' },
      { currency: 'USD', charge_currency: currency },
    ]) {
      const key = `${pair.currency} ${pair.charge_currency}`;
      const issued = parsed(await quotation.quote(asking(key, { amount: 123_456_789, ...pair })));
      const { lines } = issued['pricing'] as { lines: { amount: number }[] };
      expect(
        lines.reduce((sum, { amount }) => sum + amount, 0),
        key,
      ).toBe(issued['charge_amount']);
    }
});
