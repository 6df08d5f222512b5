import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, createApiClient, everyPage } from '../support/agent.client.js';
import { FORM, type RunningBursar, startBursar } from '../support/bursar.process.js';
import type { WorldEvent } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { tail } from '../support/node.process.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { WIDE } from '../support/stage.fixture.js';
import {
  type WebhookReceiver,
  isProven,
  startWebhookReceiver,
} from '../support/webhook.receiver.js';

interface Registered {
  id: string;
  secret: string;
}
interface Delivery {
  event: string;
  attempt: number;
  outcome: string;
  status: number | null;
  error: string | null;
  duration_ms: number;
  next_attempt_at: string | null;
}

const PATH = '/v1/webhook_endpoints';
let keys = 0;

function clientsOf(server: RunningBursar) {
  const credentials = server.credentials();
  const clientOf = ({ key }: { key: string }) => createApiClient(server.baseUrl, key);
  const { agent, operator, auditor } = credentials;
  return { agent: clientOf(agent), operator: clientOf(operator), auditor: clientOf(auditor) };
}

function post<T>(client: ApiClient, path: string, json: object = {}, key = `w-${(keys += 1)}`) {
  return client.request<T>('POST', path, { json, headers: { 'idempotency-key': key } });
}

async function register(client: ApiClient, { url }: { url: string }): Promise<Registered> {
  const answer = await post<Registered>(client, PATH, { url });
  expect(answer.status, answer.bytes.toString()).toBe(201);
  return answer.body;
}

const deliveries = (client: ApiClient, { id }: Registered) =>
  everyPage<Delivery>((query) =>
    client.request('GET', `${PATH}/${id}/deliveries?${new URLSearchParams(query as never)}`),
  );

async function pay(client: ApiClient): Promise<string> {
  const answer = await client.createPayment(purchase());
  expect(answer.body.status, answer.bytes.toString()).toBe('succeeded');
  return answer.body.id;
}

const idsOf = (events: readonly { id: string }[]) =>
  [...new Set(events.map(({ id }) => id))].sort();
const received = (receiver: WebhookReceiver) => receiver.received.map(({ event }) => event);

