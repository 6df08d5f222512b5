import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, createApiClient, everyPage } from '../support/agent.client.js';
import { type RunningBursar, startBursar } from '../support/bursar.process.js';
import type { WorldEvent } from '../support/contract.types.js';
import type { DeployedNats } from '../support/deployed-nats.js';
import { replayEvents } from '../support/event.reader.js';
import { eventually } from '../support/eventually.js';
import { tail } from '../support/node.process.js';
import { expectProblem } from '../support/problem.matcher.js';
import { purchase } from '../support/purchase.fixture.js';
import { WIDE } from '../support/stage.fixture.js';

let server: RunningBursar;
let nats: DeployedNats;
let agent: ApiClient;
let other: ApiClient;
let operator: ApiClient;
let auditor: ApiClient;
let keyFile: string;

beforeAll(async () => {
  server = await startBursar({ withNats: true });
  if (!server.nats) throw new Error('it was asked for with NATS');
  nats = server.nats;
  const credentials = server.credentials();
  const clientOf = ({ key }: { key: string }) => createApiClient(server.baseUrl, key);
  [agent, operator, auditor] = [
    clientOf(credentials.agent),
    clientOf(credentials.operator),
    clientOf(credentials.auditor),
  ];
  const made = (await operator.createAgent('another')).body;
  await operator.createMandate({ agent: made.id, limits: WIDE, velocity: { default: false } });
  other = clientOf(made);
  keyFile = await nats.letReaderIn('reports');
});
afterEach(({ task }) => {
  if (task.result?.state === 'fail')
    console.error(`--- the server's output ---\n${tail(server.output())}`);
});
afterAll(async () => {
  for (const client of [agent, other, operator, auditor]) client?.close();
  await server?.dispose();
});

async function pay(client: ApiClient): Promise<string> {
  const answer = await client.createPayment(purchase());
  expect(answer.body.status, answer.bytes.toString()).toBe('succeeded');
  return answer.body.id;
}

/** What the stream holds, once it is what the API says. */
async function replayed(): Promise<WorldEvent[]> {
  const pulled = await everyPage(operator.feed, { limit: 7 });
  const found = await eventually(
    () => replayEvents(`127.0.0.1:${nats.server.port}`, 'reports', keyFile).catch(() => []),
    (messages) => messages.length >= pulled.length,
    { what: 'the whole stream' },
  );
  expect(found.map(({ event }) => event)).toEqual(pulled);
  const { tenant } = server.credentials();
  for (const { subject, messageId, event } of found) {
    expect(subject).toBe(`bursar.v1.${tenant}.events.${event.type}`);
    expect(messageId).toBe(event.id);
  }
  return pulled;
}

function expectNoGap(events: readonly WorldEvent[]): void {
  const numbers = new Map<string, number[]>();
  for (const { subject, sequence } of events)
    numbers.set(subject, [...(numbers.get(subject) ?? []), sequence]);
  for (const [payment, found] of numbers)
    expect(found, payment).toEqual(found.map((_, index) => index + 1));
}

describe('the events of payments', () => {
  it('are on JetStream and in the API the same, in one order, without a gap for any payment', async () => {
    const paid = await Promise.all([agent, agent, other, agent].map(pay));
    const refunded = await agent.refund(paid[0] ?? '', { amount: 1, reason: 'broken' });
    expect(refunded.status).toBe(201);
    const events = await replayed();
    expect(new Set(events.map(({ subject }) => subject))).toEqual(new Set(paid));
    expectNoGap(events);
    expect(events.filter(({ subject }) => subject === paid[1]).map(({ type }) => type)).toEqual([
      'payment_intent.created',
      'payment_intent.attempt_started',
      'payment_intent.authorized',
      'payment_intent.captured',
      'payment_intent.succeeded',
    ]);
    const ofRefund = events.filter(({ type }) => type === 'payment_intent.refund_succeeded');
    expect(ofRefund).toMatchObject([{ subject: paid[0], data: { refund: { amount: 1 } } }]);
  });

  it('are there once each after the server was killed, and all again when the stream was', async () => {
    const before = await replayed();
    await server.kill9();
    await server.start();
    await pay(agent);
    const after = await replayed();
    expect(after.slice(0, before.length)).toEqual(before);
    expectNoGap(after);

    await nats.server.kill9();
    await nats.server.forget();
    await nats.server.start();
    await pay(other);
    const again = await replayed();
    expect(again.slice(0, after.length)).toEqual(after);
    expectNoGap(again);
  });

  it('are shown to an agent about its own payments, to an operator, and to nobody else', async () => {
    const [own, others] = [await pay(agent), await pay(other)];
    const mine = await everyPage(agent.feed, { limit: 100 });
    expect(mine.some(({ subject }) => subject === own)).toBe(true);
    expect(mine.some(({ subject }) => subject === others)).toBe(false);
    expectProblem(await auditor.feed(), { code: 'forbidden' });
    const all = await everyPage(operator.feed, { limit: 100 });
    const foreign = all.find(({ subject }) => subject === others)?.id ?? '';
    expectProblem(await agent.feed({ after: foreign }), { code: 'validation_failed' });
    const rest = (await operator.feed({ after: foreign })).body;
    expect(rest.data).toEqual(all.slice(all.findIndex(({ id }) => id === foreign) + 1));
  });
});
