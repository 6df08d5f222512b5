import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import { ENDED, sagas } from './sagas.fixture.js';

type World = Awaited<ReturnType<typeof sagas>>;

const SETTLE = 'commands.mandate.settle';
const PARK = 'commands.parked.park';

let world: World;
beforeEach(async () => {
  world = await sagas();
});
afterEach(() => world.stop());

const intents = (subject: string) =>
  world.bus.asked
    .filter((each) => each.subject === subject)
    .map(({ payload }) => payload['intent']);
const failing = (count: number, error: () => Error) => Array.from({ length: count }, error);

describe('a handler that throws', () => {
  it('does not end its saga: the next event is handled, and the failed one again', async () => {
    const { bus, timers, happens, runtime, troubles } = world;
    bus.errors.set(SETTLE, [new TypeError('a defect')]);
    await happens('PaymentSucceeded', ENDED, 'payment_intent-a');
    await happens('PaymentSucceeded', ENDED, 'payment_intent-b');
    expect([intents(SETTLE), runtime.open]).toEqual([['a', 'b'], 1]);
    await timers.advance(1_000);
    expect([intents(SETTLE), runtime.open]).toEqual([['a', 'b', 'a'], 0]);
    expect(troubles).toHaveLength(1);
  });

  it('on an event that cannot be read does not end its saga either', async () => {
    const { happens, troubles } = world;
    await happens('PaymentIntentRequested', { request: {} }, 'payment_intent-a');
    await happens('PaymentSucceeded', ENDED, 'payment_intent-b');
    await happens('PaymentIntentRequested', { request: {} }, 'payment_intent-c');
    expect(intents(SETTLE)).toEqual(['b']);
    expect(troubles.length).toBeGreaterThanOrEqual(2);
  });

  it('again and again gets its event parked, with all that an operator needs', async () => {
    const { bus, timers, happens, runtime, store } = world;
    bus.errors.set(
      SETTLE,
      failing(8, () => new TypeError('a defect')),
    );
    const id = await happens('PaymentSucceeded', ENDED, 'payment_intent-a');
    await happens('PaymentFailed', { ...ENDED, spentMinor: 0 }, 'payment_intent-a');
    await timers.advance(60_000);
    expect(bus.asked.filter(({ subject }) => subject === PARK)).toMatchObject([
      {
        payload: {
          commandId: `${id}/park/8`,
          event: id,
          eventType: 'PaymentSucceeded',
          stream: 'payment_intent-a',
          position: store.log.events[0]?.position,
          error: 'TypeError: a defect',
          tries: 8,
          tenant: 'tnt_1',
        },
      },
    ]);
    // The stream goes on behind it.
    expect([intents(SETTLE).length, runtime.open]).toEqual([9, 0]);
  });
});

describe('an outage', () => {
  it.each([
    ['nobody listens', () => new BusError('no_responder', SETTLE, '')],
    ['nobody answers in time', () => new BusError('timeout', SETTLE, '')],
    ['the store is away', () => new BusError('failed', SETTLE, '', 'StoreUnavailableError')],
    ['a mailbox is full', () => new BusError('failed', SETTLE, '', 'OverloadedError')],
    ['a stream is contended', () => new BusError('failed', SETTLE, '', 'ConcurrencyError')],
  ])('in which %s is waited for, however long it lasts, and parks nothing', async (_, error) => {
    const { bus, timers, happens, runtime } = world;
    bus.errors.set(SETTLE, failing(30, error));
    await happens('PaymentSucceeded', ENDED, 'payment_intent-a');
    await timers.advance(300_000);
    expect([intents(SETTLE).length, intents(PARK), runtime.open]).toEqual([31, [], 0]);
  });
});

describe('a parked delivery that an operator retries', () => {
  const retried = (event: string) =>
    world.happens('DeliveryRetried', { event, stream: 'payment_intent-a' }, 'parked_delivery-p');
  const resolved = () =>
    world.bus.asked.filter(({ subject }) => subject === 'commands.parked.resolve');

  it('is delivered once more and called resolved', async () => {
    const { happens, runtime } = world;
    const id = await happens('PaymentSucceeded', ENDED, 'payment_intent-a');
    await retried(id);
    expect(intents(SETTLE)).toEqual(['a', 'a']);
    expect(resolved()).toMatchObject([{ payload: { event: id } }]);
    expect(runtime.open).toBe(0);
  });

  it('is parked again before it is called resolved, when it fails again', async () => {
    const { bus, timers, happens } = world;
    const id = await happens('PaymentSucceeded', ENDED, 'payment_intent-a');
    bus.errors.set(
      SETTLE,
      failing(8, () => new TypeError('a defect')),
    );
    await retried(id);
    await timers.advance(60_000);
    const order = bus.asked
      .map(({ subject }) => subject)
      .filter((subject) => subject.startsWith('commands.parked'));
    expect(order).toEqual([PARK, 'commands.parked.resolve']);
  });
});
