import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import { AT, SCREENING, sagas } from './sagas.fixture.js';

const ROUTE = { ...SCREENING, currency: 'USD', at: AT };
const STANDING = 'queries.agent.standing';

let world: Awaited<ReturnType<typeof sagas>>;
beforeEach(async () => {
  world = await sagas();
});
afterEach(() => world.stop());

describe('an attempt that is due', () => {
  it('is asked for with the processors as they are, and with the agent’s standing asked last', async () => {
    const { bus, happens } = world;
    bus.replies['effects.processors.facts'] = [{ name: 'one' }];
    await happens('RouteRequested', ROUTE);
    expect(bus.subjects().slice(0, -1)).toEqual(['effects.processors.facts', STANDING]);
    expect(bus.askedFor(STANDING)).toEqual([
      { tenant: 'tnt_1', agent: 'agt_1', mandate: 'mnd_1', currency: 'USD' },
    ]);
    expect(bus.told()).toEqual([
      {
        type: 'RouteAttempt',
        processors: [{ name: 'one' }],
        authority: 'active',
        sender: 'life-1',
      },
    ]);
  });

  it.each([
    ['agent is suspended', { status: 'suspended' }, 'agent_suspended'],
    ['mandate is revoked', { mandate: 'revoked' }, 'mandate_revoked'],
    [
      'agent is suspended and mandate revoked',
      { status: 'suspended', mandate: 'revoked' },
      'agent_suspended',
    ],
  ])('is told when the %s', async (_, change, authority) => {
    const { bus, happens } = world;
    bus.replies[STANDING] = { ...(bus.replies[STANDING] as object), ...change };
    await happens('RouteRequested', ROUTE);
    expect(bus.told()).toMatchObject([{ type: 'RouteAttempt', authority }]);
  });

  it('of an agent that nobody knows is not asked for as if it might pay', async () => {
    const { bus, happens } = world;
    bus.replies[STANDING] = null;
    await happens('RouteRequested', ROUTE);
    expect(bus.told()).toMatchObject([{ authority: 'agent_suspended' }]);
  });

  it('whose report got lost asks anew how the agent stands, and tells it by the same command', async () => {
    const { bus, timers, happens } = world;
    bus.errors.set('commands.payment_intent.tell', [new BusError('timeout', 'x', '')]);
    await happens('RouteRequested', ROUTE);
    bus.replies[STANDING] = { ...(bus.replies[STANDING] as object), status: 'suspended' };
    await timers.advance(1_000);
    expect(bus.told()).toMatchObject([{ authority: 'active' }, { authority: 'agent_suspended' }]);
    const [first, again] = bus.askedFor('commands.payment_intent.tell');
    expect(again?.['commandId']).toBe(first?.['commandId']);
  });
});
