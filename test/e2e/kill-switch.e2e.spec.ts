import { beforeEach, describe, expect, it } from 'vitest';
import { everyPage, type ApiClient } from '../support/agent.client.js';
import { untilBudget } from '../support/authority.reader.js';
import { disagreements } from '../support/books.judge.js';
import type { PaymentIntent, StreamEvent } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { inParallel } from '../support/load.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { ownerOf } from '../support/sandbox.control.js';
import { useStage, type OwnAgent, type Stage } from '../support/stage.fixture.js';

const CONNECTIONS = 64;
const PAYMENTS_BEFORE = 200;
const LIFETIME = 99_000_000;
const WITHIN_MS = 1_000;

interface Switch {
  name: string;
  code: 'agent_suspended' | 'mandate_revoked';
  flip(stage: Stage, own: OwnAgent): Promise<{ status: number; bytes: Buffer }>;
}

const suspension: Switch = {
  name: 'suspending the agent',
  code: 'agent_suspended',
  flip: (stage, own) => stage.operator.suspend(own.id),
};
const revocation: Switch = {
  name: 'revoking the mandate',
  code: 'mandate_revoked',
  flip: (stage, own) => stage.operator.revokeMandate(own.mandate ?? ''),
};

interface Weather {
  name: string;
  token: string;
  prepare(stage: Stage): Promise<void>;
}

const calm: Weather = {
  name: 'processors that work',
  token: 'pm_sandbox_visa',
  prepare: async () => {},
};
const lateDeclines: Weather = {
  name: 'a sandbox_a that loses calls and declines them when they are sent again',
  token: 'pm_sandbox_soft_decline_a',
  // What is lost is known again a second later and more: the next attempt would start too late.
  prepare: (stage) => stage.sandbox.fault('sandbox_a', { mode: 'timeout_before', rate: 0.5 }),
};
const errors: Weather = {
  name: 'a sandbox_a that fails now and then',
  token: 'pm_sandbox_visa',
  prepare: (stage) => stage.sandbox.fault('sandbox_a', { mode: 'error_500_before', rate: 0.3 }),
};

describe('the kill switch', () => {
  const stage = useStage({ sandboxApart: true });
  beforeEach(() => stage.heal());

  for (const [{ name, code, flip }, weather] of [
    [suspension, calm],
    [suspension, lateDeclines],
    [revocation, lateDeclines],
    [revocation, errors],
  ] as const) {
    it(
      `${name} under load, with ${weather.name}, starts no attempt later than a second after the answer`,
      { timeout: 180_000 },
      async () => {
        const own = await stage.newAgent({ limits: { lifetime: { USD: LIFETIME } } });
        await weather.prepare(stage);
        const flippedAt = await payThroughTheSwitch(own, weather.token, code, () =>
          flip(stage, own),
        );
        await stage.sandbox.heal();
        await everythingHasStopped(own, flippedAt, code);
      },
    );
  }

  /** Callers that pay until each was refused; the switch is flipped on the way. Gives when its answer came. */
  async function payThroughTheSwitch(
    { client, mandate }: OwnAgent,
    payment_method: string,
    code: string,
    flip: () => Promise<{ status: number; bytes: Buffer }>,
  ): Promise<number> {
    let sent = 0;
    let flipped: Promise<number> | undefined;
    const flipNow = async () => {
      const answer = await flip();
      expect(answer.status, answer.bytes.toString()).toBeLessThan(300);
      return Date.now();
    };
    const caller = async () => {
      for (;;) {
        const request = purchase({ amount: 100, payment_method, mandate: mandate ?? '' });
        const answer = await client.createPayment(request, { prefer: 'wait=2' });
        sent += 1;
        if (sent >= PAYMENTS_BEFORE) flipped ??= flipNow();
        if ([201, 202, 503].includes(answer.status)) continue;
        expectProblem(answer, { code });
        return;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, caller));
    return flipped ?? Number.NaN;
  }

  async function everythingHasStopped(
    own: OwnAgent,
    flippedAt: number,
    code: string,
  ): Promise<void> {
    const { operator, sandbox } = stage;
    const listed = await everyPage(operator.payments, { agent: own.id, limit: 100 });
    const payments = await inParallel(listed, 16, ({ id }) => stage.concluded(id));
    const histories = await inParallel(payments, 16, async (payment) => ({
      payment,
      events: await everyPage((query) => stage.auditor.events(payment.id, query)),
    }));

    const started = latest(histories, 'AttemptStarted') - flippedAt;
    const captured = latest(histories, 'CaptureStarted') - flippedAt;
    const stopped = payments.filter(({ failure }) => failure?.code === code);
    console.log(
      `${payments.length} payments, ${stopped.length} stopped by the switch: the last attempt started ${started} ms and the last capture ${captured} ms after the answer`,
    );
    expect(stopped.length).toBeGreaterThan(0);
    expect(started).toBeLessThanOrEqual(WITHIN_MS);
    expect(captured, 'held funds can only be voided').toBeLessThanOrEqual(WITHIN_MS);
    for (const { payment, events } of histories) {
      const authorized = events.find(({ type }) => type === 'PaymentAuthorized');
      if (!authorized || instantOf(authorized) <= flippedAt + WITHIN_MS) continue;
      expect(payment, payment.id).toMatchObject({ status: 'failed', failure: { code } });
    }

    const ids = new Set(payments.map(({ id }) => id));
    const charges = (await sandbox.charges()).filter((each) => ids.has(ownerOf(each) ?? ''));
    expect(disagreements(charges, payments)).toEqual([]);
  }
});

