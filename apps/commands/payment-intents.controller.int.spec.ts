import { beforeEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '#event-store';
import type { MemoryEventStore } from '#event-store/memory';
import type { VirtualTimers } from '#platform/memory';
import { operationId } from './calls.js';
import { PURCHASE, asked, commands, storyOf } from './commands.fixture.js';
import { PaymentIntentsController } from './payment-intents.controller.js';

const ID = operationId(asked());

let controller: PaymentIntentsController;
let timers: VirtualTimers;
let store: MemoryEventStore;

beforeEach(async () => {
  const started = await commands();
  ({ timers, store } = started);
  controller = started.module.get(PaymentIntentsController);
});

async function succeed(): Promise<void> {
  for (const told of storyOf(ID)) expect((await controller.tell(told)).ok).toBe(true);
}

const json = ({ body }: { body: string }) => JSON.parse(body) as Record<string, unknown>;

describe('a first request', () => {
  it('is durable under the id that its key derives, and answered when the payment is concluded', async () => {
    const answer = controller.create(asked());
    await timers.advance(0);
    const [first] = await store.readStream(`payment_intent-${ID}`);
    expect(first).toMatchObject({
      type: 'PaymentIntentRequested',
      data: { id: ID, tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1', request: PURCHASE },
      metadata: { tenant: 'tnt_1', actor: 'agt_1', $correlationId: `pi_${ID}`, method: 'POST' },
    });
    await succeed();
    const { status, headers, body } = await answer;
    expect([status, headers]).toEqual([201, { 'content-type': 'application/json' }]);
    expect(JSON.parse(body)).toMatchObject({
      id: `pi_${ID}`,
      status: 'succeeded',
      money_state: 'moved',
    });
    const last = (await store.readStream(`payment_intent-${ID}`)).at(-1);
    expect(last).toMatchObject({ type: 'RequestConcluded', data: { status: 201, body } });
    expect(json({ body })['revision']).toBe(last?.revision);
  });

  it('is answered 202 with where to look when its wait ends first', async () => {
    const answer = controller.create(asked({ waitMs: 500 }));
    await timers.advance(499);
    for (const told of storyOf(ID).slice(0, 1)) await controller.tell(told);
    await timers.advance(1);
    const { status, headers, body } = await answer;
    expect([status, headers['location']]).toEqual([202, `/v1/payment_intents/pi_${ID}`]);
    expect(JSON.parse(body)).toMatchObject({ status: 'processing', money_state: 'unknown' });
  });

  it('that does not want to wait is answered as soon as it is durable', async () => {
    const { status, body } = await controller.create(asked({ waitMs: 0 }));
    expect([status, json({ body })['status']]).toEqual([202, 'processing']);
    expect(store.log.events).toHaveLength(1);
  });

  it('leaves nobody waiting behind it', async () => {
    await controller.create(asked({ waitMs: 0 }));
    const answer = controller.create(asked());
    await timers.advance(0);
    await succeed();
    await answer;
    expect(timers.nextDueMs()).toBeUndefined();
  });
});

describe('a repeat', () => {
  it('of a concluded request gets the same bytes, marked as a replay', async () => {
    const first = controller.create(asked());
    await timers.advance(0);
    await succeed();
    const { status, body } = await first;
    const again = await controller.create(asked({ traceId: 'f'.repeat(32) }));
    expect(again).toEqual({
      status,
      body,
      headers: { 'content-type': 'application/json', 'idempotent-replayed': 'true' },
    });
    const reordered = Object.fromEntries(Object.entries(PURCHASE).reverse());
    expect((await controller.create(asked({ request: reordered }))).body).toBe(body);
  });

  it('of a running request joins it and gets the same bytes', async () => {
    const answers = Array.from({ length: 100 }, () => controller.create(asked()));
    await timers.advance(0);
    answers.push(controller.create(asked()));
    await timers.advance(0);
    await succeed();
    const bodies = new Set((await Promise.all(answers)).map(({ status, body }) => status + body));
    expect(bodies.size).toBe(1);
    expect(store.log.events.filter(({ type }) => type === 'PaymentIntentRequested')).toHaveLength(
      1,
    );
  });

  it('that changed is refused with pointers to what differs, and does nothing', async () => {
    await controller.create(asked({ waitMs: 0 }));
    const written = store.log.events.length;
    const request = { ...PURCHASE, amount: 1, metadata: { a: 'b' } };
    const refused = await controller.create(asked({ request }));
    expect(refused).toMatchObject({
      status: 422,
      headers: { 'content-type': 'application/problem+json' },
    });
    const { code, violations, payment_intent } = json(refused);
    expect([code, payment_intent]).toEqual(['idempotency_key_reused', `pi_${ID}`]);
    expect((violations as { pointer: string }[]).map(({ pointer }) => pointer).sort()).toEqual([
      '/amount',
      '/metadata',
    ]);
    expect(store.log.events).toHaveLength(written);
  });

  it.each([
    ['key', { idempotencyKey: 'key-2' }],
    ['agent', { principal: { ...asked().principal, id: 'agt_2' } }],
    ['tenant', { principal: { ...asked().principal, tenant: 'tnt_2' } }],
  ])('under another %s is another payment', async (_, more) => {
    await controller.create(asked({ waitMs: 0 }));
    const other = await controller.create(asked({ waitMs: 0, ...more }));
    expect(json(other)['id']).not.toBe(`pi_${ID}`);
    expect(store.log.events).toHaveLength(2);
  });
});

describe('a conclusion', () => {
  it('that was written although its append looked lost still wakes those who wait', async () => {
    const answer = controller.create(asked());
    await timers.advance(0);
    const story = storyOf(ID);
    for (const told of story.slice(0, -1)) await controller.tell(told);
    const { append } = store;
    store.append = async (...written) => {
      await append.apply(store, written);
      throw new StoreUnavailableError('unknown', 'the connection was lost');
    };
    const lost = expect(controller.tell(story.at(-1)!)).rejects.toThrow(StoreUnavailableError);
    await timers.advance(400);
    await lost;
    store.append = append;
    await controller.tell(story.at(-1)!);
    expect((await answer).status).toBe(201);
  });
});

describe('a store that is away', () => {
  it.each([
    ['not_applied', 'none', 'nothing was done'],
    ['unknown', 'unknown', 'same key'],
  ] as const)('is told as such, when the outcome is %s', async (outcome, money, says) => {
    store.append = () => Promise.reject(new StoreUnavailableError(outcome, 'the disk is full'));
    const answer = controller.create(asked());
    await timers.advance(1_000);
    const refused = await answer;
    expect(refused.status).toBe(503);
    expect(json(refused)).toMatchObject({ code: 'store_unavailable', money_state: money });
    expect(json(refused)['detail']).toContain(says);
    expect(timers.nextDueMs()).toBeUndefined();
  });

  it('while a payment is running does not make it a payment without money', async () => {
    const answer = controller.create(asked({ waitMs: 100 }));
    await timers.advance(0);
    for (const told of storyOf(ID).slice(0, 1)) await controller.tell(told);
    const readsNothing = new StoreUnavailableError('not_applied', 'the store is closed');
    store.readStream = () => Promise.reject(readsNothing);
    store.append = () => Promise.reject(readsNothing);
    await expect(controller.tell(storyOf(ID)[1]!)).rejects.toThrow(StoreUnavailableError);
    await timers.advance(100);
    const refused = json(await answer);
    expect(refused).toMatchObject({ code: 'store_unavailable', money_state: 'unknown' });
    expect(refused['retry']).toMatchObject({ same_key: true });
  });

  it('lets the error of a saga through by its name, so that the delivery waits', async () => {
    await controller.create(asked({ waitMs: 0 }));
    store.append = () => Promise.reject(new StoreUnavailableError('not_applied', 'full'));
    await expect(controller.tell(storyOf(ID)[0]!)).rejects.toThrow(StoreUnavailableError);
  });
});
