import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Gateway, authenticate, keyOf, startGateway } from './gateway.fixture.js';

const ID = `whe_${'a'.repeat(26)}`;
const PATH = '/v1/webhook_endpoints';
const ONE = `${PATH}/${ID}`;
const ANSWER = { status: 201, body: '{"id":"whe_1"}', headers: {} };
const BODY = { url: 'https://hooks.example/bursar' };

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.app.close());
beforeEach(() => {
  gateway.bus.asked.length = 0;
  gateway.bus.script = {
    'queries.access.authenticate': authenticate,
    'queries.webhook_endpoints.admission': () => ({ known: false, count: 0 }),
    'queries.webhook_endpoints.get': () => ({ id: ID }),
    'queries.webhook_endpoints.list': () => ({ data: [], next_cursor: null }),
    'queries.webhook_endpoints.deliveries': () => ({ data: [], next_cursor: null }),
    'queries.webhook_endpoints.told': () => [
      { id: 'evt_1', position: 7, payment: 'pi_1', body: '{}' },
    ],
    'effects.webhooks.check': () => null,
    'commands.webhook_endpoint.register': () => ANSWER,
    'commands.webhook_endpoint.operate': () => ({ ...ANSWER, status: 200 }),
  };
});

interface Asking {
  as?: string;
  body?: object;
  key?: string | null;
}