/** The later of when it happened and when it was recorded, epoch milliseconds. */
function instantOf({ recorded_at, data }: StreamEvent): number {
  return Math.max(Date.parse(recorded_at), Date.parse(String(data['at'])) || 0);
}

function latest(
  histories: readonly { payment: PaymentIntent; events: readonly StreamEvent[] }[],
  type: string,
): number {
  const instants = histories.flatMap(({ events }) =>
    events.filter((event) => event.type === type).map(instantOf),
  );
  return Math.max(...instants);
}

describe('money that is held when the switch is flipped', () => {
  const stage = useStage();

  const heldBy = async (client: ApiClient) => {
    const request = purchase({ amount: 1_000, capture_method: 'manual' });
    const answer = await client.createPayment(request);
    expect(answer.body.status, answer.bytes.toString()).toBe('requires_capture');
    return answer.body.id;
  };

  for (const { name, code, flip } of [suspension, revocation]) {
    it(`cannot be captured after ${name}, and can be let go`, async () => {
      const own = await stage.newAgent({ limits: { lifetime: { USD: LIFETIME } } });
      const [one, other] = [await heldBy(own.client), await heldBy(own.client)];
      expect((await flip(stage, own)).status).toBeLessThan(300);
      for (const id of [one, other]) {
        expectProblem(await own.client.capture(id), { code });
        expect(await stage.sandbox.chargesOf(id)).toMatchObject([{ state: 'authorized' }]);
      }
      const byAgent = await own.client.cancel(one);
      const byOperator = await stage.operator.cancel(other);
      for (const answer of [byAgent, byOperator]) {
        expect(answer.status, answer.bytes.toString()).toBe(200);
        expect(answer.body).toMatchObject({ status: 'canceled', money_state: 'none' });
        expect(await stage.sandbox.chargesOf(answer.body.id)).toMatchObject([{ state: 'voided' }]);
      }
      await untilBudget(own.client, LIFETIME, { held: 0, used: 0 });
    });

    it(`is let go by itself when it was to be captured at once, after ${name}`, async () => {
      const own = await stage.newAgent({ limits: { lifetime: { USD: LIFETIME } } });
      await stage.sandbox.fault('sandbox_a', { mode: 'timeout_after' });
      const { id } = (await own.client.createPayment(purchase(), { prefer: 'respond-async' })).body;
      await eventually(
        () => stage.sandbox.chargesOf(id),
        ([charge]) => charge?.state === 'authorized',
        { what: 'held money' },
      );
      expect((await flip(stage, own)).status).toBeLessThan(300);
      await stage.sandbox.heal();
      const end = await stage.concluded(id);
      expect(end).toMatchObject({ status: 'failed', money_state: 'none', failure: { code } });
      expect(disagreements(await stage.sandbox.chargesOf(id), [end])).toEqual([]);
      const types = await stage.eventTypes(id);
      expect(types).toContain('PaymentAuthorized');
      expect(types).not.toContain('CaptureStarted');
    });

    it(`is not even asked for when a payment is approved after ${name}`, async () => {
      const own = await stage.newAgent({
        limits: { lifetime: { USD: LIFETIME } },
        approval: { above: { USD: 500 } },
      });
      const asked = await own.client.createPayment(purchase({ amount: 501 }));
      expect(asked.body.status, asked.bytes.toString()).toBe('requires_approval');
      expect((await flip(stage, own)).status).toBeLessThan(300);
      await stage.approver.approve(asked.body.id);
      const end = await stage.concluded(asked.body.id);
      expect(end).toMatchObject({ status: 'failed', attempts: [], failure: { code } });
      expect(await stage.sandbox.chargesOf(asked.body.id)).toEqual([]);
    });
  }
});
