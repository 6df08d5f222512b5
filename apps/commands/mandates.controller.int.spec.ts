import { CommandBus } from '@nestjs/cqrs';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Messages } from '#contracts';
import type { JsonRecord, MandateTerms } from '#domain';
import { StoreUnavailableError } from '#event-store';
import type { MemoryEventStore } from '#event-store/memory';
import type { VirtualClock } from '#platform/memory';
import type { ToMandate } from './actors.js';
import { AgentsController } from './agents.controller.js';
import { commands } from './commands.fixture.js';
import { MandatesController } from './mandates.controller.js';

type Reserve = Messages['commands.mandate.reserve']['request'];
type Terms = Omit<MandateTerms, 'agent'>;

let mandates: MandatesController;
let commandBus: CommandBus;
let store: MemoryEventStore;
let clock: VirtualClock;
let agent: string;

beforeEach(async () => {
  const started = await commands();
  ({ store, clock } = started);
  mandates = started.module.get(MandatesController);
  commandBus = started.module.get(CommandBus);
  const agents = started.module.get(AgentsController);
  const { body } = await agents.register({ ...call('a', '/v1/agents', {}), name: 'one' });
  agent = idIn(body);
});

function call(idempotencyKey: string, path: string, request: JsonRecord, tenant = 'tnt_1') {
  const principal = { tenant, role: 'operator' as const, id: 'op', key: 'op' };
  return { principal, path, idempotencyKey, request, traceId: '0'.repeat(32) };
}

function idIn(body: string): string {
  return (JSON.parse(body) as { id: string }).id;
}

function granted(key: string, more: Terms, tenant?: string) {
  const terms = { agent, ...more };
  const request = terms as unknown as JsonRecord;
  return mandates.grant({ ...call(key, '/v1/mandates', request, tenant), terms });
}

async function mandate(key: string, more: Terms): Promise<string> {
  const answer = await granted(key, more);
  expect(answer.status, answer.body).toBe(201);
  return idIn(answer.body);
}

function revoke(id: string) {
  return mandates.revoke({ ...call(`revoke ${id}`, `/v1/mandates/${id}/revoke`, {}), mandate: id });
}

const day = (amount: number): Terms['limits'] => ({
  windows: [{ name: 'day', calendar: 'day', amount: { USD: amount } }],
});

/** Three mandates, one above the other, the lowest first; each limits another thing, so that none is plainly wider. */
async function chain(...limits: [number, number, number]): Promise<[string, string, string]> {
  const top = await mandate('top', { limits: { lifetime: { USD: limits[2] } } });
  const week = [{ name: 'week', rolling: 'P7D', amount: { USD: limits[1] } }];
  const middle = await mandate('middle', { parent: top, limits: { windows: week } });
  const low = await mandate('low', { parent: middle, limits: day(limits[0]) });
  return [low, middle, top];
}

function asked(of: string, intent: string, amountMinor: number, more: Partial<Reserve> = {}) {
  const cause = { commandId: `${intent}/reserve`, causationId: intent, correlationId: intent };
  const payee = { id: 'acme', mcc: null };
  const payment = { mandate: of, agent, intent, amountMinor, currency: 'USD', payee };
  return { ...cause, tenant: 'tnt_1', traceparent: null, ...payment, ...more };
}

function settle(of: string, intent: string, spentMinor: number) {
  const cause = { commandId: `${intent}/settle`, causationId: intent, correlationId: intent };
  return mandates.settle({
    ...{ ...cause, tenant: 'tnt_1', traceparent: null },
    ...{ mandate: of, intent, spentMinor },
  });
}

/** What each mandate's stream says about money, in order. */
async function told(ids: readonly string[]): Promise<string[][]> {
  const streams = ids.map((id) => store.readStream(`mandate-${id.slice(4)}`));
  return (await Promise.all(streams)).map((events) =>
    events.filter(({ data }) => 'intent' in data).map(({ type }) => type),
  );
}

