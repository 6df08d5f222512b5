import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import { DUE_AT, HELD, REQUESTED, granted, sagas } from './sagas.fixture.js';

const CLAIM = 'commands.purchase.claim';
const FREE = 'commands.purchase.free';
const RESERVE = 'commands.mandate.reserve';
const STANDING = 'queries.agent.standing';
const UNTIL = '2030-01-01T12:00:00.000Z';

let world: Awaited<ReturnType<typeof sagas>>;
beforeEach(async () => {
  world = await sagas();
});
afterEach(() => world.stop());

const request = (more: object = {}) =>
  world.happens('PaymentIntentRequested', {
    ...REQUESTED,
    request: { ...REQUESTED.request, ...more },
  });
const commandIds = (subject: typeof CLAIM | typeof FREE | typeof RESERVE) =>
  world.bus.askedFor(subject).map(({ commandId }) => commandId);

function standing(more: object): object {
  return { ...(world.bus.replies[STANDING] as object), ...more };
}
const refused = (...earlier: { intent: string; agent: string }[]) => ({
  claimed: false,
  code: 'possible_duplicate',
  earlier: earlier.map((claim) => ({ ...claim, until: UNTIL })),
});

describe('the purchase', () => {
  it('is claimed, with those that the request calls distinct, before any limit is touched', async () => {
    const { bus, timers } = world;
    let answer: (reply: object) => void = () => {};
    bus.replies[CLAIM] = () => new Promise((resolve) => (answer = resolve));
    await request({ distinct_from: ['pi_e1'] });
    expect(bus.askedFor(CLAIM)).toMatchObject([
      { purchase: 'purchase-1', intent: 'abc', agent: 'agt_1', distinctFrom: ['pi_e1'] },
    ]);
    expect(bus.askedFor(RESERVE)).toEqual([]);
    answer({ claimed: true, code: null, earlier: [] });
    await timers.advance(0);
    expect(bus.askedFor(RESERVE)).toHaveLength(1);
  });

  it('that was made before is refused, and names the earlier payment to its own agent', async () => {
    const { bus } = world;
    const others = { intent: 'e2', agent: 'agt_2' };
    bus.replies[CLAIM] = refused(others, { intent: 'e1', agent: 'agt_1' });
    await request();
    expect(bus.askedFor(RESERVE)).toEqual([]);
    expect(bus.told()).toMatchObject([
      {
        type: 'JudgePayment',
        refusal: {
          code: 'possible_duplicate',
          violations: [{ pointer: '/order_reference', payment_intent: 'pi_e1', resets_at: UNTIL }],
        },
      },
    ]);
    expect(JSON.stringify(bus.told())).not.toContain('e2');
  });

  it('that another agent made is refused without a word about which payment that was', async () => {
    const { bus } = world;
    bus.replies[CLAIM] = refused({ intent: 'e1', agent: 'agt_2' });
    await request();
    expect(bus.told()).toMatchObject([
      { refusal: { code: 'possible_duplicate', violations: [{ resets_at: UNTIL }] } },
    ]);
    expect(JSON.stringify(bus.told())).not.toMatch(/e1|agt_2/);
  });

  it('of an earlier payment that ended without money is freed for it and claimed', async () => {
    const { bus } = world;
    const replies = [refused({ intent: 'e1', agent: 'agt_2' }), bus.replies[CLAIM]];
    bus.replies[CLAIM] = () => replies.shift();
    bus.replies['queries.payment_intent.ended_without_money'] = true;
    await request();
    expect(bus.askedFor('queries.payment_intent.ended_without_money')).toEqual([{ id: 'e1' }]);
    expect(bus.askedFor(FREE)).toMatchObject([{ purchase: 'purchase-1', intent: 'e1' }]);
    const [first, again] = commandIds(CLAIM);
    expect(again).toBe(first);
    expect(bus.askedFor(RESERVE)).toHaveLength(1);
    expect(bus.told()).toMatchObject([{ refusal: null }]);
  });
});