describe('webhooks', () => {
  let server: RunningBursar;
  let agent: ApiClient;
  let operator: ApiClient;
  let auditor: ApiClient;
  const receivers: WebhookReceiver[] = [];

  beforeAll(async () => {
    server = await startBursar({ env: { BURSAR_WEBHOOKS_ALLOW_INTERNAL: 'true' } });
    ({ agent, operator, auditor } = clientsOf(server));
  });
  afterEach(({ task }) => {
    if (task.result?.state === 'fail')
      console.error(`--- the server's output ---\n${tail(server.output())}`);
  });
  afterAll(async () => {
    for (const client of [agent, operator, auditor]) client?.close();
    for (const receiver of receivers) await receiver.close();
    await server?.dispose();
  });

  async function receiver(): Promise<WebhookReceiver> {
    const started = await startWebhookReceiver();
    receivers.push(started);
    return started;
  }
  const until = (what: string, holds: () => boolean | Promise<boolean>) =>
    eventually(
      async () => holds(),
      (value) => value,
      { withinMs: 45_000, what },
    );

  it('bring what the API shows, proven by the secret: to an agent its own, to an operator everything', async () => {
    const made = (await operator.createAgent('another')).body;
    await operator.createMandate({ agent: made.id, limits: WIDE, velocity: { default: false } });
    const other = createApiClient(server.baseUrl, made.key);
    const [mine, all] = [await receiver(), await receiver()];
    const [own, whole] = [await register(agent, mine), await register(operator, all)];
    const paid = [await pay(agent), await pay(other), await pay(agent)];
    other.close();
    const pulled = await everyPage(operator.feed, { limit: 100 });
    await until('every event at the operator’s', () => all.received.length >= pulled.length);
    expect(idsOf(received(all))).toEqual(idsOf(pulled));
    for (const message of all.received) {
      const shown = pulled.find(({ id }) => id === message.headers['webhook-id']);
      expect(message.body).toBe(JSON.stringify(shown));
      expect(isProven(whole.secret, message)).toBe(true);
      expect(isProven(own.secret, message)).toBe(false);
    }
    const ofAgent = await everyPage(agent.feed, { limit: 100 });
    await until('every event at the agent’s', () => mine.received.length >= ofAgent.length);
    expect(idsOf(received(mine))).toEqual(idsOf(ofAgent));
    expect(received(mine).some(({ subject }) => subject === paid[1])).toBe(false);
    const numbers = received(all).filter(({ subject }) => subject === paid[0]);
    expect(numbers.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);

    await until('the log', async () => (await deliveries(operator, whole)).length >= pulled.length);
    const [last] = await deliveries(operator, whole);
    expect(last).toMatchObject({ attempt: 1, outcome: 'delivered', status: 200, error: null });
    expect(await agent.request('GET', `${PATH}/${whole.id}`)).toMatchObject({ status: 404 });
    expectProblem(await auditor.request('GET', PATH), { code: 'forbidden' });
  });

  it('show the secret once, and the same bytes for the same key', async () => {
    const { url } = await receiver();
    const first = await post<Registered>(agent, PATH, { url }, 'one-hook');
    const again = await post<Registered>(agent, PATH, { url }, 'one-hook');
    expect(again.bytes.equals(first.bytes)).toBe(true);
    const { id, secret } = first.body;
    const shown = await agent.request('GET', `${PATH}/${id}`);
    const listed = await agent.request('GET', PATH);
    for (const { bytes } of [shown, listed]) expect(bytes.toString()).not.toContain('whsec_');
    expect(server.output()).not.toContain(secret);
  });

  it('are signed anew after a rotation, sent again on request, and end when they are to', async () => {
    const there = await receiver();
    const hook = await register(agent, there);
    const one = `${PATH}/${hook.id}`;
    await pay(agent);
    await until('five events', () => there.received.length >= 5);
    const rotated = await post<Registered>(agent, `${one}/rotate_secret`);
    const { event } = there.received[0]!;
    expect((await post(agent, `${one}/resend`, { event: event.id })).status).toBe(202);
    await until('the event again', () => there.received.length >= 6);
    const again = there.received[5]!;
    expect(again.body).toBe(there.received[0]!.body);
    expect([hook.secret, rotated.body.secret].map((each) => isProven(each, again))).toEqual([
      ...[true, true],
    ]);
    expectProblem(await post(agent, `${one}/resend`, { event: 'evt_unknown' }), {
      code: 'not_found',
    });

    expect((await post(agent, `${one}/disable`)).status).toBe(200);
    await pay(agent);
    expect((await agent.request('GET', one)).body).toMatchObject({ status: 'disabled' });
    expect((await post(agent, `${one}/enable`)).status).toBe(200);
    await until('what happened meanwhile', () => there.received.length >= 11);
    expect((await agent.request('DELETE', one)).status).toBe(200);
    expect((await agent.request('DELETE', one)).status).toBe(404);
    await pay(agent);
    await until('the events elsewhere', async () => {
      const all = await everyPage(agent.feed, { limit: 100 });
      return idsOf(received(receivers[0]!)).length === all.length;
    });
    expect(there.received).toHaveLength(11);
  });

  it('go to those who take them, whatever others do', async () => {
    const [hangs, fails, works] = [await receiver(), await receiver(), await receiver()];
    hangs.answers('nothing');
    fails.answers(503);
    const hooks = [await register(agent, hangs), await register(agent, fails)];
    const fine = await register(agent, works);
    await pay(agent);
    await until('five events', () => works.received.length >= 5);
    await until('a failure', async () => (await deliveries(agent, hooks[1]!)).length > 0);
    const failed = (await deliveries(agent, hooks[1]!)).at(-1);
    expect(failed).toMatchObject({ outcome: 'failed', status: 503, attempt: 1 });
    fails.answers(200);
    await until('what failed, again', () => idsOf(received(fails)).length >= 5);
    for (const { id } of [...hooks, fine]) await agent.request('DELETE', `${PATH}/${id}`);
  });

  it('loses nothing when it is killed in the middle', async () => {
    const there = await receiver();
    there.answers(500);
    await register(operator, there);
    const payments = await Promise.all(Array.from({ length: 6 }, () => pay(agent)));
    await until('the first tries', () => there.received.length > 3);
    await server.kill9();
    there.answers(200);
    await server.start();
    payments.push(await pay(agent));
    const pulled = (await everyPage(operator.feed, { limit: 100 })).filter(({ subject }) =>
      payments.includes(subject),
    );
    expect(pulled).toHaveLength(35);
    await until('every event', () => idsOf(received(there)).length >= pulled.length);
    expect(idsOf(received(there))).toEqual(idsOf(pulled));
  });
});

describe.skipIf(FORM === 'cluster')('a server that sends to the internet only', () => {
  const servers: RunningBursar[] = [];
  let folder: string;
  let canary: WebhookReceiver;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bursar-webhooks-'));
    canary = await startWebhookReceiver();
  });
  afterAll(async () => {
    for (const server of servers) await server.dispose();
    await canary?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('opens no connection to an address of the own machine', async () => {
    const lenient = await startBursar({
      ...{ dataDir: folder, env: { BURSAR_WEBHOOKS_ALLOW_INTERNAL: 'true' } },
    });
    servers.push(lenient);
    const before = clientsOf(lenient);
    const hook = await register(before.agent, canary);
    for (const client of Object.values(before)) client.close();
    await lenient.stop();

    const strict = await startBursar({ dataDir: folder });
    servers.push(strict);
    const { agent, operator, auditor } = clientsOf(strict);
    try {
      const { port } = new URL(canary.url);
      for (const url of [
        canary.url,
        `https://127.0.0.1:${port}/`,
        ...['https://127.0.0.1/', 'https://localhost:8443/', 'https://[::ffff:7f00:1]:8443/'],
        ...['https://2130706433/', 'https://0x7f.1/', 'https://0/', 'https://169.254.169.254/'],
      ])
        expectProblem(await post(agent, PATH, { url }), { code: 'validation_failed' });
      await pay(agent);
      const tried = await eventually(
        () => deliveries(agent, hook),
        (log: Delivery[]) => log.length > 0,
        { withinMs: 30_000, what: 'a try' },
      );
      expect(tried.at(-1)).toMatchObject({
        ...{ outcome: 'failed', status: null, error: 'scheme_not_allowed' },
      });
      expect(canary.connections).toBe(0);
      const feed: WorldEvent[] = await everyPage(operator.feed, { limit: 100 });
      expect(feed.length).toBeGreaterThan(0);
    } finally {
      for (const client of [agent, operator, auditor]) client.close();
    }
  });
});
