import { afterEach, beforeEach, expect, it } from 'vitest';
import { readModels } from '../read-models.fixture.js';
import { listPaymentMethods, paymentMethod } from './payment-methods.query.js';

const CARD = { brand: 'visa', last4: '4242', expMonth: 7, expYear: 2031, fingerprint: 'v1.f' };
const idOf = (letter: string) => `pm_${letter.repeat(26)}`;

let world: ReturnType<typeof readModels>;
beforeEach(async () => {
  world = readModels();
  await tokenized('a', 'agt_1');
  await tokenized('b', 'agt_2');
  await tokenized('c', null);
  await tokenized('d', 'agt_1', 'tnt_2');
});
afterEach(() => world.close());

const stream = (letter: string) => `payment_method-${letter.repeat(26)}`;
const at = (letter: string) => `2030-01-01T00:00:0${letter.charCodeAt(0) - 96}.000Z`;

async function tokenized(letter: string, agent: string | null, tenant = 'tnt_1'): Promise<void> {
  const data = { id: idOf(letter), tenant, agent, by: 'x', card: CARD, at: at(letter) };
  await world.append(stream(letter), [{ type: 'PaymentMethodTokenized', data }], { tenant });
}

async function listed(agent: string | null, limit = 10, cursor: string | null = null) {
  return listPaymentMethods(await world.reader(), { tenant: 'tnt_1', agent, limit, cursor });
}

it('lists the newest first: to an agent its own and those for all, to people all of the tenant', async () => {
  expect((await listed('agt_1')).ids).toEqual([idOf('c'), idOf('a')]);
  expect((await listed(null)).ids).toEqual([idOf('c'), idOf('b'), idOf('a')]);
});

it('goes on where a page ended', async () => {
  const { ids, nextCursor } = await listed(null, 2);
  expect(ids).toEqual([idOf('c'), idOf('b')]);
  expect((await listed(null, 2, nextCursor)).ids).toEqual([idOf('a')]);
});

it('shows one from its own stream, and somebody else’s to nobody', async () => {
  const get = (letter: string, agent: string | null) =>
    paymentMethod(world.store, { tenant: 'tnt_1', agent, id: idOf(letter) });
  expect(await get('a', 'agt_1')).toMatchObject({
    id: idOf('a'),
    agent: 'agt_1',
    status: 'active',
  });
  expect(JSON.stringify(await get('a', 'agt_1'))).not.toContain('v1.f');
  expect(await get('c', 'agt_1')).toMatchObject({ agent: null });
  expect(await get('b', 'agt_1')).toBeNull();
  expect(await get('b', null)).not.toBeNull();
  expect(await get('d', null)).toBeNull();
  expect(await get('e', null)).toBeNull();
  const data = { id: idOf('a'), tenant: 'tnt_1', by: 'x', at: at('e') };
  await world.append(stream('a'), [{ type: 'PaymentMethodErased', data }]);
  expect(await get('a', 'agt_1')).toMatchObject({
    status: 'erased',
    card: null,
    erased_at: at('e'),
  });
});