async function ask(
  method: 'GET' | 'POST' | 'DELETE',
  url: string,
  { as = 'agent', body, key = 'k-1' }: Asking = {},
) {
  const answer = await gateway.app.inject({
    ...{ method, url },
    headers: {
      authorization: `Bearer ${keyOf(as)}`,
      ...(key !== null && method === 'POST' && { 'idempotency-key': key }),
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { payload: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const askedFor = (subject: string) =>
  gateway.bus.asked.filter((each) => each.subject === subject).map(({ payload }) => payload);

describe('the routes of webhook endpoints', () => {
  it.each([
    ['POST', PATH, BODY],
    ['GET', PATH],
    ['GET', ONE],
    ['DELETE', ONE],
    ['POST', `${ONE}/rotate_secret`],
    ['POST', `${ONE}/enable`],
    ['POST', `${ONE}/disable`],
    ['POST', `${ONE}/resend`, { event: 'evt_1' }],
    ['GET', `${ONE}/deliveries`],
  ] as ['GET' | 'POST' | 'DELETE', string, object?][])(
    'let to %s %s agents and operators only',
    async (method, url, body) => {
      const statuses: Record<string, number> = {};
      for (const as of ['agent', 'operator', 'approver', 'auditor'])
        statuses[as] = (await ask(method, url, { as, body })).status;
      expect(statuses).toMatchObject({ approver: 403, auditor: 403 });
      expect([200, 201]).toContain(statuses['agent']);
      expect([200, 201]).toContain(statuses['operator']);
    },
  );

  it('register an agent’s for its own payments, and a person’s for the tenant’s', async () => {
    expect((await ask('POST', PATH, { body: { ...BODY, description: 'ours' } })).status).toBe(201);
    await ask('POST', PATH, { as: 'operator', body: BODY });
    expect(askedFor('commands.webhook_endpoint.register')).toMatchObject([
      { agent: 'agt_agent', url: BODY.url, description: 'ours', path: PATH, idempotencyKey: 'k-1' },
      { agent: null, url: BODY.url, description: null },
    ]);
    expect(askedFor('queries.webhook_endpoints.admission')).toMatchObject([
      { tenant: 'tnt_a', agent: 'agt_agent' },
      { tenant: 'tnt_a', agent: null },
    ]);
  });

  it.each([
    [{}, '/url'],
    [{ url: 7 }, '/url'],
    [{ url: '' }, '/url'],
    [{ url: 'hooks.example' }, '/url'],
    [{ url: 'ftp://hooks.example/' }, '/url'],
    [{ url: 'https:hooks.example' }, '/url'],
    [{ url: 'https://user:secret@hooks.example/' }, '/url'],
    [{ url: 'https://@hooks.example/' }, '/url'],
    [{ url: 'https://hooks.example/#part' }, '/url'],
    [{ url: 'https://hooks.example/ x' }, '/url'],
    [{ url: 'https://hooks.example/\u0000' }, '/url'],
    [{ url: 'https://１２７.0.0.1/' }, '/url'],
    [{ url: `https://hooks.example/${'x'.repeat(2_048)}` }, '/url'],
    [{ url: 'https://[::1/' }, '/url'],
    [{ ...BODY, description: 'x'.repeat(201) }, '/description'],
    [{ ...BODY, secret: 'whsec_mine' }, '/secret'],
    [{ ...BODY, agent: 'agt_other' }, '/agent'],
  ])('refuse %j', async (body, pointer) => {
    const refused = await ask('POST', PATH, { body });
    expect(refused).toMatchObject({
      ...{ status: 400, body: { code: 'validation_failed', violations: [{ pointer }] } },
    });
    expect(askedFor('commands.webhook_endpoint.register')).toEqual([]);
  });

  it('refuse where nothing may be sent to, with the reason, unless it was registered before', async () => {
    gateway.bus.script['effects.webhooks.check'] = () => ({
      ...{ rule: 'address', detail: 'must lead to a host of the internet' },
    });
    expect(await ask('POST', PATH, { body: BODY })).toMatchObject({
      status: 400,
      body: {
        code: 'validation_failed',
        violations: [{ pointer: '/url', rule: 'address' }],
        detail: expect.stringContaining('/url: This field must lead') as string,
      },
    });
    gateway.bus.script['queries.webhook_endpoints.admission'] = () => ({ known: true, count: 20 });
    expect((await ask('POST', PATH, { body: BODY })).status).toBe(201);
  });

  it('have twenty endpoints at most for each', async () => {
    gateway.bus.script['queries.webhook_endpoints.admission'] = () => ({ known: false, count: 20 });
    expect(await ask('POST', PATH, { body: BODY })).toMatchObject({
      ...{ status: 409, body: { code: 'invalid_transition' } },
    });
  });

  it('change what the caller may mean: an agent its own, people their tenant’s', async () => {
    for (const kind of ['rotate_secret', 'enable', 'disable']) {
      await ask('POST', `${ONE}/${kind}`);
      await ask('POST', `${ONE}/${kind}`, { as: 'operator' });
    }
    await ask('DELETE', ONE);
    const asked = askedFor('commands.webhook_endpoint.operate') as {
      agent: string | null;
      operation: { kind: string };
    }[];
    expect(asked.map(({ agent, operation }) => [operation.kind, agent])).toEqual([
      ...['rotate_secret', 'enable', 'disable'].flatMap((kind) => [
        [kind, 'agt_agent'],
        [kind, null],
      ]),
      ['delete', 'agt_agent'],
    ]);
  });

  it('send an event again that the endpoint may hear of, and know no other', async () => {
    await ask('POST', `${ONE}/resend`, { body: { event: 'evt_1' } });
    expect(askedFor('commands.webhook_endpoint.operate')).toMatchObject([
      { id: ID, operation: { kind: 'resend', event: 'evt_1', position: 7 } },
    ]);
    gateway.bus.script['queries.webhook_endpoints.told'] = () => [];
    const unknown = await ask('POST', `${ONE}/resend`, { body: { event: 'evt_2' } });
    expect(unknown).toMatchObject({ status: 404, body: { code: 'not_found' } });
    gateway.bus.script['queries.webhook_endpoints.get'] = () => null;
    expect((await ask('POST', `${ONE}/resend`, { body: { event: 'evt_1' } })).status).toBe(404);
    expect((await ask('POST', `${ONE}/resend`, { body: { event: 'x' } })).status).toBe(400);
    expect(askedFor('commands.webhook_endpoint.operate')).toHaveLength(1);
  });

  it('are not found under an id that nothing can have, or that is another’s', async () => {
    gateway.bus.script['queries.webhook_endpoints.get'] = () => null;
    gateway.bus.script['queries.webhook_endpoints.deliveries'] = () => null;
    for (const url of [ONE, `${PATH}/whe_1`, `${PATH}/pi_1`, `${ONE}/deliveries`, `${ONE}/x`])
      expect((await ask('GET', url)).status, url).toBe(404);
    for (const url of [`${PATH}/whe_1/enable`, `${PATH}/x/resend`])
      expect((await ask('POST', url, { body: {} })).status, url).toBe(404);
    expect((await ask('DELETE', `${PATH}/whe_1`)).status).toBe(404);
    expect(askedFor('commands.webhook_endpoint.operate')).toEqual([]);
  });

  it('let a suspended agent look, disable and delete, and nothing else', async () => {
    const as = 'suspended';
    const refused = { status: 403, body: { code: 'agent_suspended' } };
    expect(await ask('POST', PATH, { as, body: BODY })).toMatchObject(refused);
    expect(await ask('POST', `${ONE}/enable`, { as })).toMatchObject(refused);
    expect(await ask('POST', `${ONE}/rotate_secret`, { as })).toMatchObject(refused);
    const body = { event: 'evt_1' };
    expect(await ask('POST', `${ONE}/resend`, { as, body })).toMatchObject(refused);
    expect((await ask('POST', `${ONE}/disable`, { as })).status).toBe(200);
    expect((await ask('DELETE', ONE, { as })).status).toBe(200);
    expect((await ask('GET', ONE, { as })).status).toBe(200);
  });

  it('need an idempotency key to change anything but by deleting, and know no query', async () => {
    for (const url of [PATH, `${ONE}/enable`])
      expect(await ask('POST', url, { body: BODY, key: null })).toMatchObject({
        ...{ status: 400, body: { code: 'idempotency_key_required' } },
      });
    expect((await ask('GET', `${ONE}?x=1`)).status).toBe(400);
    expect((await ask('DELETE', `${ONE}?x=1`)).status).toBe(400);
    expect((await ask('GET', `${PATH}?limit=101`)).status).toBe(400);
  });
});