describe('a payment', () => {
  it('of an agent that may not pay is refused before anything is asked of mandate or fraud screen', async () => {
    for (const reply of [standing({ status: 'suspended' }), null]) {
      world.bus.replies[STANDING] = reply;
      await request();
    }
    const { bus } = world;
    expect(bus.told()).toMatchObject([
      { refusal: { code: 'agent_suspended' } },
      { refusal: { code: 'agent_suspended' } },
    ]);
    expect(bus.subjects()).not.toContain(RESERVE);
    expect(bus.subjects()).not.toContain('effects.fraud.screen');
  });

  it('is decided on with its payer named, so that the write side asks whether it still may pay', async () => {
    await request();
    expect(world.bus.askedFor('commands.payment_intent.tell')).toMatchObject([
      { payer: { tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1' } },
    ]);
  });

  it('that the policy denies reserves nothing', async () => {
    const { bus, policy } = world;
    Object.assign(policy, { decision: 'deny', determining: ['no-gambling'] });
    await request();
    expect(bus.told()).toMatchObject([{ refusal: { code: 'policy_denied' }, mandate: null }]);
    expect(bus.subjects()).not.toContain(RESERVE);
  });

  it('that mandate, policy and fraud screen want a human for gathers all their reasons', async () => {
    const { bus, policy } = world;
    Object.assign(policy, { decision: 'ask', determining: ['ask-above'] });
    bus.replies['effects.fraud.screen'] = { verdict: 'review', reason: 'fraud', score: 60 };
    const asked = { rule: 'approval.above', result: 'asked', limit: 100, requested: 4200 };
    const passed = { rule: 'lifetime', result: 'passed' };
    bus.replies[RESERVE] = { decision: 'reserved', code: null, checks: [passed, asked] };
    await request();
    expect(bus.told()).toMatchObject([
      {
        type: 'JudgePayment',
        refusal: null,
        mandate: { decision: 'reserved' },
        reasons: [
          { source: 'policy', rule: 'ask-above' },
          { source: 'fraud', rule: 'review' },
          { source: 'mandate', rule: 'approval.above' },
        ],
        approvalDueAt: DUE_AT,
      },
    ]);
  });

  it('that nobody wants a human for has no reasons', async () => {
    await request();
    expect(world.bus.told()).toMatchObject([{ refusal: null, reasons: [] }]);
  });

  it('that the mandate refuses tells its figures', async () => {
    const failed = {
      ...{ rule: 'window.day', result: 'failed', currency: 'USD', limit: 5000, used: 4000 },
      ...{ held: 0, requested: 4200, remaining: 1000, resetsAt: UNTIL },
    };
    const reply = { decision: 'refused', code: 'mandate_limit_exceeded', checks: [failed] };
    world.bus.replies[RESERVE] = reply;
    await request();
    expect(world.bus.told()).toMatchObject([
      {
        refusal: {
          code: 'mandate_limit_exceeded',
          violations: [{ pointer: '/amount', rule: 'window.day', limit: 5000, remaining: 1000 }],
        },
      },
    ]);
  });
});

describe('after an approval', () => {
  it('the judges are asked about the payment as it was requested', async () => {
    const { bus, happens } = world;
    await happens('ApprovalGranted', granted('authorization'));
    expect(bus.askedFor(RESERVE)).toMatchObject([
      { mandate: 'mnd_1', intent: 'abc', amountMinor: 4200, currency: 'USD' },
    ]);
    expect(bus.askedFor(CLAIM)).toMatchObject([{ purchase: 'purchase-1', intent: 'abc' }]);
    expect(bus.told()).toMatchObject([{ type: 'JudgePayment', refusal: null }]);
  });

  it('nothing is called done before they have answered', async () => {
    const { bus, timers, happens, runtime } = world;
    const claimed = bus.replies[CLAIM];
    let answer: (reply: unknown) => void = () => {};
    bus.replies[CLAIM] = () => new Promise((resolve) => (answer = resolve));
    await happens('ApprovalGranted', granted('authorization'));
    expect([runtime.open, bus.told()]).toEqual([1, []]);
    answer(claimed);
    await timers.advance(0);
    expect([runtime.open, bus.told().length]).toEqual([0, 1]);
  });

  it('what they refuse now is refused', async () => {
    const { bus, happens } = world;
    bus.replies[STANDING] = standing({ status: 'suspended' });
    await happens('ApprovalGranted', granted('authorization'));
    expect(bus.told()).toMatchObject([{ refusal: { code: 'agent_suspended' } }]);
  });

  it('of what is held, capture is screened again, and decided on with its payer named', async () => {
    const { bus, happens } = world;
    await happens('ApprovalGranted', granted('capture', HELD));
    expect(bus.askedFor('effects.fraud.screen')).toMatchObject([
      { stage: 'capture', amountMinor: 4200, currency: 'USD' },
    ]);
    expect(bus.told()).toMatchObject([{ type: 'DecideCapture', number: 1, approvalDueAt: DUE_AT }]);
    expect(bus.askedFor('commands.payment_intent.tell')).toMatchObject([
      { payer: { tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1' } },
    ]);
    expect(bus.subjects()).not.toContain(RESERVE);
  });
});

describe('a judgement whose report got lost', () => {
  it('is made again by the same commands, so that each does its work once', async () => {
    const { bus, timers, runtime } = world;
    bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
    await request();
    await timers.advance(1_000);
    for (const subject of [CLAIM, RESERVE] as const) {
      const [first, again, ...more] = commandIds(subject);
      expect([again, more]).toEqual([first, []]);
    }
    const told = bus.askedFor('commands.payment_intent.tell');
    expect(new Set(told.map(({ commandId }) => commandId)).size).toBe(1);
    expect([told.length, runtime.open]).toEqual([2, 0]);
  });
});
