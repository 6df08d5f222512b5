import { beforeEach, describe, expect, it } from 'vitest';
import type { Messages } from '#contracts';
import type { MemoryEventStore } from '#event-store/memory';
import { operationId } from './calls.js';
import { PURCHASE, asked, commands } from './commands.fixture.js';
import { PaymentIntentsController } from './payment-intents.controller.js';
import { PaymentMethodsController } from './payment-methods.controller.js';

type Tokenize = Messages['commands.payment_method.tokenize']['request'];

const CARD = { brand: 'visa', last4: '4242', expMonth: 7, expYear: 2031, fingerprint: 'v1.f' };
const ALLOWED: Tokenize['screening'] = {
  ...{ verdict: 'allow', score: 10, provider: 'rules@1', rules: [], failMode: null, error: null },
} as const;
const OPERATOR = { tenant: 'tnt_1', role: 'operator', id: 'k2', key: 'k2' } as const;

let methods: PaymentMethodsController;
let payments: PaymentIntentsController;
let store: MemoryEventStore;

beforeEach(async () => {
  const started = await commands();
  methods = started.module.get(PaymentMethodsController);
  payments = started.module.get(PaymentIntentsController);
  ({ store } = started);
});

function bringing(more: Partial<Tokenize> = {}): Tokenize {
  const { principal, idempotencyKey, traceId } = asked();
  const call = {
    ...{ principal, idempotencyKey, traceId, path: '/v1/payment_methods' },
    request: { card: 'v1.m' },
    ...more,
  };
  return { card: CARD, screening: ALLOWED, ...call, paymentMethod: `pm_${operationId(call)}` };
}

const json = ({ body }: { body: string }) => JSON.parse(body) as Record<string, unknown>;
const types = async (id: string) =>
  (await store.readStream(`payment_method-${id.slice(3)}`)).map(({ type }) => type);
const pay = (paymentMethod: string, agent = 'agt_1', idempotencyKey = 'pay-1') =>
  payments.create(
    asked({
      principal: { tenant: 'tnt_1', role: 'agent', id: agent, key: 'k' },
      idempotencyKey,
      request: { ...PURCHASE, payment_method: paymentMethod },
      waitMs: 0,
    }),
  );
const erase = (id: string, principal: Tokenize['principal'] = asked().principal) =>
  methods.erase({ principal, id, path: `/v1/payment_methods/${id}`, traceId: 'a'.repeat(32) });

describe('the token of a card', () => {
  it('is recorded in a stream of its own and shown with nothing that could pay', async () => {
    const call = bringing();
    const answered = await methods.tokenize(call);
    expect(answered.status).toBe(201);
    expect(json(answered)).toEqual({
      object: 'payment_method',
      id: call.paymentMethod,
      status: 'active',
      card: { brand: 'visa', last4: '4242', exp_month: 7, exp_year: 2031 },
      agent: 'agt_1',
      created_at: expect.stringMatching(/Z$/) as string,
      erased_at: null,
    });
    expect(answered.body).not.toContain('v1.');
    expect(await types(call.paymentMethod)).toEqual([
      'CardScreened',
      'PaymentMethodTokenized',
      'OperationConcluded',
    ]);
  });

  it('is the same bytes for the same card under the same key, and 422 for another card', async () => {
    const first = await methods.tokenize(bringing());
    const again = await methods.tokenize(bringing());
    expect([again.status, again.body]).toEqual([201, first.body]);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await methods.recall(bringing()))?.body).toBe(first.body);
    for (const other of [
      await methods.tokenize(bringing({ request: { card: 'v1.x' } })),
      await methods.recall(bringing({ request: { card: 'v1.x' } })),
    ]) {
      expect(other?.status).toBe(422);
      expect(other && json(other)).toMatchObject({
        code: 'idempotency_key_reused',
        violations: [{ pointer: '/card' }],
      });
    }
  });

  it('is recalled as nothing while the key is new', async () => {
    expect(await methods.recall(bringing())).toBeNull();
  });

  it('is refused for a blocked card, and so it stays', async () => {
    const screening = { ...ALLOWED, verdict: 'block', score: 100 } as const;
    const refused = await methods.tokenize(bringing({ screening }));
    expect([refused.status, json(refused)['code']]).toEqual([403, 'fraud_blocked']);
    const again = await methods.tokenize(bringing());
    expect(again.body).toBe(refused.body);
    expect(await types(bringing().paymentMethod)).toEqual([
      'CardScreened',
      'PaymentMethodRefused',
      'OperationConcluded',
    ]);
    expect((await pay(bringing().paymentMethod)).status).toBe(404);
  });
});

describe('a payment', () => {
  it('is made with what is its own agent’s, and with what is for all', async () => {
    const own = bringing();
    await methods.tokenize(own);
    const forAll = bringing({ principal: OPERATOR });
    await methods.tokenize(forAll);
    expect((await pay(own.paymentMethod)).status).toBe(202);
    expect((await pay(forAll.paymentMethod, 'agt_2')).status).toBe(202);
    expect((await pay('pm_sandbox_visa', 'agt_3')).status).toBe(202);
  });

  it('with another agent’s, an unknown or an erased one is refused, and its key is unused', async () => {
    const own = bringing();
    await methods.tokenize(own);
    const other = await pay(own.paymentMethod, 'agt_2');
    expect([other.status, json(other)]).toMatchObject([
      404,
      { code: 'not_found', money_state: 'none', violations: [{ pointer: '/payment_method' }] },
    ]);
    expect((await pay(`pm_${'a'.repeat(26)}`)).status).toBe(404);
    await erase(own.paymentMethod);
    expect((await pay(own.paymentMethod)).status).toBe(404);
    expect((await pay('pm_sandbox_visa')).status).toBe(202);
  });

  it('that was recorded before its card was erased is answered as before', async () => {
    const own = bringing();
    await methods.tokenize(own);
    const first = await pay(own.paymentMethod);
    await erase(own.paymentMethod);
    const again = await pay(own.paymentMethod);
    expect([again.status, json(again)['id']]).toEqual([202, json(first)['id']]);
    expect((await pay('pm_sandbox_visa')).status).toBe(422);
  });
});

describe('erasing', () => {
  it('shows nothing of the card any more, once and again', async () => {
    const own = bringing();
    await methods.tokenize(own);
    const erased = await erase(own.paymentMethod);
    expect([erased.status, json(erased)]).toMatchObject([200, { status: 'erased', card: null }]);
    expect((await erase(own.paymentMethod)).body).toBe(erased.body);
    expect(
      (await types(own.paymentMethod)).filter((type) => type === 'PaymentMethodErased'),
    ).toHaveLength(1);
  });

  it('is for its own agent and for operators', async () => {
    const own = bringing();
    const forAll = bringing({ principal: OPERATOR });
    await methods.tokenize(own);
    await methods.tokenize(forAll);
    const other = { tenant: 'tnt_1', role: 'agent', id: 'agt_2', key: 'k' } as const;
    expect((await erase(own.paymentMethod, other)).status).toBe(404);
    expect((await erase(forAll.paymentMethod, other)).status).toBe(403);
    expect((await erase(own.paymentMethod, { ...OPERATOR, tenant: 'tnt_2' })).status).toBe(404);
    expect((await erase(own.paymentMethod, OPERATOR)).status).toBe(200);
  });
});
