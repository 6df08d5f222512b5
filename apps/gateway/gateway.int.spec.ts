import { type Socket, connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import { type Answer, PROBLEM_CODES, deriveId, operationKeyHash } from '#contracts';
import {
  type Gateway,
  ROLES,
  type RoleName,
  authenticate,
  keyOf,
  startGateway,
} from './gateway.fixture.js';

const PAYMENT = {
  amount: 1200,
  currency: 'USD',
  payee: { id: 'acme-books' },
  payment_method: 'pm_sandbox_visa',
  order_reference: 'PO-1',
};
const ID = `pi_${'a'.repeat(26)}`;
const CREATED: Answer = {
  status: 201,
  body: '{"id":"pi_x", "status":"succeeded"}',
  headers: { 'content-type': 'application/json' },
};

describe('the gateway', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway();
  });
  afterAll(() => gateway.app.close());
  beforeEach(() => {
    gateway.bus.asked.length = 0;
    gateway.trouble.reported.length = 0;
    gateway.bus.script = {
      'queries.access.authenticate': authenticate,
      'commands.payment_intent.create': () => CREATED,
    };
  });

  const call = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    options: {
      as?: string | null;
      headers?: Record<string, string>;
      payload?: string | Buffer;
    } = {},
  ) => {
    const { as = 'agent', headers = {}, payload } = options;
    const answer = await gateway.app.inject({
      method,
      url,
      headers: {
        ...(as !== null && { authorization: `Bearer ${keyOf(as)}` }),
        ...(method === 'POST' && {
          'idempotency-key': 'k1',
          'content-type': 'application/json',
        }),
        ...headers,
      },
      ...(payload !== undefined && { payload }),
    });
    return answer;
  };
  const pay = (changes: object = {}, options: Parameters<typeof call>[2] = {}) =>
    call('POST', '/v1/payment_intents', {
      payload: JSON.stringify({ ...PAYMENT, ...changes }),
      ...options,
    });
  const payBytes = (payload: string | Buffer, headers: Record<string, string> = {}) =>
    call('POST', '/v1/payment_intents', { payload, headers });
  const problemOf = (answer: Awaited<ReturnType<typeof call>>) => {
    expect(answer.headers['content-type'], answer.body).toBe('application/problem+json');
    const problem = answer.json<Record<string, unknown>>();
    expect(problem['status']).toBe(answer.statusCode);
    expect(problem['trace_id']).toMatch(/^[0-9a-f]{32}$/);
    return problem;
  };

  describe('with a payment request', () => {
    it('passes on who asks, the key, the path, the very JSON, the trace and the wait', async () => {
      const headers = {
        'idempotency-key': '"order 1"',
        traceparent: `00-${'ab'.repeat(16)}-00f067aa0ba902b7-01`,
        prefer: 'wait=3',
      };
      const answer = await pay({ amount: 1.0 }, { headers });
      expect(answer.statusCode).toBe(201);
      expect(gateway.bus.asked).toEqual([
        {
          subject: 'commands.payment_intent.create',
          payload: {
            principal: { tenant: 'tnt_a', role: 'agent', id: 'agt_agent', key: 'agent' },
            path: '/v1/payment_intents',
            idempotencyKey: 'order 1',
            request: { ...PAYMENT, amount: 1 },
            traceId: 'ab'.repeat(16),
            mandate: 'mnd_a',
            waitMs: 3000,
          },
        },
      ]);
    });

    it.each([
      [undefined, 10_000],
      ['respond-async', 0],
      ['wait=0', 0],
      ['wait=99', 30_000],
      ['respond-async, wait=5', 5_000],
      ['handling=lenient; foo, wait="7"', 7_000],
      ['wait=soon', 10_000],
    ])('reads the preference %s as %i ms', async (prefer, waitMs) => {
      await pay({}, { headers: prefer === undefined ? {} : { prefer } });
      expect(gateway.bus.asked[0]?.payload).toMatchObject({ waitMs });
    });

    it("takes the named mandate, or the agent's only one, or none of several", async () => {
      await pay({ mandate: 'mnd_x' });
      await pay({}, { as: 'two' });
      expect(gateway.bus.asked.map(({ payload }) => payload)).toMatchObject([
        { mandate: 'mnd_x' },
        { mandate: null },
      ]);
    });

    it('sends the answer as it is: its bytes, its headers', async () => {
      const headers = { location: `/v1/payment_intents/${ID}`, 'idempotent-replayed': 'true' };
      gateway.bus.script['commands.payment_intent.create'] = () => ({
        ...CREATED,
        status: 202,
        headers,
      });
      const answer = await pay();
      expect(answer.statusCode).toBe(202);
      expect(answer.body).toBe(CREATED.body);
      expect(answer.headers).toMatchObject({
        ...headers,
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
    });

    it('completes the headers of a problem that comes without', async () => {
      const body = '{"code":"no_processor_available","retry":{"after_ms":4001}}';
      gateway.bus.script['commands.payment_intent.create'] = () => ({
        status: 503,
        body,
        headers: {},
      });
      const answer = await pay();
      expect(answer.body).toBe(body);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'retry-after': '5',
      });
    });

    it('is 503 with nothing begun when nobody takes it', async () => {
      gateway.bus.script['commands.payment_intent.create'] = undefined;
      const answer = await pay();
      expect(problemOf(answer)).toMatchObject({
        code: 'overloaded',
        money_state: 'none',
        retry: { retryable: true, same_key: true, after_ms: 1000 },
      });
      expect(answer.headers['retry-after']).toBe('1');
    });

    it.each([
      [new BusError('timeout', 's', ''), 'overloaded'],
      [new BusError('failed', 's', 'disk', 'StoreUnavailableError'), 'store_unavailable'],
      [new BusError('failed', 's', 'secret detail', 'TypeError'), 'internal'],
    ])('says that it does not know what became of it after %s', async (error, code) => {
      gateway.bus.script['commands.payment_intent.create'] = () => Promise.reject(error);
      const answer = await pay();
      const id = `pi_${deriveId('tnt_a', 'agt_agent', 'POST', '/v1/payment_intents', 'k1')}`;
      expect(problemOf(answer)).toMatchObject({
        code,
        money_state: 'unknown',
        retry: { retryable: true, same_key: true },
        remedies: [{ type: 'fetch', actor: 'agent', url: `/v1/payment_intents/${id}` }],
      });
      expect(answer.body).not.toContain('secret detail');
      expect(gateway.trouble.reported.join()).toContain(error.message);
    });

    it('refuses a suspended agent before anything is asked', async () => {
      expect(problemOf(await pay({}, { as: 'suspended' }))).toMatchObject({
        code: 'agent_suspended',
        money_state: 'none',
      });
      expect(gateway.bus.asked).toEqual([]);
    });
  });

  describe('with hostile input', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    const text = JSON.stringify(PAYMENT);
    const cases: [string, string | Buffer, Record<string, string>, string][] = [
      ['no body', '', {}, 'malformed_json'],
      ['half a body', '{"amount":1', {}, 'malformed_json'],
      ['a trailing comma', '{"amount":1,}', {}, 'malformed_json'],
      ['two documents', `${text}${text}`, {}, 'malformed_json'],
      ['a byte order mark', `\ufeff${text}`, {}, 'malformed_json'],
      ['a list', '[]', {}, 'validation_failed'],
      ['17 levels', nested(17), {}, 'malformed_json'],
      ['16 levels', nested(16), {}, 'validation_failed'],
      ['30,000 levels', nested(30_000), {}, 'malformed_json'],
      ['50,000 open levels', '['.repeat(50_000), {}, 'malformed_json'],
      [
        'brackets in a string',
        JSON.stringify({ a: `"${'['.repeat(99)}\\` }),
        {},
        'validation_failed',
      ],
      ['a name given twice', text.replace('{', '{"amount":1,'), {}, 'malformed_json'],
      [
        'a name given twice, once escaped',
        text.replace('{', '{"\\u0061mount":1,'),
        {},
        'malformed_json',
      ],
      ['__proto__', text.replace('{', '{"__proto__":{"a":1},'), {}, 'malformed_json'],
      ['constructor', text.replace('{', '{"constructor":{"a":1},'), {}, 'validation_failed'],
      [
        '70 kB',
        JSON.stringify({ ...PAYMENT, purpose: 'x'.repeat(70_000) }),
        {},
        'payload_too_large',
      ],
      ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 'malformed_json'],
      [
        'a form',
        'amount=1',
        { 'content-type': 'application/x-www-form-urlencoded' },
        'validation_failed',
      ],
      [
        'another character set',
        text,
        { 'content-type': 'application/json; charset=latin1' },
        'validation_failed',
      ],
      ['no media type', text, { 'content-type': 'json' }, 'validation_failed'],
      ['a compressed body', text, { 'content-encoding': 'gzip' }, 'validation_failed'],
      ['an empty key', text, { 'idempotency-key': '' }, 'idempotency_key_invalid'],
      ['a long key', text, { 'idempotency-key': 'k'.repeat(256) }, 'idempotency_key_invalid'],
    ];
    it.each(cases)('refuses %s', async (_name, bytes, headers, code) => {
      expect(problemOf(await payBytes(bytes, headers))).toMatchObject({
        code,
        money_state: 'none',
        instance: '/v1/payment_intents',
      });
      expect(gateway.bus.asked).toEqual([]);
    });

    it('says which field is wrong and why', async () => {
      const problem = problemOf(await pay({ amount: '12', surprise: 1 }));
      expect(problem['violations']).toEqual([
        { pointer: '/surprise', rule: 'unknown_field', detail: 'This field is not known here.' },
        {
          pointer: '/amount',
          rule: 'integer',
          detail: 'This field must be an integer from 1 to 2^53 - 1, in minor units.',
        },
      ]);
    });

    it('takes JSON that names UTF-8', async () => {
      const answer = await payBytes(text, { 'content-type': 'application/json; charset=UTF-8' });
      expect(answer.statusCode).toBe(201);
    });

    it.each([
      ['GET', '/v1/nothing', 'not_found'],
      ['DELETE', '/v1/payment_intents', 'not_found'],
      ['GET', '/v1/payment_intents/', 'not_found'],
      ['GET', '/%zz', 'validation_failed'],
      ['GET', `/v1/payment_intents/${'x'.repeat(500)}`, 'not_found'],
      ['GET', '/v1/payment_intents/..%2Fx', 'not_found'],
      ['GET', '/v1/payment_intents/nonsense/explanation', 'not_found'],
    ] as const)('answers %s %s with %s', async (method, url, code) => {
      expect(problemOf(await call(method, url))['code']).toBe(code);
    });

    it('tells nothing of a defect but its trace', async () => {
      gateway.bus.script['queries.payment_intent.get'] = () => {
        throw new TypeError('secret detail');
      };
      const answer = await call('GET', `/v1/payment_intents/${ID}`);
      expect(problemOf(answer)).toMatchObject({ code: 'internal' });
      expect(answer.body).not.toContain('secret');
      expect(gateway.trouble.reported.join()).toMatch(
        /trace [0-9a-f]{32}: TypeError: secret detail/,
      );
    });
  });

  describe('on a socket', () => {
    const raw = async (bytes: string): Promise<string> => {
      if (!gateway.app.getHttpServer().listening) await gateway.app.listen(0, '127.0.0.1');
      const { port } = gateway.app.getHttpServer().address() as { port: number };
      return new Promise((resolve, reject) => {
        let received = '';
        const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
        socket.on('data', (chunk) => (received += chunk.toString()));
        socket.once('error', reject);
        socket.once('close', () => resolve(received));
      });
    };

    it('answers what is not HTTP with a problem and closes', async () => {
      const received = await raw('PAY ME\r\n\r\n');
      expect(received).toMatch(
        /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"validation_failed"/,
      );
    });

    it('closes what it refused, also to somebody who keeps the other half open', async () => {
      if (!gateway.app.getHttpServer().listening) await gateway.app.listen(0, '127.0.0.1');
      const server = gateway.app.getHttpServer();
      const { port } = server.address() as { port: number };
      const closed = new Promise((resolve) => {
        server.once('connection', (connection: Socket) => connection.once('close', resolve));
      });
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.on('error', () => socket.destroy());
      socket.resume().write('PAY ME\r\n\r\n');
      await closed;
      socket.destroy();
    });

    it('refuses a request without a host with a problem', async () => {
      const received = await raw('GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n');
      expect(received).toMatch(
        /^HTTP\/1\.1 400 [^]*application\/problem\+json[^]*"validation_failed"/,
      );
    });

    it('ignores an expectation that nobody knows', async () => {
      const received = await raw(
        'GET /healthz HTTP/1.1\r\nhost: b\r\nexpect: wonders\r\nconnection: close\r\n\r\n',
      );
      expect(received).toMatch(/^HTTP\/1\.1 200 /);
    });

    it('refuses two keys on one request, which Node would join', async () => {
      const body = JSON.stringify(PAYMENT);
      const received = await raw(
        [
          'POST /v1/payment_intents HTTP/1.1',
          'host: b',
          'connection: close',
          'content-type: application/json',
          `authorization: Bearer ${keyOf('agent')}`,
          'idempotency-key: a',
          'idempotency-key: b',
          `content-length: ${body.length}`,
          '',
          body,
        ].join('\r\n'),
      );
      expect(received).toContain('"idempotency_key_invalid"');
    });
  });

  describe('with credentials', () => {
    it.each([
      [{}],
      [{ authorization: '' }],
      [{ authorization: 'Bearer' }],
      [{ authorization: 'Basic YTpi' }],
      [{ authorization: `Bearer ${keyOf('agent')}x` }],
      [{ authorization: `Bearer ${keyOf('agent').slice(0, -1)}` }],
      [{ authorization: `Bearer ${'k'.repeat(5_000)}` }],
    ] as [Record<string, string>][])(
      'that are none or wrong, %j, asks for some, before it reads the body',
      async (headers) => {
        const answer = await call('POST', '/v1/payment_intents', {
          as: null,
          headers,
          payload: '{',
        });
        expect(problemOf(answer)).toMatchObject({
          code: 'unauthenticated',
          detail: 'A valid API key is required as Bearer token.',
        });
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
      },
    );

    const PEOPLE: RoleName[] = ['operator', 'auditor'];
    const READERS: RoleName[] = ['agent', 'operator', 'approver', 'auditor'];
    const routes: ['GET' | 'POST', string, RoleName[]][] = [
      ['POST', '/v1/payment_intents', ['agent']],
      ['GET', '/v1/payment_intents', READERS],
      ['GET', `/v1/payment_intents/${ID}`, READERS],
      ['GET', `/v1/payment_intents/${ID}/events`, PEOPLE],
      ['GET', `/v1/payment_intents/${ID}/explanation`, READERS],
      ['POST', `/v1/payment_intents/${ID}/capture`, ['agent']],
      ['POST', `/v1/payment_intents/${ID}/cancel`, ['agent', 'operator']],
      ['POST', `/v1/payment_intents/${ID}/refunds`, ['agent', 'operator']],
      ['POST', `/v1/payment_intents/${ID}/approve`, ['approver']],
      ['POST', `/v1/payment_intents/${ID}/deny`, ['approver']],
      ['GET', '/v1/operations?idempotency_key=k', ['agent']],
      ['GET', '/v1/authority', ['agent']],
      ['POST', '/v1/agents', ['operator']],
      ['POST', '/v1/agents/agt_a/keys', ['operator']],
      ['POST', '/v1/agents/agt_a/keys/k1/revoke', ['operator']],
      ['POST', '/v1/agents/agt_a/suspend', ['operator']],
      ['POST', '/v1/agents/agt_a/resume', ['operator']],
      ['POST', '/v1/mandates', ['operator']],
      ['POST', '/v1/mandates/mnd_a/revoke', ['operator']],
      ['GET', '/v1/events', ['agent', 'operator']],
      ['GET', '/v1/ledger/entries', PEOPLE],
      ['GET', '/v1/ledger/accounts', PEOPLE],
      ['GET', '/v1/processors', PEOPLE],
      ['GET', '/v1/processors/one/reconciliation', PEOPLE],
      ['GET', '/v1/parked', PEOPLE],
      ['POST', `/v1/parked/${ID}/retry`, ['operator']],
    ];
    it.each(routes)('lets to %s %s only %j', async (method, url, allowed) => {
      const refused: string[] = [];
      for (const role of ROLES) {
        const answer = await call(method, url, {
          as: role,
          ...(method === 'POST' && { payload: '{}' }),
        });
        if (answer.statusCode === 403) refused.push(role);
      }
      expect(refused).toEqual(ROLES.filter((role) => !allowed.includes(role)));
    });
  });

  describe('with reads', () => {
    it('asks for what is the caller’s: an agent its own, people their tenant’s', async () => {
      gateway.bus.script['queries.payment_intent.get'] = ({ agent }) => ({ agent });
      const own = await call('GET', `/v1/payment_intents/${ID}`);
      const all = await call('GET', `/v1/payment_intents/${ID}`, { as: 'auditor' });
      expect([own.json(), all.json()]).toEqual([{ agent: 'agt_agent' }, { agent: null }]);
      expect(gateway.bus.asked[0]?.payload).toEqual({
        tenant: 'tnt_a',
        agent: 'agt_agent',
        id: ID,
      });
    });

    describe('about the books of a processor', () => {
      const url = '/v1/processors/one/reconciliation';
      const nothing = { failure: null, ours: 7, theirs: null, counts: {}, unexpected: 0 };
      beforeEach(() => {
        gateway.bus.script['effects.reconciliation.run'] = ({ processor, window }) =>
          processor === 'one'
            ? { processor, window, asOfMs: window.toMs, ...nothing, differences: [] }
            : null;
      });
      const asked = () => gateway.bus.asked.at(-1)?.payload;

      it('has them compared for the time that is asked for, and shows what is the tenant’s', async () => {
        const times = 'from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z';
        const answer = await call('GET', `${url}?${times}`, { as: 'auditor' });
        expect(answer.json()).toMatchObject({
          object: 'reconciliation',
          from: '2026-03-01T00:00:00.000Z',
          status: 'completed',
          records: 7,
        });
        const window = { fromMs: Date.UTC(2026, 2, 1), toMs: Date.UTC(2026, 2, 2) };
        expect(asked()).toEqual({ processor: 'one', window, tenant: 'tnt_a', limit: 1_000 });
      });

      it('means the last day without a time', async () => {
        await call('GET', url, { as: 'operator' });
        const { window } = asked() as { window: { fromMs: number; toMs: number } };
        expect(window.toMs - window.fromMs).toBe(86_400_000);
      });

      it.each([
        '?from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z',
        '?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z',
        '?from=yesterday',
        '?since=2026-01-01T00:00:00Z',
      ])('refuses %s', async (query) => {
        const answer = await call('GET', `${url}${query}`, { as: 'operator' });
        expect(problemOf(answer)['code']).toBe('validation_failed');
        expect(gateway.bus.asked).toEqual([]);
      });

      it.each(['two', '..', 'a%00b'])('knows no processor %s', async (name) => {
        const path = `/v1/processors/${name}/reconciliation`;
        expect(problemOf(await call('GET', path, { as: 'operator' }))['code']).toBe('not_found');
      });
    });

    it('does not find what is not there for the caller', async () => {
      gateway.bus.script['queries.payment_intent.get'] = () => null;
      expect(problemOf(await call('GET', `/v1/payment_intents/${ID}`))['code']).toBe('not_found');
    });

    it('passes filters and cursors on, and lists nothing of another agent', async () => {
      gateway.bus.script['queries.payment_intent.list'] = () => ({ data: [], next_cursor: 'c2' });
      const page = await call('GET', '/v1/payment_intents?limit=5&cursor=c1&status=failed');
      expect(page.json()).toEqual({ data: [], next_cursor: 'c2' });
      expect(gateway.bus.asked[0]?.payload).toEqual({
        tenant: 'tnt_a',
        agent: 'agt_agent',
        status: 'failed',
        payee: null,
        createdAfter: null,
        createdBefore: null,
        limit: 5,
        cursor: 'c1',
      });
      const other = await call('GET', '/v1/payment_intents?agent=agt_other');
      expect(other.json()).toEqual({ data: [], next_cursor: null });
      expect(gateway.bus.asked).toHaveLength(1);
    });

    it.each([
      'limit=0',
      'limit=101',
      'limit=1&limit=2',
      'surprise=1',
      'status=rich',
      'created_after=x',
    ])('refuses the query %s', async (query) => {
      const problem = problemOf(await call('GET', `/v1/payment_intents?${query}`));
      expect(problem['code']).toBe('validation_failed');
    });

    it('refuses a cursor that the read side does not know', async () => {
      gateway.bus.script['queries.payment_intent.list'] = () =>
        Promise.reject(new BusError('failed', 's', 'invalid_cursor', 'InvalidCursorError'));
      const problem = problemOf(await call('GET', '/v1/payment_intents?cursor=nonsense'));
      expect(problem).toMatchObject({
        code: 'validation_failed',
        violations: [{ pointer: '/cursor' }],
      });
      expect(gateway.trouble.reported, "a caller's mistake is no trouble of ours").toEqual([]);
    });

    it('reads events from a revision, or on from a cursor', async () => {
      gateway.bus.script['queries.payment_intent.events'] = ({ fromRevision, limit }) => ({
        data: [fromRevision, limit],
      });
      const url = `/v1/payment_intents/${ID}/events`;
      const from = await call('GET', `${url}?from_revision=7`, { as: 'auditor' });
      const on = await call('GET', `${url}?from_revision=7&cursor=9&limit=2`, { as: 'auditor' });
      expect([from.json(), on.json()]).toEqual([{ data: [7, 100] }, { data: [9, 2] }]);
    });

    it('reads what the world is told after an event, or on from a cursor: agents about their own payments', async () => {
      gateway.bus.script['queries.events'] = () => ({ data: [], next_cursor: 'evt_2' });
      const page = await call('GET', '/v1/events');
      expect(page.json()).toEqual({ data: [], next_cursor: 'evt_2' });
      await call('GET', '/v1/events?after=evt_1&limit=5', { as: 'operator' });
      await call('GET', '/v1/events?after=evt_1&cursor=evt_2', { as: 'operator' });
      expect(gateway.bus.asked.map(({ payload }) => payload)).toEqual([
        { tenant: 'tnt_a', agent: 'agt_agent', after: null, limit: 20 },
        { tenant: 'tnt_a', agent: null, after: 'evt_1', limit: 5 },
        { tenant: 'tnt_a', agent: null, after: 'evt_2', limit: 20 },
      ]);
    });

    it.each([
      ['after=7', '/after'],
      ['after=evt_unknown', '/after'],
      ['cursor=evt_unknown', '/cursor'],
      ['after=evt_1&cursor=evt_unknown', '/cursor'],
      ['limit=101', '/limit'],
      ['agent=agt_other', '/agent'],
    ])('refuses the question for events %s', async (query, pointer) => {
      gateway.bus.script['queries.events'] = () =>
        Promise.reject(new BusError('failed', 's', 'invalid_cursor', 'InvalidCursorError'));
      const problem = problemOf(await call('GET', `/v1/events?${query}`));
      expect(problem).toMatchObject({ code: 'validation_failed', violations: [{ pointer }] });
      expect(gateway.trouble.reported, "a caller's mistake is no trouble of ours").toEqual([]);
    });

    it('looks operations up by the hash of the key, quoted or not', async () => {
      gateway.bus.script['queries.operations'] = () => ({ data: [], next_cursor: null });
      await call('GET', '/v1/operations?idempotency_key=k%201');
      await call('GET', '/v1/operations?idempotency_key=%22k%201%22');
      const payload = { tenant: 'tnt_a', keyHash: operationKeyHash('tnt_a', 'agt_agent', 'k 1') };
      expect(gateway.bus.asked.map((asked) => asked.payload)).toEqual([payload, payload]);
    });

    it('shows limits in the names of the wire', async () => {
      const limit = { rule: 'lifetime', currency: 'USD', limit: 9, used: 1, held: 2, remaining: 6 };
      gateway.bus.script['queries.authority'] = () => [
        { mandate: 'mnd_a', status: 'active', limits: [{ ...limit, resetsAt: null }] },
      ];
      expect((await call('GET', '/v1/authority')).json()).toEqual({
        data: [
          {
            object: 'authority',
            mandate: 'mnd_a',
            status: 'active',
            limits: [{ ...limit, resets_at: null }],
          },
        ],
        next_cursor: null,
      });
    });
  });

  describe('with operations of people', () => {
    it('spells the path of an operation one way, and takes none as an empty body', async () => {
      gateway.bus.script['commands.agent.suspend'] = () => ({ ...CREATED, status: 200 });
      const answer = await gateway.app.inject({
        method: 'POST',
        url: '/v1/agents/agt%5Fa/suspend',
        headers: { authorization: `Bearer ${keyOf('operator')}`, 'idempotency-key': 'k' },
      });
      expect(answer.statusCode, answer.body).toBe(200);
      expect(gateway.bus.asked[0]?.payload).toMatchObject({
        path: '/v1/agents/agt_a/suspend',
        agent: 'agt_a',
        request: {},
      });
    });

    it('grants a mandate with the terms as they came', async () => {
      gateway.bus.script['commands.mandate.grant'] = () => CREATED;
      const terms = { agent: 'agt_a', limits: { lifetime: { USD: 1 } } };
      await call('POST', '/v1/mandates', { as: 'operator', payload: JSON.stringify(terms) });
      expect(gateway.bus.asked[0]?.payload).toMatchObject({ terms, request: terms });
    });
  });

  describe('for those who run it', () => {
    it('is alive whenever it answers, and ready when nothing is waited for', async () => {
      gateway.readiness.waitingFor = ['projections'];
      const [alive, waiting] = [
        await call('GET', '/healthz', { as: null }),
        await call('GET', '/readyz', { as: null }),
      ];
      gateway.readiness.waitingFor = [];
      const ready = await call('GET', '/readyz', { as: null });
      expect([alive.statusCode, waiting.statusCode, ready.statusCode]).toEqual([200, 503, 200]);
      expect(waiting.json()).toEqual({ status: 'not_ready', reasons: ['projections'] });
    });

    it('counts requests by route and payments by outcome, replays apart', async () => {
      await pay();
      gateway.bus.script['commands.payment_intent.create'] = () => ({
        ...CREATED,
        body: '{"status":"failed"}',
        headers: { 'idempotent-replayed': 'true' },
      });
      await pay();
      const { headers, body } = await call('GET', '/metrics', { as: null });
      expect(headers['content-type']).toMatch(/^text\/plain/);
      expect(body).toMatch(/^bursar_payments_total\{outcome="succeeded"\} [1-9]/m);
      expect(body).not.toContain('outcome="failed"');
      expect(body).toMatch(/route="\/v1\/payment_intents",status="201"/);
      expect(body).not.toContain('agt_');
    });

    it('documents every route and every problem code, with references that lead somewhere', async () => {
      const document = (await call('GET', '/openapi.json', { as: null })).json<{
        openapi: string;
        paths: Record<string, object>;
      }>();
      expect(document.openapi).toBe('3.1.0');
      expect(Object.keys(document.paths).toSorted()).toEqual([
        '/v1/agents',
        '/v1/agents/{id}/keys',
        '/v1/agents/{id}/keys/{key_id}/revoke',
        '/v1/agents/{id}/resume',
        '/v1/agents/{id}/suspend',
        '/v1/authority',
        '/v1/events',
        '/v1/ledger/accounts',
        '/v1/ledger/entries',
        '/v1/mandates',
        '/v1/mandates/{id}/revoke',
        '/v1/operations',
        '/v1/parked',
        '/v1/parked/{id}/retry',
        '/v1/payment_intents',
        '/v1/payment_intents/{id}',
        '/v1/payment_intents/{id}/approve',
        '/v1/payment_intents/{id}/cancel',
        '/v1/payment_intents/{id}/capture',
        '/v1/payment_intents/{id}/deny',
        '/v1/payment_intents/{id}/events',
        '/v1/payment_intents/{id}/explanation',
        '/v1/payment_intents/{id}/refunds',
        '/v1/payment_methods',
        '/v1/payment_methods/{id}',
        '/v1/processors',
        '/v1/processors/{name}/reconciliation',
        '/v1/quotes',
        '/v1/quotes/{id}',
        '/v1/webhook_endpoints',
        '/v1/webhook_endpoints/{id}',
        '/v1/webhook_endpoints/{id}/deliveries',
        '/v1/webhook_endpoints/{id}/disable',
        '/v1/webhook_endpoints/{id}/enable',
        '/v1/webhook_endpoints/{id}/resend',
        '/v1/webhook_endpoints/{id}/rotate_secret',
        '/webhooks/{processor}',
      ]);
      const text = JSON.stringify(document);
      expect(PROBLEM_CODES.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
      const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)];
      expect(references.length).toBeGreaterThan(20);
      for (const [, path = ''] of references) {
        const target = path
          .split('/')
          .reduce<unknown>((at, name) => (at as Record<string, unknown>)?.[name], document);
        expect(target, path).toBeDefined();
      }
    });

    it('documents requests as they are checked', async () => {
      const { components } = (await call('GET', '/openapi.json', { as: null })).json<{
        components: { schemas: Record<string, { properties: object; required: string[] }> };
      }>();
      const request = components.schemas['PaymentIntentRequest'];
      expect(request?.required).toEqual([
        'amount',
        'currency',
        'payee',
        'payment_method',
        'order_reference',
      ]);
      expect(request?.properties).toMatchObject({
        amount: { type: 'integer', minimum: 1, maximum: 2 ** 53 - 1 },
        order_reference: { type: 'string', maxLength: 128 },
        payee: { $ref: '#/components/schemas/PayeeRequest' },
      });
    });

    it('has a page to read the documentation, which needs nothing from elsewhere', async () => {
      const page = await call('GET', '/docs', { as: null });
      expect(page.headers['content-type']).toMatch(/^text\/html/);
      expect(page.body).toContain('Bursar');
      expect(page.body).not.toMatch(/(src|href)="https?:/);
      const script = await call('GET', '/docs/swagger-ui-bundle.js', { as: null });
      expect(script.statusCode).toBe(200);
    });
  });
});
