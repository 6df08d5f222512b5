import { describe, expect, it } from 'vitest';
import { everyPage, type ApiClient } from '../support/agent.client.js';
import { untilBudget } from '../support/authority.reader.js';
import { disagreements } from '../support/books.judge.js';
import type {
  LedgerEntry,
  PaymentIntent,
  PaymentRequest,
  Problem,
} from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import type { Answer } from '../support/http.client.js';
import { isBalanced, misposted, sumsByCurrency } from '../support/ledger.judge.js';
import { inParallel } from '../support/load.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import {
  PROCESSORS,
  ownerOf,
  paymentIn,
  type Fault,
  type FaultMode,
} from '../support/sandbox.control.js';
import { seededRandom, seedFrom, type SeededRandom } from '../support/seeded.random.js';
import { useStage, type OwnAgent } from '../support/stage.fixture.js';

const PAYMENTS = Number(process.env['MIXED_PAYMENTS'] ?? 120);
const KILLS = Number(process.env['MIXED_KILLS'] ?? 1);
const SEED = seedFrom('MIXED_SEED');
const WIDTH = 16;
const AGENTS = 3;
const LIFETIME = 123_456_789;
const ASK_ABOVE = 50_000;

const KINDS = [
  'paid',
  'paid_later_in_part',
  'canceled',
  'approved',
  'denied',
  'refunded',
  'refunded_in_part',
  'declined',
  'asked_for_twice',
] as const;
const PARTICIPANTS = [...PROCESSORS, 'warehouse'] as const;
const REFUND_TOKENS = [
  'pm_sandbox_refund_pending',
  'pm_sandbox_refund_fails',
  'pm_sandbox_refund_refused',
];
/** A processor that is away opens its breaker and fails many payments: lost answers are what the day is about. */
const MODES: readonly FaultMode[] = [
  'refuse',
  'blackhole',
  ...Array<FaultMode[]>(3)
    .fill(['error_500_before', 'error_500_after', 'timeout_before', 'timeout_after', 'slow'])
    .flat(),
];

interface Trouble {
  at: (typeof PARTICIPANTS)[number];
  fault: Fault;
}

/** One purchase of the day, drawn before it begins, so that the seed decides it however the purchases interleave. */
interface Plan {
  kind: (typeof KINDS)[number];
  agent: number;
  key: string;
  request: PaymentRequest;
  /** What is captured later or refunded, where that is a part. */
  part: number;
  /** What breaks while the purchase is asked for, and while it is worked on later. */
  troubles: [atFirst: Trouble | null, later: Trouble | null];
}

function tokensOf(kind: Plan['kind']): readonly string[] {
  if (kind === 'declined') return ['pm_sandbox_stolen', 'pm_sandbox_insufficient_funds'];
  const working = ['pm_sandbox_visa', 'pm_sandbox_soft_decline_a'];
  return kind === 'refunded' || kind === 'refunded_in_part'
    ? [...working, ...REFUND_TOKENS]
    : working;
}

function drawPlan(random: SeededRandom, index: number): Plan {
  const kind = random.pick(KINDS);
  const approval = kind === 'approved' || kind === 'denied';
  const amount = (approval ? ASK_ABOVE : 1_000) + 1 + Math.floor(random.next() * 5_000);
  const sku = random.next() < 0.1 ? 'SOLD-OUT' : 'B-1';
  const later = kind === 'paid_later_in_part' || kind === 'canceled';
  const trouble = (): Trouble | null =>
    random.next() < 0.7
      ? null
      : {
          at: random.pick(PARTICIPANTS),
          fault: {
            mode: random.pick(MODES),
            latency_ms: random.pick([0, 20, 300]),
            rate: random.pick([0.5, 1]),
          },
        };
  return {
    kind,
    agent: Math.floor(random.next() * AGENTS),
    key: `mixed-${SEED}-${index}`,
    request: purchase({
      amount,
      order_reference: `MIXED-${SEED}-${index}`,
      payment_method: random.pick(tokensOf(kind)),
      ...(later ? { capture_method: 'manual' } : {}),
      ...(random.next() < 0.4
        ? { reservation: { participant: 'warehouse', items: [{ sku, quantity: 1 }] } }
        : {}),
    }),
    part: 1 + Math.floor(random.next() * (amount - 1)),
    troubles: [trouble(), trouble()],
  };
}

