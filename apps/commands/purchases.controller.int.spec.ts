import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PURCHASE_WINDOW_MS } from '#domain';
import { readWholeStream } from '#event-store';
import { commands } from './commands.fixture.js';
import { PurchasesController } from './purchases.controller.js';

let world: Awaited<ReturnType<typeof commands>>;
let controller: PurchasesController;

beforeEach(async () => {
  world = await commands();
  controller = world.module.get(PurchasesController);
});
afterEach(() => world.module.close());

const asked = (intent: string, step = 'claim') => ({
  commandId: `cause-of-${intent}/${step}`,
  causationId: `cause-of-${intent}`,
  correlationId: `pi_${intent}`,
  tenant: 'tnt_1',
  traceparent: null,
  purchase: 'books',
  intent,
});
const claim = (intent: string, distinctFrom: string[] = []) =>
  controller.claim({ ...asked(intent), agent: 'agt_1', distinctFrom });
const free = (intent: string) => controller.free(asked(intent, 'free'));

async function recorded(): Promise<[string, unknown][]> {
  const events: [string, unknown][] = [];
  for await (const { type, data } of readWholeStream(world.store, 'purchase-books'))
    events.push([type, data['intent']]);
  return events;
}

const CLAIMED = { claimed: true, code: null, earlier: [] };

describe('a purchase', () => {
  it('is claimed once, however often the claim is delivered', async () => {
    expect(await claim('a')).toEqual(CLAIMED);
    expect(await claim('a')).toEqual(CLAIMED);
    expect(await recorded()).toEqual([['PurchaseClaimed', 'a']]);
  });

  it('is claimed by one of many who ask at the same moment', async () => {
    const answers = await Promise.all([...'abcdef'].map((intent) => claim(intent)));
    expect(answers.filter(({ claimed }) => claimed)).toHaveLength(1);
    expect(await recorded()).toHaveLength(1);
  });

  it('tells the second one who claims it and until when, and refuses nothing after that', async () => {
    const until = new Date(world.clock.now() + PURCHASE_WINDOW_MS).toISOString();
    await claim('a');
    expect(await claim('b')).toEqual({
      claimed: false,
      code: 'possible_duplicate',
      earlier: [{ intent: 'a', agent: 'agt_1', until }],
    });
    world.clock.moveTo(PURCHASE_WINDOW_MS);
    expect(await claim('b')).toEqual(CLAIMED);
  });

  it('is claimed beside a payment that the request knows', async () => {
    await claim('a');
    expect(await claim('b', ['pi_a'])).toEqual(CLAIMED);
  });

  it('is free again when its payment lets go, and lost for that payment', async () => {
    await claim('a');
    expect(await free('a')).toEqual({ ok: true });
    expect(await free('a')).toEqual({ ok: true });
    expect(await claim('a')).toEqual({ claimed: false, code: 'invalid_transition', earlier: [] });
    expect(await claim('b')).toEqual(CLAIMED);
  });
});
