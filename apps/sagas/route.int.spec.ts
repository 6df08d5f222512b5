import { afterEach, beforeEach, expect, it } from 'vitest';
import { BusError } from '#bus';
import { AT, SCREENING, sagas } from './sagas.fixture.js';

const ROUTE = { ...SCREENING, currency: 'USD', at: AT };

let world: Awaited<ReturnType<typeof sagas>>;
beforeEach(async () => {
  world = await sagas();
});
afterEach(() => world.stop());

it('an attempt that is due is asked for with the processors as they are, and whose money it takes', async () => {
  const { bus, happens } = world;
  bus.replies['effects.processors.facts'] = [{ name: 'one' }];
  await happens('RouteRequested', ROUTE);
  expect(bus.told()).toEqual([
    { type: 'RouteAttempt', processors: [{ name: 'one' }], sender: 'life-1' },
  ]);
  expect(bus.askedFor('commands.payment_intent.tell')).toMatchObject([
    { payer: { tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1' } },
  ]);
});

it('an attempt whose report got lost is asked for by the same command, with the processors as they are then', async () => {
  const { bus, timers, happens } = world;
  bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
  bus.replies['effects.processors.facts'] = [{ name: 'one' }];
  await happens('RouteRequested', ROUTE);
  bus.replies['effects.processors.facts'] = [{ name: 'two' }];
  await timers.advance(1_000);
  expect(bus.told()).toMatchObject([
    { processors: [{ name: 'one' }] },
    { processors: [{ name: 'two' }] },
  ]);
  const [first, again] = bus.askedFor('commands.payment_intent.tell');
  expect(again?.['commandId']).toBe(first?.['commandId']);
});