describe('a mixed day with faults and kill -9', () => {
  const stage = useStage({ sandboxApart: true });

  it(
    `ends with books, ledger, mandates and read models that agree to the unit (${PAYMENTS} payments, ${KILLS} kills, MIXED_SEED=${SEED})`,
    { timeout: 120_000 + PAYMENTS * 2_000 + KILLS * 30_000 },
    async () => {
      console.log(`mixed day: MIXED_SEED=${SEED} MIXED_PAYMENTS=${PAYMENTS} MIXED_KILLS=${KILLS}`);
      const random = seededRandom(SEED);
      const limits = { lifetime: { USD: LIFETIME } };
      const agents: OwnAgent[] = [];
      while (agents.length < AGENTS) {
        agents.push(await stage.newAgent({ limits, approval: { above: { USD: ASK_ABOVE } } }));
      }
      const plans = Array.from({ length: PAYMENTS }, (_, index) => drawPlan(random, index));
      const killAfter = new Set(
        Array.from({ length: KILLS }, (_, kill) =>
          Math.floor(((kill + 0.2 + random.next() * 0.6) * PAYMENTS) / KILLS),
        ),
      );

      let lived = 0;
      let restarted: Promise<void> = Promise.resolve();
      await inParallel(plans, WIDTH, async (plan) => {
        await live(plan, agents[plan.agent] as OwnAgent);
        lived += 1;
        if (!killAfter.has(lived)) return;
        restarted = restarted.then(stage.bursar.kill9).then(stage.bursar.start);
        await restarted;
      });
      await stage.heal();

      const payments = await everythingEnded(agents);
      tell(payments, plans);
      await booksAgree(payments, plans, agents);
      await ledgerAgrees(payments);
      for (const agent of agents) await mandateAgrees(agent, payments);
      await readModelsAgree(payments, agents);
      await reservationsAgree(payments);
    },
  );

  /** What the agent of a plan does, as a program does it that asks again under the same key whenever it got no answer. */
  async function live(plan: Plan, { client }: OwnAgent): Promise<void> {
    const { kind, request, key, part, troubles } = plan;
    const created = await during(troubles[0], () =>
      insist(() => client.createPayment(request, { idempotencyKey: key, prefer: 'wait=1' })),
    );
    expect([201, 202, 503], created.bytes.toString()).toContain(created.status);
    const id = idIn(created);
    let payment = await untilStill(id);
    if (payment.status === 'requires_approval') {
      const decide = kind === 'approved' ? stage.approver.approve : stage.approver.deny;
      const decided = await insist(() => decide(id, {}, operation(plan, 'decide')));
      expect(decided.status, decided.bytes.toString()).toBe(200);
      payment = await untilStill(id, ['requires_approval']);
    }
    if (payment.status === 'failed') return;

    const ask = followUp(plan, client, id);
    if (!ask) return;
    const answer = await during(troubles[1], () => insist(ask));
    const expected = kind === 'asked_for_twice' ? [409] : [200, 201, 202];
    expect(expected, `${kind}: ${answer.bytes}`).toContain(answer.status);
    if (kind === 'paid_later_in_part' || kind === 'canceled') {
      payment = await untilStill(id, ['requires_capture']);
      const end = kind === 'canceled' ? 'canceled' : 'succeeded';
      expect(payment, id).toMatchObject({
        status: end,
        amount_captured: end === 'canceled' ? 0 : part,
      });
    }
  }

  /** What is asked about a payment once its money is held or moved. */
  function followUp(plan: Plan, client: ApiClient, id: string): (() => Promise<Answer>) | null {
    const { kind, part, request } = plan;
    const options = operation(plan, kind);
    const reason = 'a mixed day';
    switch (kind) {
      case 'paid_later_in_part':
        return () => client.capture(id, { amount: part }, options);
      case 'canceled':
        return () => client.cancel(id, options);
      case 'refunded':
        return () => client.refund(id, { reason }, options);
      case 'refunded_in_part':
        return () => client.refund(id, { amount: part, reason }, options);
      case 'asked_for_twice':
        return () => client.createPayment(request, options);
      case 'paid':
      case 'approved':
      case 'denied':
      case 'declined':
        return null;
    }
  }

  const operation = ({ key }: Plan, name: string) => ({
    idempotencyKey: `${key}-${name}`,
    prefer: 'wait=1',
  });

  async function during<T>(trouble: Trouble | null, work: () => Promise<T>): Promise<T> {
    if (!trouble) return work();
    const { at, fault } = trouble;
    const to = (next: Fault) =>
      at === 'warehouse' ? stage.sandbox.merchantFault(next) : stage.sandbox.fault(at, next);
    await to(fault);
    try {
      return await work();
    } finally {
      await to({ mode: 'none' });
    }
  }

  /** Asks again when the connection broke, which only a kill may do, or when nothing was recorded. */
  function insist<T extends Answer>(ask: () => Promise<T>): Promise<T> {
    return eventually(ask, (answer) => !isUnrecorded(answer), {
      withinMs: 90_000,
      everyMs: 200,
      what: 'an answer',
    });
  }

  /** Waits until nothing more happens to a payment without somebody's doing. */
  function untilStill(id: string, except: string[] = []): Promise<PaymentIntent> {
    const resting = ['requires_approval', 'requires_capture', 'succeeded', 'failed', 'canceled'];
    const wanted = resting.filter((status) => !except.includes(status));
    return eventually(
      async () => (await stage.operator.payment(id)).body,
      ({ status }) => wanted.includes(status),
      { withinMs: 120_000, everyMs: 100, what: `${wanted.join(' or ')} of ${id}` },
    );
  }

  async function everythingEnded(agents: readonly OwnAgent[]): Promise<PaymentIntent[]> {
    const listed = await Promise.all(
      agents.map(({ id }) => everyPage(stage.operator.payments, { agent: id, limit: 100 })),
    );
    const payments = await inParallel(listed.flat(), WIDTH, ({ id }) =>
      eventually(
        async () => (await stage.operator.payment(id)).body,
        ({ status, money_state, refunds }) =>
          ['succeeded', 'failed', 'canceled'].includes(status) &&
          money_state !== 'unknown' &&
          refunds.every((refund) => ['succeeded', 'failed'].includes(refund.status)),
        { withinMs: 120_000, everyMs: 100, what: `the end of ${id} (MIXED_SEED=${SEED})` },
      ),
    );
    expect((await stage.operator.parked()).body.data, `MIXED_SEED=${SEED}`).toEqual([]);
    return payments;
  }

  async function booksAgree(
    payments: readonly PaymentIntent[],
    plans: readonly Plan[],
    agents: readonly OwnAgent[],
  ): Promise<void> {
    const planOf = new Map(
      plans.map((plan) => {
        const agent = agents[plan.agent] as OwnAgent;
        return [paymentIdOf(stage.bursar.credentials(), agent.id, plan.key), plan];
      }),
    );
    const toCapture = ({ id, amount }: PaymentIntent) => {
      const plan = planOf.get(id);
      return plan?.kind === 'paid_later_in_part' ? plan.part : amount;
    };
    const charges = await ownCharges(payments);
    expect(disagreements(charges, payments, toCapture), `MIXED_SEED=${SEED}`).toEqual([]);
    const references = charges.map(({ merchant_reference }) => merchant_reference);
    expect(new Set(references).size, 'an attempt has one charge').toBe(references.length);
    for (const payment of payments) {
      const refunded = payment.refunds
        .filter(({ status }) => status === 'succeeded')
        .reduce((sum, { amount }) => sum + amount, 0);
      expect(payment.amount_refunded, payment.id).toBe(refunded);
    }
  }

  async function ownCharges(payments: readonly PaymentIntent[]) {
    const ids = new Set(payments.map(({ id }) => id));
    return (await stage.sandbox.charges()).filter((charge) => ids.has(ownerOf(charge) ?? ''));
  }

  async function ledgerAgrees(payments: readonly PaymentIntent[]): Promise<void> {
    const entries = await everyPage(stage.operator.ledgerEntries, { limit: 100 });
    expect(isBalanced(entries, ({ amount }) => amount)).toBe(true);
    expect(misposted(entries, payments), `MIXED_SEED=${SEED}`).toEqual([]);
    const accounts = await everyPage(stage.operator.ledgerAccounts, { limit: 100 });
    for (const { account, currency, balance } of accounts) {
      const own = entries.filter((entry) => entry.account === account);
      expect(sumsByCurrency(own, ({ amount }) => amount)[currency] ?? 0, account).toBe(balance);
    }
    const charges = await stage.sandbox.charges();
    for (const processor of PROCESSORS) {
      const own = charges.filter((charge) => charge.processor === processor);
      const kept = own.reduce((sum, each) => sum + each.amount_captured - each.amount_refunded, 0);
      expect(balanceOf(entries, `processor:${processor}:clearing`)).toBe(0 - kept);
    }
  }

  async function mandateAgrees(
    { id, client }: OwnAgent,
    payments: readonly PaymentIntent[],
  ): Promise<void> {
    const used = payments
      .filter(({ agent }) => agent === id)
      .reduce((sum, { amount_captured }) => sum + amount_captured, 0);
    await untilBudget(client, LIFETIME, { held: 0, used, remaining: LIFETIME - used });
  }

  async function readModelsAgree(
    payments: readonly PaymentIntent[],
    agents: readonly OwnAgent[],
  ): Promise<void> {
    for (const { id: agent } of agents) {
      const own = payments.filter((payment) => payment.agent === agent);
      const rows = await everyPage(stage.operator.payments, { agent, limit: 100 });
      expect(byId(rows)).toEqual(
        byId(
          await inParallel(own, WIDTH, async ({ id }) => (await stage.operator.payment(id)).body),
        ),
      );
      for (const status of ['succeeded', 'failed', 'canceled', 'processing', 'requires_capture']) {
        const filtered = await everyPage(stage.operator.payments, { agent, status, limit: 100 });
        expect(filtered.map(({ id }) => id).toSorted(), status).toEqual(
          own
            .filter((payment) => payment.status === status)
            .map(({ id }) => id)
            .toSorted(),
        );
      }
    }
  }

  async function reservationsAgree(payments: readonly PaymentIntent[]): Promise<void> {
    const captured = new Map(payments.map((each) => [each.id, each.amount_captured > 0]));
    const unsettled = async () => {
      const books = await stage.sandbox.reservations();
      const paid = payments.filter((each) => each.reservation && captured.get(each.id));
      const found = new Set(books.map(({ key }) => paymentIn(key)));
      return [
        ...paid.filter(({ id }) => !found.has(id)).map(({ id }) => `${id} has none`),
        ...books
          .filter(({ key, status }) => {
            const wanted = captured.get(paymentIn(key) ?? '') ? 'confirmed' : 'released';
            return status !== wanted;
          })
          .map(({ key, status }) => `${key} is ${status}`),
      ];
    };
    await eventually(unsettled, (wrong) => wrong.length === 0, {
      withinMs: 60_000,
      everyMs: 200,
      what: `settled reservations (MIXED_SEED=${SEED})`,
    });
    const keys = (await stage.sandbox.reservations()).map(({ key }) => paymentIn(key));
    expect(new Set(keys).size, 'a payment has one reservation').toBe(keys.length);
  }
});

/** The revision of a row is the one it was written at; a single payment tells the stream's. */
function byId(payments: readonly PaymentIntent[]) {
  return payments
    .map(({ revision: _revision, ...rest }) => rest)
    .toSorted((one, other) => one.id.localeCompare(other.id));
}

function idIn(answer: Answer): string {
  const { id, payment_intent } = answer.body as { id?: string; payment_intent?: string };
  return id ?? payment_intent ?? '';
}

function isUnrecorded({ status, body }: Answer): boolean {
  return status === 503 && ['store_unavailable', 'overloaded'].includes((body as Problem).code);
}

function balanceOf(entries: readonly LedgerEntry[], account: string): number {
  return entries
    .filter((entry) => entry.account === account)
    .reduce((sum, { amount }) => sum + amount, 0);
}

function tell(payments: readonly PaymentIntent[], plans: readonly Plan[]): void {
  const counts: Record<string, number> = {};
  const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1);
  for (const { status, failure, refunds, reservation } of payments) {
    count(failure ? `${status}: ${failure.code}` : status);
    for (const refund of refunds) count(`refund ${refund.status}`);
    if (reservation) count(`reservation ${reservation.status}`);
  }
  console.log(`${plans.length} purchases became ${JSON.stringify(counts)}`);
}
