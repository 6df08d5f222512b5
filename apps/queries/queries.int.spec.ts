import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type INestMicroservice, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InProcessBus, InProcessTransport } from '#bus/in-process';
import { type Messages, renderPaymentIntent } from '#contracts';
import {
  type MandateTerms,
  type PaymentIntentEvent,
  evolvePaymentIntent,
  INITIAL_PAYMENT_INTENT,
} from '#domain';
import { EventStore, type NewEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { Clock, Timers, Trouble } from '#platform';
import { SystemRandom, SystemTimers } from '#platform/system';
import { ProjectionRuntime } from '#runtime/projection';
import { QueriesModule } from './queries.module.js';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const random = new SystemRandom();
const timers = new SystemTimers();

class SetClock extends Clock {
  nowMs = T0;

  now(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }
}

class CollectedTrouble extends Trouble {
  readonly messages: string[] = [];

  report(message: string): void {
    this.messages.push(message);
  }
}

const TERMS: MandateTerms = {
  agent: 'agt_1',
  limits: { per_payment: { USD: 10_000 }, lifetime: { USD: 100_000 } },
  velocity: { default: true },
};

describe('the queries on the bus', () => {
  let folder: string;
  let clock: SetClock;
  let store: MemoryEventStore;
  let app: INestMicroservice;
  let bus: InProcessBus<Messages>;
  let trouble: CollectedTrouble;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'queries-'));
    clock = new SetClock();
    store = new MemoryEventStore({ clock, timers });
    bus = new InProcessBus<Messages>(timers);
    trouble = new CollectedTrouble();
    const providers = [
      { provide: EventStore, useValue: store },
      { provide: Clock, useValue: clock },
      { provide: Timers, useValue: timers },
      { provide: Trouble, useValue: trouble },
    ];
    @Module({ providers, exports: providers.map(({ provide }) => provide) })
    class Ports {}
    const module = await Test.createTestingModule({
      imports: [QueriesModule.with(Ports, join(folder, 'read-models.db'))],
    }).compile();
    app = module.createNestMicroservice({ strategy: new InProcessTransport(bus as InProcessBus) });
    app.get(ProjectionRuntime).start();
    await app.listen();
  });

  afterEach(async () => {
    expect(trouble.messages).toEqual([]);
    await app.get(ProjectionRuntime).close();
    await app.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  async function append(
    stream: string,
    events: readonly { type: string; data: object }[],
    tenant = 'tnt_1',
  ): Promise<void> {
    const metadata = { $correlationId: 'c', $causationId: 'c', schemaVersion: 1, tenant };
    const recorded = events.map((event) => ({ id: random.uuid(), ...event, metadata }));
    await store.append(stream, 'any', recorded as unknown as NewEvent[]);
  }

  const now = () => new Date(clock.nowMs).toISOString();

  async function agent(id: string, tenant = 'tnt_1'): Promise<void> {
    const at = now();
    await append(
      `agent-${id}`,
      [
        {
          type: 'AgentRegistered',
          data: { id: `agt_${id}`, tenant, name: `n${id}`, by: 'op', at },
        },
        { type: 'KeyIssued', data: { key: `key${id}`, role: 'agent', hash: `h${id}`, at } },
      ],
      tenant,
    );
  }

  async function mandate(id: string, terms: MandateTerms = TERMS): Promise<void> {
    const data = { id: `mnd_${id}`, tenant: 'tnt_1', terms, by: 'op', at: now() };
    await append(`mandate-${id}`, [{ type: 'MandateGranted', data }]);
  }

  function requested(
    id: string,
    whose: { tenant?: string; agent?: string } = {},
  ): PaymentIntentEvent {
    const request = {
      ...{ amount: 4200, currency: 'USD', payee: { id: 'acme' }, order_reference: 'PO-1' },
      payment_method: 'pm_1',
    };
    const data = { id, tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1', request, at: now() };
    return { type: 'PaymentIntentRequested', data: { ...data, ...whose } };
  }

  function succeeded(): PaymentIntentEvent {
    return {
      type: 'PaymentSucceeded',
      data: { mandate: 'mnd_1', spentMinor: 4200, at: now() },
    };
  }

  const MONEY = { amountMinor: 4200, currency: 'USD' };
  const CALL = {
    ...{ ...MONEY, processor: 'one', key: 'p1-1', paymentMethod: 'pm_1', reference: 'ch_1' },
    keySafeUntil: '2026-01-02T00:00:00.000Z',
  };
  const DUE_AT = '2026-01-03T00:00:00.000Z';
  const screening = {
    ...{ tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1', payee: { id: 'acme' } },
    ...{ ...MONEY, paymentMethod: 'pm_1' },
  };

  /** One event of each type that these tests tell of. */
  const happened = (): Record<string, PaymentIntentEvent> => {
    const at = now();
    const acting = { number: 1, call: CALL, sender: 's', at };
    const attempt = {
      ...{ ...CALL, number: 1, agent: 'agt_1', fence: false, lookUp: true, sender: 's', at },
      authorization: 'one_step' as const,
    };
    const approval = { stage: 'authorization', fingerprint: 'f1' } as const;
    const payment = { id: 'p1', tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1', request: {} };
    const failure = { code: 'policy_denied', detail: '', violations: [], decline: null };
    const over = { mandate: 'mnd_1', spentMinor: 0, purchase: null, at };
    const events: PaymentIntentEvent[] = [
      { type: 'ApprovalRequested', data: { ...approval, reasons: [], dueAt: DUE_AT, at } },
      { type: 'ApprovalGranted', data: { ...approval, by: 'k9', payment, held: null, at } },
      { type: 'ApprovalDenied', data: { by: 'k9', at } },
      { type: 'AttemptStarted', data: attempt },
      {
        type: 'PaymentAuthorized',
        data: { ...attempt, reference: 'ch_1', durationMs: 1, screening: null },
      },
      { type: 'CaptureAwaited', data: { number: 1, dueAt: DUE_AT, at } },
      { type: 'CaptureRequested', data: { number: 1, amountMinor: 4200, screening, at } },
      { type: 'AuthorizationExpired', data: { number: 1, at } },
      { type: 'VoidStarted', data: { ...acting, failure: null } },
      { type: 'AuthorizationVoided', data: { number: 1, amountMinor: 4200, at } },
      { type: 'PaymentCaptured', data: { ...attempt, reference: 'ch_1' } },
      { type: 'PaymentFailed', data: { ...over, failure } },
      { type: 'PaymentCanceled', data: { ...over, reason: 'requested' } },
      {
        type: 'RefundStarted',
        data: {
          ...{ ...acting, ...MONEY, refund: 'op-1', sequence: 1, reason: 'returned' },
          call: { ...CALL, refund: { key: 'p1-1-r1', reference: null } },
        },
      },
      { type: 'RefundAccepted', data: { refund: 'op-1', reference: 're_1', at } },
      {
        type: 'RefundSucceeded',
        data: { ...MONEY, refund: 'op-1', number: 1, processor: 'one', reference: 're_1', at },
      },
      succeeded(),
    ];
    return Object.fromEntries(events.map((event) => [event.type, event]));
  };

  async function payment(id: string, types: readonly PaymentIntentEvent['type'][]): Promise<void> {
    const events = happened();
    const history = types.map((type) => events[type]).filter((event) => event !== undefined);
    await append(`payment_intent-${id}`, [requested(id), ...history]);
  }

  const list = (more: Partial<Messages['queries.payment_intent.list']['request']> = {}) =>
    bus.request('queries.payment_intent.list', {
      ...{ tenant: 'tnt_1', agent: null, status: null, payee: null, limit: 20, cursor: null },
      ...{ createdAfter: null, createdBefore: null, ...more },
    });

  it('knows a key the moment it was issued, and its agent’s mandate the moment it was granted', async () => {
    const authenticate = (hash = 'h1') =>
      bus.request('queries.access.authenticate', { key: 'key1', hash });
    expect(await authenticate()).toBeNull();
    await agent('1');
    const principal = { tenant: 'tnt_1', role: 'agent', id: 'agt_1', key: 'key1' };
    expect(await authenticate()).toEqual({ principal, agent: { status: 'active', mandates: [] } });
    await mandate('1');
    expect((await authenticate())?.agent).toEqual({ status: 'active', mandates: ['mnd_1'] });
    expect(await authenticate('h2')).toBeNull();

    await append('agent-1', [{ type: 'AgentSuspended', data: { by: 'op', at: now() } }]);
    await list();
    expect((await authenticate())?.agent?.status).toBe('suspended');
    await append('agent-1', [{ type: 'AgentResumed', data: { by: 'op', at: now() } }]);
    expect((await authenticate())?.agent?.status).toBe('active');

    await append('mandate-1', [{ type: 'MandateRevoked', data: { by: 'op', at: now() } }]);
    await append('agent-1', [{ type: 'KeyRevoked', data: { key: 'key1', by: 'op', at: now() } }]);
    await list();
    expect(await authenticate()).toBeNull();
  });

  it('knows an agent without a key to the tenant that has it, and to no other', async () => {
    const identify = (tenant = 'tnt_1') =>
      bus.request('queries.access.identify', { tenant, agent: 'agt_1' });
    expect(await identify()).toBeNull();
    await agent('1');
    await mandate('1');
    expect(await identify()).toEqual({
      principal: { tenant: 'tnt_1', role: 'agent', id: 'agt_1', key: '' },
      agent: { status: 'active', mandates: ['mnd_1'] },
    });
    expect(await identify('tnt_2')).toBeNull();

    await append('agent-1', [{ type: 'AgentSuspended', data: { by: 'op', at: now() } }]);
    await list();
    expect((await identify())?.agent?.status).toBe('suspended');
    await append('agent-1', [{ type: 'AgentResumed', data: { by: 'op', at: now() } }]);
    expect((await identify())?.agent?.status).toBe('active');
  });

  it('knows the people of a tenant by the key itself', async () => {
    const key = { key: 'op1', role: 'operator', hash: 'h', at: now() };
    await append('tenant-1', [
      { type: 'TenantCreated', data: { id: 'tnt_1', name: 'one', at: now() } },
      { type: 'KeyIssued', data: key },
    ]);
    expect(await bus.request('queries.access.authenticate', { key: 'op1', hash: 'h' })).toEqual({
      principal: { tenant: 'tnt_1', role: 'operator', id: 'op1', key: 'op1' },
      agent: null,
    });
  });

  it('tells an agent’s standing with its activity and whether the mandate asks for velocity rules', async () => {
    const standing = (tenant: string, of: string | null = 'mnd_1') =>
      bus.request('queries.agent.standing', {
        tenant,
        agent: 'agt_1',
        mandate: of,
        currency: 'USD',
      });
    expect(await standing('tnt_1')).toBeNull();
    await agent('1');
    await mandate('1');
    await mandate('2', { ...TERMS, velocity: { default: false } });
    expect(await standing('tnt_1')).toMatchObject({
      name: 'n1',
      status: 'active',
      velocityRules: true,
    });
    expect(await standing('tnt_1', 'mnd_2')).toMatchObject({
      velocityRules: false,
      mandate: 'active',
    });
    expect((await standing('tnt_1', 'mnd_9'))?.mandate).toBeNull();
    expect((await standing('tnt_1', null))?.mandate).toBeNull();
    expect(await standing('tnt_2')).toBeNull();

    const money = { currency: 'USD', amountMinor: 4200 };
    const own = { number: 1, agent: 'agt_1', processor: 'one', key: 'p1-1' };
    const attempt = { ...own, ...money, at: now() };
    await append('payment_intent-p1', [{ type: 'AttemptStarted', data: attempt }]);
    await list();
    const activity = {
      countLastMinute: 1,
      countLastHour: 1,
      countLastDay: 1,
      amountLastDayMinor: 4200,
    };
    expect((await standing('tnt_1'))?.activity).toEqual(activity);
  });

  it('takes a mandate for revoked when one above it is, however far, and also when it comes later', async () => {
    await agent('1');
    await mandate('1');
    for (const [id, parent] of [
      ['2', 'mnd_1'],
      ['3', 'mnd_2'],
      ['4', null],
    ] as const)
      await mandate(id, { ...TERMS, parent });
    const statuses = async () => {
      await list();
      const ids = ['1', '2', '3', '4', '5'].map((id) => `mnd_${id}`);
      const asked = { tenant: 'tnt_1', agent: 'agt_1', currency: 'USD' };
      const told = ids.map((of) =>
        bus.request('queries.agent.standing', { ...asked, mandate: of }),
      );
      return (await Promise.all(told)).map((standing) => standing?.mandate);
    };
    expect(await statuses()).toEqual(['active', 'active', 'active', 'active', null]);
    await append('mandate-1', [{ type: 'MandateRevoked', data: { by: 'op', at: now() } }]);
    await mandate('5', { ...TERMS, parent: 'mnd_3' });
    expect(await statuses()).toEqual(['revoked', 'revoked', 'revoked', 'active', 'revoked']);
    const access = await bus.request('queries.access.authenticate', { key: 'key1', hash: 'h1' });
    expect(access?.agent?.mandates).toEqual(['mnd_4']);
  });

  it('shows a payment at once to those who may see it, and to others as if there were none', async () => {
    const history = [requested('p1')];
    await append('payment_intent-p1', history);
    const resource = renderPaymentIntent(
      history.reduce(evolvePaymentIntent, INITIAL_PAYMENT_INTENT),
    );
    const get = (tenant: string, who: string | null, id = 'pi_p1') =>
      bus.request('queries.payment_intent.get', { tenant, agent: who, id });
    expect(await get('tnt_1', 'agt_1')).toEqual(resource);
    expect(await get('tnt_1', null)).toEqual(resource);
    expect(await get('tnt_1', 'agt_2')).toBeNull();
    expect(await get('tnt_2', null)).toBeNull();
    expect(await get('tnt_1', null, 'pi_p2')).toBeNull();
    expect(await get('tnt_1', null, 'pi_../x')).toBeNull();

    const explain = (tenant: string, who: string | null) =>
      bus.request('queries.payment_intent.explanation', { tenant, agent: who, id: 'pi_p1' });
    expect(await explain('tnt_1', 'agt_1')).toMatchObject({ object: 'explanation' });
    expect(await explain('tnt_1', 'agt_2')).toBeNull();
    expect(
      await bus.request('queries.payment_intent.pending', { id: 'p1', refund: null }),
    ).toBeNull();
  });

  it('lists whole resources, the last append included, and each tenant its own', async () => {
    await append('payment_intent-p1', [requested('p1')]);
    clock.nowMs += 1_000;
    await append('payment_intent-p2', [requested('p2', { agent: 'agt_2' }), succeeded()]);
    await append('payment_intent-p3', [requested('p3', { tenant: 'tnt_2' })], 'tnt_2');
    const ids = async (more: Parameters<typeof list>[0]) =>
      (await list(more)).data.map(({ id }) => id);
    expect(await ids({})).toEqual(['pi_p2', 'pi_p1']);
    expect(await ids({ agent: 'agt_1' })).toEqual(['pi_p1']);
    expect(await ids({ status: 'succeeded' })).toEqual(['pi_p2']);
    expect(await ids({ tenant: 'tnt_2' })).toEqual(['pi_p3']);

    const first = await list({ limit: 1 });
    expect(first.data[0]).toMatchObject({
      object: 'payment_intent',
      status: 'succeeded',
      attempts: [],
    });
    const second = await list({ limit: 1, cursor: first.next_cursor });
    expect([second.data[0]?.['id'], second.next_cursor]).toEqual(['pi_p1', null]);
    await expect(list({ cursor: 'bm9uc2Vuc2U' })).rejects.toMatchObject({
      errorName: 'InvalidCursorError',
    });
  });

  it('lists under each status the payments that a look at each of them shows in it', async () => {
    const held = ['AttemptStarted', 'PaymentAuthorized', 'CaptureAwaited'] as const;
    const histories: PaymentIntentEvent['type'][][] = [
      [],
      ['ApprovalRequested'],
      ['ApprovalRequested', 'ApprovalGranted'],
      ['ApprovalRequested', 'ApprovalDenied', 'PaymentFailed'],
      [...held],
      [...held, 'CaptureRequested'],
      [...held, 'AuthorizationExpired', 'VoidStarted'],
      [...held, 'VoidStarted', 'AuthorizationVoided', 'PaymentCanceled'],
      [...held, 'CaptureRequested', 'PaymentCaptured', 'PaymentSucceeded'],
      ['PaymentCanceled'],
    ];
    const ids = histories.map((_, index) => `p${index}`);
    for (const [index, history] of histories.entries()) await payment(`p${index}`, history);
    const shown = await Promise.all(
      ids.map((id) =>
        bus.request('queries.payment_intent.get', { tenant: 'tnt_1', agent: null, id: `pi_${id}` }),
      ),
    );
    const statuses = new Set(shown.map((each) => String(each?.['status'])));
    expect([...statuses].sort()).toEqual([
      'canceled',
      'failed',
      'processing',
      'requires_approval',
      'requires_capture',
      'succeeded',
    ]);
    for (const status of statuses) {
      const { data } = await list({ status });
      const byId = (left: object, right: object) =>
        (left as { id: string }).id < (right as { id: string }).id ? -1 : 1;
      const expected = shown.filter((each) => each?.['status'] === status);
      expect(data.toSorted(byId)).toEqual(expected);
    }
    expect((await list({ status: 'requires_action' })).data).toEqual([]);
  });

  it('tells what is open of a refund, until it is known what became of it', async () => {
    const pending = (refund: string | null) =>
      bus.request('queries.payment_intent.pending', { id: 'p1', refund });
    const paid = ['AttemptStarted', 'PaymentAuthorized', 'PaymentCaptured'] as const;
    await payment('p1', [...paid, 'PaymentSucceeded', 'RefundStarted']);
    const refund = { key: 'p1-1-r1', reference: null };
    const open = {
      ...{ operation: 'refund', number: 1, prepared: true, authorization: 'one_step' },
      call: { ...CALL, refund },
    };
    expect(await pending('op-1')).toEqual(open);
    expect(await pending('op-2')).toBeNull();
    expect(await pending(null)).toBeNull();
    const { RefundAccepted, RefundSucceeded } = happened();
    await append('payment_intent-p1', [RefundAccepted!]);
    const known = { ...open, call: { ...CALL, refund: { ...refund, reference: 're_1' } } };
    expect(await pending('op-1')).toEqual(known);
    await append('payment_intent-p1', [RefundSucceeded!]);
    expect(await pending('op-1')).toBeNull();
  });

  it.each<[string, PaymentIntentEvent['type'][], boolean]>([
    ['runs', ['AttemptStarted'], false],
    ['waits for a human', ['ApprovalRequested'], false],
    ['failed', ['PaymentFailed'], true],
    ['was canceled', ['PaymentCanceled'], true],
    ['was let go', ['AttemptStarted', 'PaymentAuthorized', 'VoidStarted', 'PaymentCanceled'], true],
    ['succeeded', ['AttemptStarted', 'PaymentCaptured', 'PaymentSucceeded'], false],
    [
      'was canceled after its money had moved and came back',
      ['AttemptStarted', 'PaymentCaptured', 'RefundStarted', 'RefundSucceeded', 'PaymentCanceled'],
      false,
    ],
  ])('of a payment that %s says whether it ended without money', async (_, history, expected) => {
    await payment('p1', history);
    const ended = (id: string) => bus.request('queries.payment_intent.ended_without_money', { id });
    expect([await ended('p1'), await ended('p2')]).toEqual([expected, false]);
  });

  it('shows a payment’s events page by page, and the resource as it was at a given time', async () => {
    await append('payment_intent-p1', [requested('p1')]);
    const before = now();
    clock.nowMs += 1_000;
    await append('payment_intent-p1', [succeeded()]);
    const events = (more: Partial<Messages['queries.payment_intent.events']['request']>) =>
      bus.request('queries.payment_intent.events', {
        ...{ tenant: 'tnt_1', id: 'pi_p1', fromRevision: 0, asOf: null, limit: 10, ...more },
      });
    const seen = (answer: Awaited<ReturnType<typeof events>>) => ({
      revisions: (answer?.['data'] as { revision: number }[]).map(({ revision }) => revision),
      next: answer?.['next_cursor'],
      status: (answer?.['state'] as { status: string } | null)?.status,
    });
    expect(seen(await events({}))).toEqual({ revisions: [0, 1], next: null });
    expect(seen(await events({ limit: 1 }))).toEqual({
      revisions: [0],
      next: '1',
    });
    expect(seen(await events({ fromRevision: 1 }))).toMatchObject({ revisions: [1], next: null });
    expect(seen(await events({ asOf: before }))).toEqual({
      revisions: [0],
      next: null,
      status: 'processing',
    });
    expect(seen(await events({ asOf: '2025-12-31T23:59:59Z' }))).toEqual({
      revisions: [],
      next: null,
    });
    expect(await events({ tenant: 'tnt_2' })).toBeNull();
  });

  it('gives an agent the figures of its own mandates as they are now', async () => {
    await agent('1');
    await mandate('1');
    await mandate('2', { ...TERMS, agent: 'agt_2' });
    const reserved = { intent: 'p1', amountMinor: 4200, currency: 'USD', at: now() };
    await append('mandate-1', [{ type: 'BudgetReserved', data: reserved }]);
    const authority = await bus.request('queries.authority', { tenant: 'tnt_1', agent: 'agt_1' });
    expect(authority.map(({ mandate: id, status }) => [id, status])).toEqual([['mnd_1', 'active']]);
    expect(authority[0]?.limits.at(-1)).toEqual({
      ...{ rule: 'lifetime', currency: 'USD', limit: 100_000, used: 0, held: 4200 },
      ...{ remaining: 95_800, resetsAt: null },
    });
    expect(await bus.request('queries.authority', { tenant: 'tnt_2', agent: 'agt_1' })).toEqual([]);
  });

  it('answers ledger, operations and parked lists for one tenant only', async () => {
    const postings = [
      { account: 'processor:sandbox_a:held', amountMinor: 4200, currency: 'USD' },
      { account: 'agent:agt_1:held', amountMinor: -4200, currency: 'USD' },
    ];
    const at = now();
    await append('payment_intent-p1', [
      requested('p1'),
      { type: 'LedgerPosted', data: { cause: 'PaymentAuthorized', postings, at } },
      { type: 'PaymentParked', data: { number: 1, reason: 'unknown', at } },
    ]);
    const page = { limit: 10, cursor: null };
    for (const [tenant, found] of [
      ['tnt_1', { entries: 2, accounts: 2, parked: 1 }],
      ['tnt_2', { entries: 0, accounts: 0, parked: 0 }],
    ] as const) {
      const entries = await bus.request('queries.ledger.entries', {
        ...{ tenant, ...page, paymentIntent: 'pi_p1', account: null },
      });
      const accounts = await bus.request('queries.ledger.accounts', { tenant, ...page });
      const parked = await bus.request('queries.parked', { tenant, ...page });
      expect({
        entries: entries.data.length,
        accounts: accounts.data.length,
        parked: parked.data.length,
      }).toEqual(found);
      const operations = await bus.request('queries.operations', { tenant, keyHash: 'none' });
      expect(operations).toEqual({ data: [], next_cursor: null });
    }
  });

  it('tells what happened to payments in order, the last append included, to whom it may concern', async () => {
    await append('payment_intent-p1', [requested('p1')]);
    await append('payment_intent-p2', [requested('p2', { agent: 'agt_2' }), succeeded()]);
    await append('payment_intent-p3', [requested('p3', { tenant: 'tnt_2' })], 'tnt_2');
    const events = (more: Partial<Messages['queries.events']['request']> = {}) =>
      bus.request('queries.events', {
        ...{ tenant: 'tnt_1', agent: null, after: null, limit: 10, ...more },
      });
    const seen = async (more: Parameters<typeof events>[0]) =>
      (await events(more)).data.map(({ subject, sequence }) => `${subject}/${sequence}`);
    expect(await seen({})).toEqual(['pi_p1/1', 'pi_p2/1', 'pi_p2/2']);
    expect(await seen({ agent: 'agt_1' })).toEqual(['pi_p1/1']);
    expect(await seen({ tenant: 'tnt_2' })).toEqual(['pi_p3/1']);
    const { next_cursor: after } = await events({ limit: 2 });
    expect(await seen({ after })).toEqual(['pi_p2/2']);
    await append('payment_intent-p1', [succeeded()]);
    expect(await seen({ after })).toEqual(['pi_p2/2', 'pi_p1/2']);
    await expect(events({ after, tenant: 'tnt_2' })).rejects.toMatchObject({
      errorName: 'InvalidCursorError',
    });
  });

  it('says that it is behind rather than leave out what the caller wrote', async () => {
    await append('payment_intent-p1', [requested('p1')]);
    await list();
    await app.get(ProjectionRuntime).close();
    await append('payment_intent-p2', [requested('p2')]);
    await expect(list()).rejects.toMatchObject({ errorName: 'ReadModelsBehindError' });
  });
});
