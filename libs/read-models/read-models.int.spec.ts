import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type JsonRecord,
  type Outcome,
  type PaymentIntentCommand,
  type PaymentIntentState,
  type PrepareOutcome,
  type ProcessorFacts,
  type RefundOutcome,
  type ReservationOperation,
  type ReservationOutcome,
  failure,
  isRefundOpen,
  paymentIntentDecider,
  refundedMinor,
} from '#domain';
import type { NewEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { ProjectionRuntime } from '#runtime/projection';
import {
  PROJECTIONS,
  type PaymentStatusRow,
  ledgerAccounts,
  ledgerEntries,
  listPayments,
  operationsUnder,
  parkedItems,
} from './index.js';
import { openWatched } from './watched-database.fixture.js';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const random = new SystemRandom();
const timers = new SystemTimers();
const decider = paymentIntentDecider({
  request: ({ status }) => ({ status: 201, body: status }),
  operation: ({ status }) => ({ status: 200, body: status }),
});

const PROCESSORS: ProcessorFacts[] = [
  { name: 'sandbox_a', authorization: 'two_step', fence: true, keySafeForMs: 6_000 },
  { name: 'sandbox_b', authorization: 'one_step', fence: false, keySafeForMs: 3_000 },
].map(
  (facts) =>
    ({
      ...{ ...facts, breaker: 'closed', lookUp: true, currencies: 'all' },
      authorizationValidForMs: 86_400_000,
    }) as ProcessorFacts,
);
const APPROVAL_DUE_AT = '2026-01-02T00:00:00.000Z';

/** Nothing a processor can say is left out; a yes comes often enough for payments to get somewhere. */
const outcome = fc.constantFrom(
  ...['succeeded', 'succeeded', 'succeeded', 'unknown', 'unknown', 'unknown'],
  ...['soft', 'hard', 'not_executed', 'fenced'],
);

type Step = (state: PaymentIntentState, nowMs: number) => PaymentIntentCommand;

function outcomeOf(kind: string, state: PaymentIntentState): Outcome {
  const evidence = 'timeout';
  const { currency, pending, captureMinor } = state;
  const amountMinor =
    pending?.operation === 'capture' ? (captureMinor ?? state.amountMinor) : state.amountMinor;
  switch (kind) {
    case 'succeeded':
      return { kind, reference: 'ch_1', amountMinor, currency };
    case 'soft':
    case 'hard':
      return { kind: 'declined', category: kind, code: 'insufficient_funds' };
    case 'not_executed':
      return { kind, evidence };
    case 'fenced':
      return { kind, evidence };
    default:
      return { kind: 'unknown', evidence };
  }
}

function refundOutcomeOf(kind: string, amountMinor: number): RefundOutcome {
  const reference = 're_1';
  switch (kind) {
    case 'succeeded':
      return { kind, reference, amountMinor, currency: 'USD' };
    case 'soft':
    case 'hard':
      return { kind: 'declined', category: 'hard', code: 'no' };
    case 'fenced':
      return { kind: 'accepted', reference };
    default:
      return { kind: 'unknown', evidence: 'timeout' };
  }
}

function merchantOutcomeOf(kind: string): ReservationOutcome {
  if (kind === 'hard') return { kind: 'refused', code: 'sold_out' };
  return kind === 'unknown' ? { kind, evidence: 'timeout' } : { kind: 'done', reference: 'r-1' };
}

const KINDS = [
  ...(['judge', 'route', 'prepare', 'authorize', 'decide', 'capture', 'void'] as const),
  ...(['refund', 'merchant', 'unpark', 'expire_hold'] as const),
  ...(['ask_capture', 'ask_cancel', 'ask_refund', 'approve', 'deny'] as const),
];

type Kind = (typeof KINDS)[number];

/** What the payment waits for. */
function fitting(state: PaymentIntentState): Kind {
  const { status, judging, routing, pending, attempts, refunds, reservation } = state;
  if (status === 'requires_approval') return 'approve';
  if (judging) return 'judge';
  if (routing) return 'route';
  if (reservation && reservation.status in STEP_AT_MERCHANT) return 'merchant';
  if (status === 'requires_capture') return 'ask_capture';
  if (status === 'succeeded') return refunds.some(isRefundOpen) ? 'refund' : 'ask_refund';
  if (!pending) return refunds.some(isRefundOpen) ? 'refund' : 'decide';
  if (pending.operation !== 'authorize')
    return pending.operation === 'capture' ? 'capture' : 'void';
  const attempt = attempts.at(-1);
  const unprepared = attempt?.authorization === 'two_step' && attempt.outcome === 'started';
  return unprepared ? 'prepare' : 'authorize';
}

const STEP_AT_MERCHANT: Readonly<Record<string, ReservationOperation>> = {
  requested: 'reserve',
  confirming: 'confirm',
  releasing: 'release',
};

interface Drawn {
  /** Null: what fits. */
  kind: Kind | null;
  outcome: string;
  /** 1: about the attempt before the one at hand. */
  earlier: number;
  firstSend: boolean;
  refuse: boolean;
  review: boolean;
}

function stepOf(drawn: Drawn): Step {
  return (state, nowMs) => {
    const acting = { nowMs, sender: 'spec' };
    const routing = { ...acting, processors: PROCESSORS, authority: 'active' as const };
    const { firstSend } = drawn;
    // Mostly about the attempt at hand, sometimes late about the one before.
    const number = state.attempts.length - drawn.earlier;
    const result = outcomeOf(drawn.outcome, state);
    // The answer to the probe that was scheduled last, if one was.
    const probe = state.pending?.probes;
    const asked = {
      ...acting,
      operation: `op-${nowMs}`,
      tenant: 'tnt_1',
      agent: null,
      by: 'people',
      request: {},
    };
    switch (drawn.kind ?? fitting(state)) {
      case 'judge':
        return {
          ...{ type: 'JudgePayment', ...routing, policy: null, fraud: null },
          mandate: { mandate: 'mnd_1', decision: 'reserved', code: null, rules: [] },
          refusal: drawn.refuse ? failure('policy_denied', 'no') : null,
          reasons: drawn.review ? [{ source: 'policy', rule: 'odd', detail: '' }] : [],
          approvalDueAt: APPROVAL_DUE_AT,
        };
      case 'route':
        return {
          ...{ type: 'RouteAttempt', ...routing },
          authority: drawn.refuse ? 'agent_suspended' : 'active',
        };
      case 'merchant':
        return {
          ...{ type: 'RecordReservation', ...acting },
          operation: STEP_AT_MERCHANT[state.reservation?.status ?? ''] ?? 'reserve',
          try: state.reservation?.tries ?? 0,
          outcome: merchantOutcomeOf(drawn.outcome),
        };
      case 'prepare': {
        const prepared: PrepareOutcome =
          result.kind === 'declined' || result.kind === 'not_executed'
            ? result
            : { kind: 'prepared', reference: 'in_1' };
        return { type: 'RecordPreparation', ...acting, number, outcome: prepared, durationMs: 1 };
      }
      case 'decide':
        return {
          ...{ type: 'DecideCapture', ...acting, number, authority: 'active' },
          fraud: {
            ...{ stage: 'capture', verdict: drawn.review ? 'review' : 'allow', reason: 'fraud' },
            ...{ score: 1, provider: 'spec', rules: [], failMode: null, error: null },
          },
          approvalDueAt: APPROVAL_DUE_AT,
        };
      case 'capture':
        return { type: 'RecordCapture', ...acting, number, probe, outcome: result };
      case 'void':
        return { type: 'RecordVoid', ...acting, number, probe, outcome: result };
      case 'refund': {
        const open = state.refunds.find(isRefundOpen);
        return {
          ...{ type: 'RecordRefund', ...acting, refund: open?.refund ?? '', probe: open?.probes },
          outcome: refundOutcomeOf(drawn.outcome, open?.amountMinor ?? 0),
        };
      }
      case 'ask_capture':
        return { type: 'CapturePayment', ...asked, amountMinor: 4_000, activeMandates: ['mnd_1'] };
      case 'ask_cancel':
        return { type: 'CancelPayment', ...asked };
      case 'ask_refund':
        return { type: 'RefundPayment', ...asked, amountMinor: 1_500, reason: 'returned' };
      case 'approve':
        return { type: 'ApprovePayment', ...asked, fingerprint: null };
      case 'deny':
        return { type: 'DenyPayment', ...asked };
      case 'expire_hold':
        return { type: 'ExpireAuthorization', ...acting };
      case 'unpark':
        return {
          type: 'UnparkPayment',
          operation: String(nowMs),
          nowMs,
          tenant: 'tnt_1',
          by: 'op',
        };
      case 'authorize':
        return {
          ...{ type: 'RecordAuthorization', ...acting, number, probe, outcome: result },
          ...{ durationMs: 1, firstSend },
        };
    }
  };
}

const rarely = fc.integer({ min: 0, max: 7 }).map((dice) => dice === 7);

/** Mostly what fits, otherwise any command in any state. */
const step: fc.Arbitrary<Step> = fc
  .record({
    kind: fc.oneof(
      { weight: 3, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom(...KINDS) },
    ),
    outcome,
    earlier: rarely.map(Number),
    firstSend: fc.boolean(),
    refuse: rarely,
    review: rarely,
  })
  .map(stepOf);

const FITTING: Drawn = {
  ...{ kind: null, outcome: 'succeeded', earlier: 0 },
  ...{ firstSend: false, refuse: false, review: false },
};

function straight(...outcomes: string[]): Step[] {
  return outcomes.map((said) => stepOf({ ...FITTING, outcome: said }));
}

const RESERVING: JsonRecord = {
  reservation: { participant: 'warehouse', items: [{ sku: 'B-1', quantity: 1 }] },
};
const SMOOTH = straight(...Array<string>(6).fill('succeeded'));
/** Nobody learns what became of it. */
const STUCK = straight('succeeded', 'succeeded', ...Array<string>(10).fill('unknown'));

describe('the read models', () => {
  let folder: string;
  let store: MemoryEventStore;
  let runtime: ProjectionRuntime;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'read-models-'));
    store = new MemoryEventStore({ clock: new SystemClock(), timers });
    const databasePath = join(folder, 'read-models.db');
    runtime = new ProjectionRuntime({
      store,
      databasePath,
      projections: PROJECTIONS,
      timers,
      open: openWatched,
    });
    runtime.start();
  });

  afterEach(async () => {
    await runtime.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  async function append(
    stream: string,
    events: readonly { type: string; data: object }[],
    metadata: Record<string, string> = {},
  ): Promise<void> {
    const $correlationId = stream;
    const common = { $correlationId, $causationId: stream, schemaVersion: 1, tenant: 'tnt_1' };
    const recorded = events.map(({ type, data }) => {
      const event = { id: random.uuid(), type, data, metadata: { ...common, ...metadata } };
      return event as unknown as NewEvent;
    });
    await store.append(stream, 'any', recorded);
  }

  async function caughtUp(): Promise<void> {
    expect(await runtime.caughtUpTo(await store.headPosition(), 5_000)).toBe(true);
    expect(runtime.failures()).toEqual([]);
  }

  /** One payment, driven through its decider. */
  async function live(id: string, steps: readonly Step[], gapMs: number, wish: JsonRecord) {
    const request = {
      ...{ amount: 4200, currency: 'USD', payment_method: 'pm_1', payee: { id: 'acme' } },
      ...wish,
    };
    const whose = {
      ...{ id, tenant: 'tnt_1', agent: `agt_${gapMs % 2}`, mandate: 'mnd_1' },
      ...{ purchase: 'purchase-1', fingerprint: 'f1' },
    };
    let state = decider.initial();
    const tell = async (command: PaymentIntentCommand) => {
      const decision = decider.decide(command, state);
      if (!decision.ok || decision.events.length === 0) return;
      await append(`payment_intent-${id}`, decision.events);
      state = decision.events.reduce(decider.evolve, state);
    };
    await tell({ type: 'RequestPayment', ...whose, request, nowMs: T0 });
    for (const [index, next] of steps.entries()) await tell(next(state, T0 + (index + 1) * gapMs));
    return state;
  }

  const filters = {
    ...{ agent: null, status: null, payee: null, createdAfter: null, createdBefore: null },
    ...{ tenant: 'tnt_1', cursor: null, limit: 100 },
  };

  it('show every payment as its folded stream does, whatever its history, and the same after a rebuild', async () => {
    const parkedAfter: boolean[] = [];
    const statuses = new Set<string>();
    let next = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30, size: 'max' }),
        fc.constantFrom(100, 1_001, 2_000, 4_001),
        fc.constantFrom<JsonRecord[]>({}, {}, { capture_method: 'manual' }, RESERVING),
        async (steps, gapMs, wish) => {
          const id = `p${String((next += 1)).padStart(5, '0')}`;
          const state = await live(id, steps, gapMs, wish);
          await caughtUp();
          const row = runtime.reader.get<PaymentStatusRow>(
            'SELECT * FROM payment_status WHERE id = ?',
            `pi_${id}`,
          );
          expect(row).toEqual({
            ...{ id: `pi_${id}`, tenant: 'tnt_1', agent: state.agent, payee: 'acme' },
            ...{ status: state.status, created_at: state.createdAt },
          });
          const parked = parkedItems(runtime.reader, { tenant: 'tnt_1', limit: 100, cursor: null });
          const mine = parked.data.filter(
            (item) => item['id'] === `pi_${id}` && item['reason'] !== 'outcome_contradicted',
          );
          const { pending, reservation, refunds } = state;
          const reasons = [pending, reservation, ...refunds].map((each) => each?.parked ?? null);
          expect(mine.map(({ reason }) => reason).sort()).toEqual(
            reasons.filter((reason) => reason !== null).sort(),
          );
          parkedAfter.push(state.parked !== null);
          statuses.add(state.status);

          const entries = ledgerEntries(runtime.reader, {
            ...{ tenant: 'tnt_1', paymentIntent: `pi_${id}`, account: null },
            ...{ limit: 100, cursor: null },
          }).data;
          const balance = (suffix: string) =>
            entries
              .filter(({ account }) => String(account).endsWith(suffix))
              .reduce((sum, { amount }) => sum + Number(amount), 0);
          expect(balance('')).toBe(0);
          expect(balance(':spent')).toBe(state.amountCapturedMinor);
          expect(balance(':refunded')).toBe(0 - refundedMinor(refunds));
          expect(balance('processor:sandbox_a:held') + balance('processor:sandbox_b:held')).toBe(
            state.heldMinor,
          );
        },
      ),
      {
        numRuns: 150,
        examples: [
          [SMOOTH, 100, {}],
          [STUCK, 1_001, {}],
          [[...SMOOTH, ...SMOOTH], 100, RESERVING],
          [straight('succeeded', 'succeeded', 'succeeded'), 100, { capture_method: 'manual' }],
          [[stepOf({ ...FITTING, review: true })], 100, {}],
          [[stepOf({ ...FITTING, kind: 'ask_cancel' })], 100, {}],
          [[stepOf({ ...FITTING, refuse: true })], 100, {}],
        ],
      },
    );
    // Otherwise the histories were too tame to show anything.
    expect(statuses).toEqual(
      new Set([
        ...['processing', 'requires_approval', 'requires_capture'],
        ...['succeeded', 'failed', 'canceled'],
      ]),
    );
    expect(new Set(parkedAfter)).toEqual(new Set([true, false]));

    const balances = new Map<string, number>();
    let cursor: string | null = null;
    do {
      const page = ledgerEntries(runtime.reader, {
        ...{ tenant: 'tnt_1', paymentIntent: null, account: null, limit: 7, cursor },
      });
      for (const { account, amount } of page.data)
        balances.set(String(account), (balances.get(String(account)) ?? 0) + Number(amount));
      cursor = page.next_cursor;
    } while (cursor !== null);
    const accounts = ledgerAccounts(runtime.reader, {
      tenant: 'tnt_1',
      cursor: null,
      limit: 100,
    }).data;
    expect(accounts.map(({ account, balance }) => [account, balance])).toEqual(
      [...balances].sort(([a], [b]) => (a < b ? -1 : 1)),
    );

    const before = PROJECTIONS.map(({ name }) => runtime.dump(name));
    await runtime.rebuild();
    expect(PROJECTIONS.map(({ name }) => runtime.dump(name))).toEqual(before);
  });

  it('list payments page by page, newest first, each once, also when they began in the same millisecond', async () => {
    const request = { amount: 1, currency: 'USD', payment_method: 'pm_1' };
    const ids = Array.from({ length: 25 }, (_, index) => `p${String(index).padStart(2, '0')}`);
    for (const [index, id] of ids.entries()) {
      const at = new Date(T0 + Math.floor(index / 10)).toISOString();
      const agent = `agt_${index % 2}`;
      const payee = { id: index % 3 === 0 ? 'acme' : 'other' };
      const tenant = index === 24 ? 'tnt_2' : 'tnt_1';
      const data = { id, tenant, agent, mandate: null, request: { ...request, payee }, at };
      await append(`payment_intent-${id}`, [{ type: 'PaymentIntentRequested', data }], { tenant });
    }
    await append('payment_intent-p04', [{ type: 'PaymentSucceeded', data: { at: '' } }]);
    await caughtUp();

    const found: string[] = [];
    let cursor: string | null = null;
    do {
      const page = listPayments(runtime.reader, { ...filters, limit: 6, cursor });
      found.push(...page.rows.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(found).toEqual(
      ids
        .slice(0, 24)
        .reverse()
        .map((id) => `pi_${id}`),
    );

    const idsOf = (more: Partial<typeof filters> | object) =>
      listPayments(runtime.reader, { ...filters, ...more }).rows.map(({ id }) => id);
    expect(idsOf({ status: 'succeeded' })).toEqual(['pi_p04']);
    expect(idsOf({ agent: 'agt_1' })).toHaveLength(12);
    expect(idsOf({ agent: 'agt_1', payee: 'acme', status: 'processing' })).toHaveLength(4);
    expect(idsOf({ tenant: 'tnt_2' })).toEqual(['pi_p24']);
    // The same instants in another spelling.
    expect(idsOf({ createdAfter: '2026-01-01T01:00:00.001+01:00' })).toHaveLength(4);
    expect(idsOf({ createdBefore: '2026-01-01T00:00:00.001Z' })).toHaveLength(10);
    expect(() => idsOf({ cursor: 'nonsense' })).toThrow('invalid_cursor');
  });

  it('tell what became of requests under one key, open ones included', async () => {
    const at = '2026-01-01T00:00:00.000Z';
    const keyed = { keyHash: 'k1', method: 'POST', path: '/v1/payment_intents' };
    const payee = { id: 'acme' };
    const request = { amount: 1, currency: 'USD', payment_method: 'pm_1', payee };
    const data = { id: 'p1', tenant: 'tnt_1', agent: 'agt_1', mandate: null, request, at };
    await append('payment_intent-p1', [{ type: 'PaymentIntentRequested', data }], keyed);
    const unpark = { keyHash: 'k1', method: 'POST', path: '/v1/parked/pi_p1/retry' };
    const unparked = { type: 'PaymentUnparked', data: { by: 'op', at } };
    await append('payment_intent-p1', [unparked], unpark);
    await caughtUp();
    const open = {
      ...{ method: 'POST', path: keyed.path, resource: 'pi_p1' },
      status: null,
      concluded_at: null,
    };
    const retried = {
      method: 'POST',
      path: unpark.path,
      resource: 'pi_p1',
      status: 202,
      concluded_at: at,
    };
    const under = (keyHash: string, tenant = 'tnt_1') =>
      operationsUnder(runtime.reader, { tenant, keyHash }).data;
    expect(under('k1')).toEqual([open, retried]);

    const answered = { type: 'RequestConcluded', data: { status: 403, body: '{}', at } };
    await append('payment_intent-p1', [answered]);
    const registered = { id: 'agt_9', tenant: 'tnt_1', name: 'nine', by: 'op', at };
    await append(
      'agent-9',
      [
        { type: 'AgentRegistered', data: registered },
        {
          type: 'OperationConcluded',
          data: { operation: 'o', request: {}, status: 201, body: '', at },
        },
      ],
      { keyHash: 'k2', method: 'POST', path: '/v1/agents' },
    );
    await caughtUp();
    expect(under('k1')).toEqual([{ ...open, status: 403, concluded_at: at }, retried]);
    expect(under('k2')).toEqual([
      { method: 'POST', path: '/v1/agents', status: 201, resource: 'agt_9', concluded_at: at },
    ]);
    expect(under('k1', 'tnt_2')).toEqual([]);
  });

  it('show deliveries that failed until somebody retries them, and again when they fail again', async () => {
    const at = '2026-01-01T00:00:00.000Z';
    const parked = {
      ...{ event: 'e1', eventType: 'PaymentSucceeded', stream: 'payment_intent-p1', position: 7 },
      ...{ tenant: 'tnt_1', error: 'no room', tries: 8, at },
    };
    const waiting = async (tenant = 'tnt_1') => {
      await caughtUp();
      return parkedItems(runtime.reader, { tenant, limit: 10, cursor: null }).data;
    };
    await append('parked_delivery-e1', [{ type: 'DeliveryParked', data: parked }]);
    expect(await waiting()).toEqual([
      {
        ...{ object: 'parked', id: 'e1', kind: 'delivery', payment_intent: 'pi_p1', tries: 8 },
        ...{ reason: 'delivery_failed', detail: 'PaymentSucceeded: no room', parked_at: at },
      },
    ]);
    expect(await waiting('tnt_2')).toEqual([]);
    await append('parked_delivery-e1', [{ type: 'DeliveryRetried', data: { event: 'e1', at } }]);
    expect(await waiting()).toEqual([]);
    await append('parked_delivery-e1', [{ type: 'DeliveryParked', data: parked }]);
    expect(await waiting()).toHaveLength(1);
  });
});
