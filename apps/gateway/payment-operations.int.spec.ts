import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import type { Answer } from '#contracts';
import { type Gateway, authenticate, keyOf, startGateway } from './gateway.fixture.js';

const ID = `pi_${'a'.repeat(26)}`;
const PATH = `/v1/payment_intents/${ID}`;
const DONE: Answer = {
  status: 200,
  body: '{"id":"pi_x", "status":"canceled"}',
  headers: { 'content-type': 'application/json' },
};
const FINGERPRINT = '0a'.repeat(32);

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.app.close());
beforeEach(() => {
  gateway.bus.asked.length = 0;
  gateway.bus.script = {
    'queries.access.authenticate': authenticate,
    'commands.payment_intent.create': () => DONE,
    'commands.payment_intent.operate': () => DONE,
  };
});

async function post(
  url: string,
  body: unknown = {},
  { as = 'agent', headers = { 'idempotency-key': 'k1' } as Record<string, string> } = {},
) {
  const answer = await gateway.app.inject({
    method: 'POST',
    url,
    headers: {
      authorization: `Bearer ${keyOf(as)}`,
      'content-type': 'application/json',
      ...headers,
    },
    payload: JSON.stringify(body),
  });
  return { status: answer.statusCode, headers: answer.headers, text: answer.body };
}

/** `<code>`, and for each violation its pointer and rule. */
function verdict({ text }: { text: string }): string {
  const { code, violations = [] } = JSON.parse(text) as {
    code: string;
    violations?: { pointer: string; rule: string }[];
  };
  return [code, ...violations.map(({ pointer, rule }) => `${pointer} ${rule}`)].join(' | ');
}

const asked = () => gateway.bus.asked.map(({ payload }) => payload);

describe('an operation on a payment', () => {
  it.each<[string, string, object, object]>([
    [
      'capture',
      'agent',
      { amount: 100 },
      { kind: 'capture', amountMinor: 100, activeMandates: ['mnd_a'] },
    ],
    ['capture', 'agent', {}, { kind: 'capture', amountMinor: null, activeMandates: ['mnd_a'] }],
    ['cancel', 'agent', {}, { kind: 'cancel' }],
    ['cancel', 'operator', {}, { kind: 'cancel' }],
    [
      'refunds',
      'agent',
      { amount: 7, reason: 'broken' },
      { kind: 'refund', amountMinor: 7, reason: 'broken' },
    ],
    [
      'refunds',
      'operator',
      { reason: 'broken' },
      { kind: 'refund', amountMinor: null, reason: 'broken' },
    ],
    ['approve', 'approver', {}, { kind: 'approve', fingerprint: null }],
    [
      'approve',
      'approver',
      { fingerprint: FINGERPRINT },
      { kind: 'approve', fingerprint: FINGERPRINT },
    ],
    ['deny', 'approver', { reason: 'too much' }, { kind: 'deny', reason: 'too much' }],
    ['deny', 'approver', {}, { kind: 'deny', reason: null }],
  ])('%s by the %s with %j is passed on as it is meant', async (name, as, body, operation) => {
    const answer = await post(`${PATH}/${name}`, body, { as });
    expect([answer.status, answer.text]).toEqual([200, DONE.body]);
    expect(gateway.bus.asked).toMatchObject([
      {
        subject: 'commands.payment_intent.operate',
        payload: {
          id: ID,
          path: `${PATH}/${name}`,
          idempotencyKey: 'k1',
          principal: { tenant: 'tnt_a', role: as },
          request: body,
          waitMs: 10_000,
          operation,
        },
      },
    ]);
  });

  it('waits as long as its caller prefers', async () => {
    const prefer = (text: string) => ({ headers: { 'idempotency-key': 'k1', prefer: text } });
    await post(`${PATH}/cancel`, {}, prefer('respond-async'));
    await post(`${PATH}/cancel`, {}, prefer('wait=3'));
    expect(asked()).toMatchObject([{ waitMs: 0 }, { waitMs: 3_000 }]);
  });

  it.each(['capture', 'cancel', 'refunds'])('%s needs an idempotency key', async (name) => {
    const refused = await post(`${PATH}/${name}`, { reason: 'x' }, { headers: {} });
    expect([refused.status, verdict(refused)]).toEqual([400, 'idempotency_key_required']);
    expect(asked()).toEqual([]);
  });

  it.each(['approve', 'deny'])('%s needs an idempotency key, too', async (name) => {
    const refused = await post(`${PATH}/${name}`, {}, { as: 'approver', headers: {} });
    expect(verdict(refused)).toBe('idempotency_key_required');
  });

  it.each<[string, unknown, string]>([
    ['capture', { amount: 0 }, 'validation_failed | /amount integer'],
    ['capture', { amount: 1.5 }, 'validation_failed | /amount integer'],
    ['capture', { amount: null }, 'validation_failed | /amount integer'],
    ['capture', { currency: 'USD' }, 'validation_failed | /currency unknown_field'],
    ['cancel', { reason: 'x' }, 'validation_failed | /reason unknown_field'],
    ['refunds', {}, 'validation_failed | /reason required'],
    ['refunds', { reason: '' }, 'validation_failed | /reason text'],
    ['refunds', { reason: 'x'.repeat(201) }, 'validation_failed | /reason text'],
    ['refunds', { reason: 'x', amount: '7' }, 'validation_failed | /amount integer'],
    ['approve', { fingerprint: 'ff' }, 'validation_failed | /fingerprint format'],
    ['deny', { reason: 'a\u0000b' }, 'validation_failed | /reason text'],
  ])('%s with %j is refused', async (name, body, expected) => {
    const as = name === 'approve' || name === 'deny' ? 'approver' : 'agent';
    expect(verdict(await post(`${PATH}/${name}`, body, { as }))).toBe(expected);
    expect(asked()).toEqual([]);
  });

  it('on what cannot be a payment finds nothing', async () => {
    const refused = await post('/v1/payment_intents/pi_x/cancel');
    expect([refused.status, verdict(refused)]).toEqual([404, 'not_found']);
  });

  it.each([
    [new BusError('timeout', 's', ''), 'overloaded'],
    [new BusError('failed', 's', 'disk', 'StoreUnavailableError'), 'store_unavailable'],
  ])('that got lost after %s says where to look and that the key is safe', async (error, code) => {
    gateway.bus.script['commands.payment_intent.operate'] = () => Promise.reject(error);
    const { text } = await post(`${PATH}/capture`);
    expect(JSON.parse(text)).toMatchObject({
      code,
      money_state: 'unknown',
      retry: { retryable: true, same_key: true },
      remedies: [{ type: 'fetch', actor: 'agent', url: PATH }],
    });
  });
});

