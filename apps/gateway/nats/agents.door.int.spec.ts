import { type MsgHdrs, type NatsConnection as Client, connect, headers } from 'nats';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import { NatsConnection } from '#bus/nats';
import type { Answer } from '#contracts';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import { type Gateway, authenticate, keyOf, startGateway } from '../gateway.fixture.js';
import { AgentsDoor, AnonymousNatsError } from './agents.door.js';

const ID = `pi_${'a'.repeat(26)}`;
const PAYMENT = {
  amount: 1200,
  currency: 'USD',
  payee: { id: 'acme-books' },
  payment_method: 'pm_sandbox_visa',
  order_reference: 'PO-1',
};
const CREATED: Answer = {
  status: 201,
  body: '{"id":"pi_x", "status":"succeeded"}',
  headers: { 'content-type': 'application/json' },
};

let server: NatsServer;
let gateway: Gateway;
let connection: NatsConnection;
let client: Client;
beforeAll(async () => {
  [server, gateway] = await Promise.all([startNatsServer(), startGateway()]);
  const ports = {
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random: new SystemRandom(),
    trouble: gateway.trouble,
  };
  connection = await NatsConnection.open({ url: server.url, name: 'gateway' }, ports);
  await gateway.app.get(AgentsDoor).open(connection, { allowAnonymous: true });
  client = await connect({ servers: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  await client.close();
  await gateway.app.get(AgentsDoor).close(1_000);
  await connection.close();
  await gateway.app.close();
  await server.dispose();
});
beforeEach(() => {
  gateway.bus.asked.length = 0;
  gateway.trouble.reported.length = 0;
  gateway.bus.script = {
    'queries.access.authenticate': authenticate,
    'queries.access.identify': ({ tenant, agent }) => {
      const known = tenant === 'tnt_a' && ['agt_agent', 'agt_suspended'].includes(agent);
      const status = agent === 'agt_suspended' ? 'suspended' : 'active';
      const principal = { tenant, role: 'agent', id: agent, key: '' } as const;
      return known ? { principal, agent: { status, mandates: ['mnd_a'] } } : null;
    },
    'commands.payment_intent.create': () => CREATED,
    'commands.payment_intent.operate': () => ({ ...CREATED, status: 200 }),
  };
});

interface Asked {
  as?: string;
  headers?: Record<string, string> | MsgHdrs;
}

/** Sends a message as it is; without other headers, under the key `k1`. */
async function send(operation: string, payload: string | Uint8Array, asked: Asked = {}) {
  const { as = 'tnt_a.agt_agent', headers: named = { 'Idempotency-Key': 'k1' } } = asked;
  const sent = 'keys' in named && typeof named.keys === 'function' ? (named as MsgHdrs) : headers();
  if (sent !== named) for (const [name, value] of Object.entries(named)) sent.set(name, value);
  const reply = await client.request(`bursar.v1.${as}.${operation}`, payload, {
    timeout: 20_000,
    headers: sent,
  });
  const given = (name: string) => reply.headers?.get(name) ?? '';
  return {
    status: Number(given('Status')),
    text: reply.string(),
    header: given,
    body: reply.json<Record<string, unknown>>(),
  };
}

const ask = (operation: string, json: unknown, asked?: Asked) =>
  send(operation, JSON.stringify(json), asked);
const pay = (changes: object = {}, asked?: Asked) =>
  ask('payment_intents.create', { ...PAYMENT, ...changes }, asked);

function problemOf(answer: Awaited<ReturnType<typeof send>>): Record<string, unknown> {
  expect(answer.header('Content-Type'), answer.text).toBe('application/problem+json');
  expect(answer.body['status']).toBe(answer.status);
  expect(answer.header('Nats-Service-Error-Code')).toBe(String(answer.status));
  expect(answer.header('Nats-Service-Error')).toBe(answer.body['code']);
  return answer.body;
}

describe('the agents’ door on NATS', () => {
  it.each<[string, object, 'GET' | 'POST', string, object?]>([
    ['payment_intents.create', PAYMENT, 'POST', '/v1/payment_intents', PAYMENT],
    ['payment_intents.get', { id: ID }, 'GET', `/v1/payment_intents/${ID}`],
    [
      'payment_intents.list',
      { limit: 5, status: 'failed', cursor: 'c1' },
      'GET',
      '/v1/payment_intents?limit=5&status=failed&cursor=c1',
    ],
    ['payment_intents.explanation', { id: ID }, 'GET', `/v1/payment_intents/${ID}/explanation`],
    [
      'payment_intents.capture',
      { id: ID, amount: 7 },
      'POST',
      `/v1/payment_intents/${ID}/capture`,
      { amount: 7 },
    ],
    ['payment_intents.cancel', { id: ID }, 'POST', `/v1/payment_intents/${ID}/cancel`, {}],
    [
      'payment_intents.refund',
      { id: ID, reason: 'broken' },
      'POST',
      `/v1/payment_intents/${ID}/refunds`,
      { reason: 'broken' },
    ],
    [
      'payment_intents.operations',
      { idempotency_key: 'k 1' },
      'GET',
      '/v1/operations?idempotency_key=k%201',
    ],
    ['authority.get', {}, 'GET', '/v1/authority'],
    ['events.list', { after: 'evt_1', limit: 5 }, 'GET', '/v1/events?after=evt_1&limit=5'],
  ])('%s asks what HTTP asks, and answers the same', async (operation, json, method, url, body) => {
    Object.assign(gateway.bus.script, {
      'queries.payment_intent.get': () => ({ id: ID }),
      'queries.payment_intent.list': () => ({ data: [{ id: ID }], next_cursor: 'c2' }),
      'queries.payment_intent.explanation': () => ({ id: ID }),
      'queries.operations': () => ({ data: [], next_cursor: null }),
      'queries.authority': () => [],
      'queries.events': () => ({ data: [], next_cursor: 'evt_2' }),
    });
    const traced = { traceparent: `00-${'ab'.repeat(16)}-00f067aa0ba902b7-01`, prefer: 'wait=3' };
    const overHttp = await gateway.app.inject({
      method,
      url,
      headers: {
        ...traced,
        authorization: `Bearer ${keyOf('agent')}`,
        ...(method === 'POST' && {
          'idempotency-key': 'k1',
          'content-type': 'application/json',
        }),
      },
      ...(body && { payload: JSON.stringify(body) }),
    });
    const asked = structuredClone(gateway.bus.asked);
    gateway.bus.asked.length = 0;
    const { traceparent, prefer } = traced;
    const overNats = await ask(operation, json, {
      headers: {
        traceparent,
        Prefer: prefer,
        ...(method === 'POST' && { 'Idempotency-Key': '"k1"' }),
      },
    });
    const withoutKey = (each: { subject: string; payload: unknown }) => {
      const { principal, ...payload } = each.payload as { principal?: object };
      return {
        ...each,
        payload: { ...payload, ...(principal && { who: { ...principal, key: 0 } }) },
      };
    };
    const own = gateway.bus.asked.filter(({ subject }) => subject !== 'queries.access.identify');
    expect(own.map(withoutKey)).toEqual(asked.map(withoutKey));
    expect(own).toHaveLength(1);
    expect([overNats.status, overNats.text]).toEqual([overHttp.statusCode, overHttp.body]);
  });

  it('sends the answer as it is: its bytes, its status, its headers', async () => {
    const location = `/v1/payment_intents/${ID}`;
    gateway.bus.script['commands.payment_intent.create'] = () => ({
      ...CREATED,
      status: 202,
      headers: { location, 'idempotent-replayed': 'true' },
    });
    const answer = await pay();
    expect([answer.status, answer.text]).toEqual([202, CREATED.body]);
    expect(answer.header('Location')).toBe(location);
    expect(answer.header('Idempotent-Replayed')).toBe('true');
    expect(answer.header('Content-Type')).toBe('application/json');
    expect(answer.header('Nats-Service-Error-Code')).toBe('');
  });

  it('is told who asks by the subject, and by nothing that a message says', async () => {
    const lies = headers();
    for (const name of ['Authorization', 'Agent', 'Tenant', 'Bursar-Agent', 'Nats-Request-Info'])
      lies.set(name, `Bearer ${keyOf('operator')}`);
    lies.set('Idempotency-Key', 'k1');
    await pay({}, { headers: lies });
    expect(gateway.bus.asked.at(-1)?.payload).toMatchObject({
      principal: { tenant: 'tnt_a', role: 'agent', id: 'agt_agent' },
    });
    expect(problemOf(await pay({ agent: 'agt_other', tenant: 'tnt_b' }))['code']).toBe(
      'validation_failed',
    );
  });

  it.each([
    ['an agent that nobody knows', 'tnt_a.agt_nobody', 'unauthenticated', 401],
    ['an agent of another tenant', 'tnt_b.agt_agent', 'unauthenticated', 401],
    ['a tenant where the agent should be', 'agt_agent.tnt_a', 'unauthenticated', 401],
    ['a suspended agent', 'tnt_a.agt_suspended', 'agent_suspended', 403],
  ])('refuses %s', async (_name, as, code, status) => {
    const answer = await pay({}, { as });
    expect(problemOf(answer)).toMatchObject({ code, status, money_state: 'none' });
    const asked = gateway.bus.asked.map(({ subject }) => subject);
    expect(asked).toEqual(['queries.access.identify']);
  });

  it('lets a suspended agent cancel, as HTTP does, and not capture', async () => {
    const as = 'tnt_a.agt_suspended';
    expect((await ask('payment_intents.cancel', { id: ID }, { as })).status).toBe(200);
    const capture = await ask('payment_intents.capture', { id: ID }, { as });
    expect(problemOf(capture)['code']).toBe('agent_suspended');
  });

  it('says which field is wrong and why', async () => {
    const problem = problemOf(await pay({ amount: '12' }));
    expect(problem).toMatchObject({ code: 'validation_failed', instance: '/v1/payment_intents' });
    expect(problem['violations']).toMatchObject([{ pointer: '/amount', rule: 'integer' }]);
  });

  it('says when to come again', async () => {
    gateway.bus.script['commands.payment_intent.create'] = undefined;
    const answer = await pay();
    expect(problemOf(answer)).toMatchObject({ code: 'overloaded', money_state: 'none' });
    expect(answer.header('Retry-After')).toBe('1');
  });

  it('says that it does not know what became of it', async () => {
    gateway.bus.script['commands.payment_intent.create'] = () =>
      Promise.reject(new BusError('timeout', 's', ''));
    expect(problemOf(await pay())).toMatchObject({ code: 'overloaded', money_state: 'unknown' });
  });

  it('tells nothing of a defect but its trace', async () => {
    gateway.bus.script['queries.payment_intent.get'] = () => {
      throw new TypeError('secret detail');
    };
    const answer = await ask('payment_intents.get', { id: ID });
    expect(problemOf(answer)['code']).toBe('internal');
    expect(answer.text).not.toContain('secret');
    expect(gateway.trouble.reported.join()).toMatch(/trace [0-9a-f]{32}: TypeError: secret detail/);
  });

  describe('with hostile messages', () => {
    const text = JSON.stringify(PAYMENT);
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const key = { 'Idempotency-Key': 'k1' };
    const twice = headers();
    twice.append('Idempotency-Key', 'a');
    twice.append('idempotency-key', 'b');
    const cases: [string, string | Uint8Array, Record<string, string> | MsgHdrs, string][] = [
      ['nothing', '', key, 'validation_failed'],
      ['half a body', '{"amount":1', key, 'malformed_json'],
      ['what is no JSON', 'pay me', key, 'malformed_json'],
      ['two documents', `${text}${text}`, key, 'malformed_json'],
      ['a list', '[]', key, 'validation_failed'],
      ['null', 'null', key, 'validation_failed'],
      ['17 levels', nested(17), key, 'malformed_json'],
      ['30,000 levels', nested(30_000), key, 'malformed_json'],
      ['a name given twice', text.replace('{', '{"amount":1,'), key, 'malformed_json'],
      ['__proto__', text.replace('{', '{"__proto__":{"a":1},'), key, 'malformed_json'],
      ['bytes that are no UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), key, 'malformed_json'],
      [
        '70 kB',
        JSON.stringify({ ...PAYMENT, purpose: 'x'.repeat(70_000) }),
        key,
        'payload_too_large',
      ],
      ['a megabyte of brackets', '['.repeat(1_000_000), key, 'payload_too_large'],
      ['another type', text, { ...key, 'Content-Type': 'text/plain' }, 'validation_failed'],
      ['two types', text, { ...key, 'content-type': 'application/json, a/b' }, 'validation_failed'],
      ['a compressed body', text, { ...key, 'Content-Encoding': 'gzip' }, 'validation_failed'],
      ['no key', text, {}, 'idempotency_key_required'],
      ['an empty key', text, { 'Idempotency-Key': '' }, 'idempotency_key_invalid'],
      ['a long key', text, { 'Idempotency-Key': 'k'.repeat(256) }, 'idempotency_key_invalid'],
      ['two keys in two spellings', text, twice, 'idempotency_key_invalid'],
      ['headers without end', text, { ...key, Prefer: 'x'.repeat(20_000) }, 'validation_failed'],
    ];
    it.each(cases)('refuses %s', async (_name, payload, named, code) => {
      const answer = await send('payment_intents.create', payload, { headers: named });
      expect(problemOf(answer)).toMatchObject({ code, money_state: 'none' });
      expect(gateway.bus.asked.map(({ subject }) => subject)).toEqual(['queries.access.identify']);
    });

    it.each([
      [{}, 'validation_failed'],
      [{ id: 7 }, 'validation_failed'],
      [{ id: null }, 'validation_failed'],
      [[ID], 'validation_failed'],
      [{ id: '' }, 'not_found'],
      [{ id: `${ID}/../x` }, 'not_found'],
      [{ id: '\ud800' }, 'not_found'],
      [{ id: ID, surprise: 1 }, 'validation_failed'],
    ])('knows no payment in %j', async (json, code) => {
      const seen = await Promise.all(
        ['payment_intents.get', 'payment_intents.cancel', 'payment_intents.explanation'].map(
          async (operation) => problemOf(await ask(operation, json))['code'],
        ),
      );
      expect(new Set(seen)).toEqual(new Set([code]));
    });

    it.each([
      ['payment_intents.list', { limit: 0 }],
      ['payment_intents.list', { limit: 101 }],
      ['payment_intents.list', { limit: 1.5 }],
      ['payment_intents.list', { limit: [1, 2] }],
      ['payment_intents.list', { id: ID }],
      ['payment_intents.operations', {}],
      ['authority.get', { agent: 'agt_other' }],
    ])('refuses %s with %j', async (operation, json) => {
      expect(problemOf(await ask(operation, json))['code']).toBe('validation_failed');
    });
  });

  it('needs no message where there is nothing to say', async () => {
    gateway.bus.script['queries.authority'] = () => [];
    const answer = await send('authority.get', '');
    expect([answer.status, answer.text]).toEqual([200, '{"data":[],"next_cursor":null}']);
  });

  it('lists nothing of another agent', async () => {
    const answer = await ask('payment_intents.list', { agent: 'agt_other' });
    expect(answer.text).toBe('{"data":[],"next_cursor":null}');
  });

  it('answers a thousand at once, each its own', async () => {
    gateway.bus.script['commands.payment_intent.create'] = ({ idempotencyKey }) => ({
      ...CREATED,
      body: JSON.stringify({ id: idempotencyKey, status: 'succeeded' }),
    });
    const keys = Array.from({ length: 1_000 }, (_, index) => `key-${index}`);
    const answers = await Promise.all(
      keys.map((each) => pay({}, { headers: { 'Idempotency-Key': each } })),
    );
    expect(answers.map(({ body }) => body['id'])).toEqual(keys);
  });

  it('is found by who looks for services, with what each subject is for', async () => {
    const info = (await client.request('$SRV.INFO.bursar-gateway')).json<{
      endpoints: { subject: string; queue_group: string; metadata: object }[];
    }>();
    expect(info.endpoints).toHaveLength(10);
    expect(info.endpoints).toContainEqual({
      name: 'payment_intents-create',
      subject: 'bursar.v1.*.*.payment_intents.create',
      queue_group: 'gateway',
      metadata: { method: 'POST', path: '/v1/payment_intents', idempotency_key: 'required' },
    });
  });

  it('counts requests by operation, without the name of any agent', async () => {
    await pay();
    const metrics = await gateway.metrics.text();
    expect(metrics).toMatch(
      /bursar_nats_request_duration_seconds_count\{operation="payment_intents.create",status="201"\} [1-9]/,
    );
    expect(metrics).not.toContain('agt_');
  });

  it('does not open on a server that asks nobody who they are, unless that is wanted', async () => {
    const opened = gateway.app.get(AgentsDoor).open(connection);
    await expect(opened).rejects.toThrow(AnonymousNatsError);
  });
});