const problemOf = ({ status, body }: { status: number; body: string }) => {
  const { code, violations } = JSON.parse(body) as { code: string; violations?: unknown };
  return { status, code, violations };
};

describe('granting a mandate under another', () => {
  it('answers with the fields that were asked for, its parent among them', async () => {
    const parent = await mandate('p', { parent: null, limits: day(100) });
    const { status, body } = await granted('c', { parent, limits: day(100) });
    expect(status).toBe(201);
    expect(JSON.parse(body)).toMatchObject({ status: 'active', parent, agent });
  });

  it('is refused where it is wider, at each place, and records nothing', async () => {
    const limits = { per_payment: { USD: 100 }, lifetime: { USD: 1_000 } };
    const parent = await mandate('p', { limits, payees: { allow: ['acme'] } });
    const wide = { per_payment: { USD: 101, EUR: 1 }, lifetime: { USD: 1_000 } };
    const terms = { parent, limits: wide, payees: { allow: ['acme', 'other'] } };
    const written = store.log.events.length;
    expect(problemOf(await granted('c', terms))).toEqual({
      ...{ status: 400, code: 'validation_failed' },
      violations: [
        { pointer: '/limits/per_payment/USD', rule: 'within_parent', limit: 100 },
        { pointer: '/limits/per_payment/EUR', rule: 'currency_of_parent' },
        { pointer: '/payees/allow', rule: 'within_parent' },
      ],
    });
    expect(store.log.events).toHaveLength(written);
  });

  it('is refused where there is none, or it is another tenant’s', async () => {
    const missing = {
      ...{ status: 404, code: 'not_found' },
      violations: [{ pointer: '/parent', rule: 'exists' }],
    };
    expect(problemOf(await granted('c', { parent: 'mnd_a', limits: day(1) }))).toEqual(missing);
    const foreign = await mandates.grant({
      ...call('x', '/v1/mandates', {}, 'tnt_2'),
      terms: { agent, limits: day(1) },
    });
    expect(problemOf(foreign)).toMatchObject({ status: 404, code: 'not_found' });
    const parent = await mandate('p', { limits: day(1) });
    const inspected = await granted('c', { parent, limits: day(1) }, 'tnt_2');
    expect(problemOf(inspected)).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('is refused when one above is revoked; one that was granted before keeps its answer', async () => {
    const [low, middle, top] = await chain(10, 10, 10);
    await revoke(top);
    expect(problemOf(await granted('late', { parent: low, limits: day(1) }))).toMatchObject({
      code: 'mandate_revoked',
      violations: [{ pointer: '/parent' }],
    });
    const again = await granted('low', { parent: middle, limits: day(10) });
    expect([again.status, idIn(again.body)]).toEqual([201, low]);
    expect(again.headers['idempotent-replayed']).toBe('true');
  });

  it('is refused below the fifth', async () => {
    let parent: string | null = null;
    for (let depth = 1; depth <= 5; depth += 1)
      parent = await mandate(`${depth}`, { parent, limits: day(10) });
    expect(problemOf(await granted('6', { parent, limits: day(10) }))).toEqual({
      ...{ status: 400, code: 'validation_failed' },
      violations: [{ pointer: '/parent', rule: 'chain_depth', limit: 5 }],
    });
  });

  it('is answered with the trouble of the store when the one above cannot be read', async () => {
    const parent = await mandate('p', { limits: day(1) });
    store.readStream = () => Promise.reject(new StoreUnavailableError('not_applied', 'away'));
    expect(problemOf(await granted('c', { parent, limits: day(1) }))).toMatchObject({
      status: 503,
      code: 'store_unavailable',
    });
  });
});

describe('a reservation', () => {
  it('is made in the mandate and in all above it, each with its rules', async () => {
    const ids = await chain(100, 200, 300);
    const { decision, code, checks } = await mandates.reserve(asked(ids[0], 'p1', 60));
    expect([decision, code]).toEqual(['reserved', null]);
    expect(checks.filter(({ rule }) => /day|week|lifetime/.test(rule))).toMatchObject([
      { rule: 'window.day', limit: 100, remaining: 100, requested: 60 },
      { rule: 'parent.window.week', limit: 200, remaining: 200 },
      { rule: 'parent.parent.lifetime', limit: 300, remaining: 300 },
    ]);
    expect(await told(ids)).toEqual(ids.map(() => ['BudgetReserved']));
  });

  it('that one above refuses names its rule, and is held nowhere once it is settled', async () => {
    const ids = await chain(100, 100, 50);
    const { decision, code, checks } = await mandates.reserve(asked(ids[0], 'p1', 60));
    expect([decision, code]).toEqual(['refused', 'mandate_limit_exceeded']);
    const inTheWay = checks.filter(({ result }) => result === 'failed').map(({ rule }) => rule);
    expect(inTheWay).toEqual(['parent.parent.lifetime']);
    await settle(ids[0], 'p1', 0);
    const released = ['BudgetReserved', 'BudgetReleased'];
    expect(await told(ids)).toEqual([released, released, ['BudgetReleased']]);
  });

  it('that the lowest refuses tells what those above have room for', async () => {
    const ids = await chain(50, 100, 100);
    await mandates.reserve(asked(ids[1], 'other', 80));
    const { code, checks } = await mandates.reserve(asked(ids[0], 'p1', 60));
    expect(code).toBe('mandate_limit_exceeded');
    const remaining = checks.flatMap((check) => check.remaining ?? []);
    expect(remaining).toEqual([50, 20, 20]);
    expect(await told(ids)).toEqual([[], ['BudgetReserved'], ['BudgetReserved']]);
  });

  it('shares what is above with the other mandates below it', async () => {
    const top = await mandate('top', { limits: day(100) });
    const one = await mandate('one', { parent: top, limits: day(80) });
    const two = await mandate('two', { parent: top, limits: day(80) });
    expect((await mandates.reserve(asked(one, 'p1', 80))).decision).toBe('reserved');
    expect((await mandates.reserve(asked(two, 'p2', 30))).code).toBe('mandate_limit_exceeded');
    expect((await mandates.reserve(asked(two, 'p3', 20))).decision).toBe('reserved');
  });

  it('wants a human when any of them does', async () => {
    const top = await mandate('top', { limits: day(100), approval: { above: { USD: 50 } } });
    const low = await mandate('low', { parent: top, limits: day(100) });
    const { decision, checks } = await mandates.reserve(asked(low, 'p1', 51));
    expect(decision).toBe('reserved');
    expect(checks.filter(({ result }) => result === 'asked')).toMatchObject([
      { rule: 'parent.approval.above', limit: 50, requested: 51 },
    ]);
  });

  it('stops when one above is revoked or has ended', async () => {
    const valid_until = new Date(clock.now() + 1_000).toISOString();
    const top = await mandate('top', { limits: day(100), valid_until });
    const low = await mandate('low', { parent: top, limits: day(100) });
    expect((await mandates.reserve(asked(low, 'p1', 10))).decision).toBe('reserved');
    clock.moveTo(1_000);
    expect((await mandates.reserve(asked(low, 'p2', 10))).code).toBe('mandate_expired');
    await revoke(top);
    expect((await mandates.reserve(asked(low, 'p3', 10))).code).toBe('mandate_revoked');
    expect(await told([top])).toEqual([['BudgetReserved']]);
  });

  it('that comes again and is refused now stays held until the payment is settled: it may be running', async () => {
    const ids = await chain(100, 100, 100);
    expect((await mandates.reserve(asked(ids[0], 'p1', 40))).decision).toBe('reserved');
    await revoke(ids[1]);
    const { decision, code } = await mandates.reserve(asked(ids[0], 'p1', 40));
    expect([decision, code]).toEqual(['refused', 'mandate_revoked']);
    expect(await told(ids)).toEqual(ids.map(() => ['BudgetReserved']));
  });

  it('that comes again is answered alike and made once', async () => {
    const ids = await chain(100, 100, 50);
    for (const [intent, amount] of [
      ['p1', 40],
      ['p2', 60],
    ] as const) {
      const first = await mandates.reserve(asked(ids[0], intent, amount));
      const written = store.log.events.length;
      const again = await mandates.reserve(asked(ids[0], intent, amount));
      expect([again.decision, again.code]).toEqual([first.decision, first.code]);
      expect(store.log.events).toHaveLength(written);
    }
  });

  it('stays whole when another process walks for the same payment and was refused a moment before', async () => {
    const ids = await chain(100, 100, 50);
    await mandates.reserve(asked(ids[2], 'in the way', 20));
    let goOn = () => {};
    const waiting = new Promise<void>((resolve) => (goOn = resolve));
    let askedTop = () => {};
    const refusedAbove = new Promise<void>((resolve) => (askedTop = resolve));
    // Whatever it wants to do after the mandate at the top has answered takes long.
    const execute = async (command: ToMandate) => {
      const told = await commandBus.execute(command);
      if (`mnd_${command.id}` !== ids[2]) return told;
      askedTop();
      await waiting;
      return told;
    };
    const slow = new MandatesController({ execute } as unknown as CommandBus, clock, store);
    const refused = slow.reserve(asked(ids[0], 'p1', 40));
    await refusedAbove;
    await settle(ids[2], 'in the way', 0);
    expect((await mandates.reserve(asked(ids[0], 'p1', 40))).decision).toBe('reserved');
    goOn();
    expect((await refused).decision).toBe('refused');
    expect((await told(ids)).map((types) => types.at(-1))).toEqual(ids.map(() => 'BudgetReserved'));
  });

  it('that was cut short at any append is made whole by its repeat, or is known to be held until it is settled', async () => {
    const ids = await chain(1_000, 1_000, 50);
    let cuts = 0;
    for (const amount of [10, 60])
      for (let survive = 0; survive < 5; survive += 1) {
        const intent = `p${amount}-${survive}`;
        const { append } = store;
        let left = survive;
        store.append = (...written) => {
          if ((left -= 1) < 0)
            return Promise.reject(new StoreUnavailableError('not_applied', 'crashed'));
          return append.apply(store, written);
        };
        const cut = await mandates.reserve(asked(ids[0], intent, amount)).catch(() => null);
        store.append = append;
        if (cut === null) cuts += 1;
        const { decision } = await mandates.reserve(asked(ids[0], intent, amount));
        expect(decision).toBe(amount === 10 ? 'reserved' : 'refused');
        await settle(ids[0], intent, 0);
      }
    expect(cuts).toBe(5);
    for (const id of ids) {
      const events = await store.readStream(`mandate-${id.slice(4)}`);
      const intents = (type: string) =>
        events.filter((event) => event.type === type).map(({ data }) => data['intent']);
      expect(intents('BudgetReleased')).toEqual(expect.arrayContaining(intents('BudgetReserved')));
    }
    expect((await mandates.reserve(asked(ids[0], 'all of it', 50))).decision).toBe('reserved');
  });
});

describe('the end of a payment', () => {
  it.each([
    ['spends', 40, 'SpendCommitted'],
    ['frees', 0, 'BudgetReleased'],
  ])(
    '%s in the mandate and in all above it, once, also after a revocation',
    async (_, spent, type) => {
      const ids = await chain(100, 100, 100);
      await mandates.reserve(asked(ids[0], 'p1', 40));
      for (const id of ids) await revoke(id);
      for (let times = 0; times < 2; times += 1)
        expect(await settle(ids[0], 'p1', spent)).toEqual({ ok: true });
      expect(await told(ids)).toEqual(ids.map(() => ['BudgetReserved', type]));
    },
  );

  it('that overtakes its reservation keeps it from being made anywhere', async () => {
    const ids = await chain(100, 100, 100);
    await settle(ids[0], 'p1', 0);
    expect((await mandates.reserve(asked(ids[0], 'p1', 40))).decision).toBe('refused');
    expect(await told(ids)).toEqual(ids.map(() => ['BudgetReleased']));
  });
});