describe('a suspended agent', () => {
  it('captures nothing', async () => {
    const refused = await post(`${PATH}/capture`, {}, { as: 'suspended' });
    expect([refused.status, verdict(refused)]).toEqual([403, 'agent_suspended']);
    expect(asked()).toEqual([]);
  });

  it.each([
    ['cancel', {}],
    ['refunds', { reason: 'broken' }],
  ])('may still give back: %s', async (name, body) => {
    expect((await post(`${PATH}/${name}`, body, { as: 'suspended' })).status).toBe(200);
    expect(asked()).toMatchObject([{ principal: { id: 'agt_suspended' } }]);
  });
});

describe('a payment with a reservation', () => {
  const item = { sku: 'B-1', quantity: 2 };
  const pay = (reservation: unknown) =>
    post('/v1/payment_intents', {
      ...{ amount: 1200, currency: 'USD', payee: { id: 'acme-books' } },
      ...{ payment_method: 'pm_sandbox_visa', order_reference: 'PO-1', reservation },
    });

  it('is passed on with what is to be reserved', async () => {
    const reservation = { participant: 'warehouse', items: [item] };
    await pay(reservation);
    expect(asked()).toMatchObject([{ request: { reservation } }]);
  });

  it.each<[unknown, string]>([
    ['warehouse', '/reservation object'],
    [null, '/reservation object'],
    [{ items: [item] }, '/reservation/participant required'],
    [{ participant: 'Ware House', items: [item] }, '/reservation/participant format'],
    [{ participant: 'warehouse' }, '/reservation/items required'],
    [{ participant: 'warehouse', items: [] }, '/reservation/items item_required'],
    [{ participant: 'warehouse', items: ['B-1'] }, '/reservation/items list'],
    [{ participant: 'warehouse', items: Array(101).fill(item) }, '/reservation/items list'],
    [
      { participant: 'warehouse', items: [{ ...item, quantity: 0 }] },
      '/reservation/items/0/quantity integer',
    ],
    [
      { participant: 'warehouse', items: [item, { ...item, quantity: 1.5 }] },
      '/reservation/items/1/quantity integer',
    ],
    [{ participant: 'warehouse', items: [{ quantity: 1 }] }, '/reservation/items/0/sku required'],
    [
      { participant: 'warehouse', items: [{ ...item, price: 1 }] },
      '/reservation/items/0/price unknown_field',
    ],
  ])('of %j is refused', async (reservation, expected) => {
    expect(verdict(await pay(reservation))).toBe(`validation_failed | ${expected}`);
    expect(asked()).toEqual([]);
  });
});

describe('the documentation', () => {
  it.each<[string, string[], string[]]>([
    ['', ['201', '202'], ['possible_duplicate', 'approval_denied', 'approval_expired']],
    [
      '/{id}/capture',
      ['200', '202'],
      ['agent_suspended', 'mandate_revoked', 'invalid_transition', 'amount_exceeds_capturable'],
    ],
    ['/{id}/cancel', ['200', '202'], ['invalid_transition', 'not_found']],
    ['/{id}/refunds', ['201', '202'], ['invalid_transition', 'amount_exceeds_refundable']],
    ['/{id}/approve', ['200'], ['forbidden', 'invalid_transition', 'approval_expired']],
    ['/{id}/deny', ['200'], ['forbidden', 'invalid_transition', 'approval_expired']],
  ])(
    'of payment_intents%s lists what it answers and why it refuses',
    async (path, answers, codes) => {
      const document = await gateway.app.inject({ method: 'GET', url: '/openapi.json' });
      const { paths } = document.json<{
        paths: Record<
          string,
          { post: { responses: Record<string, object>; parameters: object[] } }
        >;
      }>();
      const operation = paths[`/v1/payment_intents${path}`]?.post;
      expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(answers));
      const text = JSON.stringify(operation?.responses);
      const expected = [...codes, 'idempotency_key_required', 'idempotency_key_reused'];
      expect(expected.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
      expect(JSON.stringify(operation?.parameters).toLowerCase()).toContain('idempotency-key');
    },
  );
});
