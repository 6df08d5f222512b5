import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryMembers } from '#platform/memory';
import { type Life, WebhookWorld, ids } from './webhooks.fixture.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

let world: WebhookWorld;
let life: Life;
beforeEach(async () => {
  world = new WebhookWorld();
  life = await world.begin();
});
afterEach(() => world.end());

describe('what is pushed', () => {
  it('is what is pulled, byte for byte, in order and proven by the secret', async () => {
    const { id, secret } = await world.register(life, 'all.example');
    for (const payment of ['p1', 'p2', 'p3']) await world.asks(payment);
    for (const payment of ['p3', 'p1', 'p2', 'p1']) await world.succeeds(payment);
    await world.pass(2 * SECOND_MS);
    const pulled = await world.pulled(life);
    const got = world.internet.got('all.example');
    expect(pulled).toHaveLength(7);
    expect(ids(got).toSorted()).toEqual(ids(pulled).toSorted());
    for (const received of got) {
      const event = pulled.find((each) => each.id === received.id);
      expect(received.body).toBe(JSON.stringify(event));
      expect(received.headers).toMatchObject({ 'webhook-id': event?.id });
      expect(world.isProven(secret, received)).toBe(true);
      expect(world.isProven('whsec_c29tZXRoaW5nIGVsc2Ugb2YgdGhhdCBsZW5ndGg=', received)).toBe(
        false,
      );
      expect(world.isProven(secret, { ...received, body: `${received.body} ` })).toBe(false);
    }
    for (const payment of ['pi_p1', 'pi_p2', 'pi_p3']) {
      const numbers = got.filter(({ event }) => event.subject === payment);
      expect(numbers.map(({ event }) => event.sequence)).toEqual(
        numbers.map((_, index) => index + 1),
      );
    }
    expect(await world.endpoint(life, id)).toMatchObject({
      open_deliveries: 0,
      failing_since: null,
    });
  });

  it('is an agent’s own to an agent, everything to an operator, and nothing from before', async () => {
    await world.pays('before');
    await world.register(life, 'all.example');
    await world.register(life, 'one.example', 'agt_1');
    await world.register(life, 'two.example', 'agt_2');
    await world.pays('p1', 'agt_1');
    await world.pays('p2', 'agt_2');
    await world.pass(2 * SECOND_MS);
    const payments = (host: string) => [
      ...new Set(world.internet.got(host).map(({ event }) => event.subject)),
    ];
    expect(payments('all.example').toSorted()).toEqual(['pi_p1', 'pi_p2']);
    expect(payments('one.example')).toEqual(['pi_p1']);
    expect(payments('two.example')).toEqual(['pi_p2']);
    expect(world.internet.got('one.example')).toHaveLength(5);
  });

  it('needs a few events of the log for many payments, and none for what arrived before', async () => {
    const { id } = await world.register(life, 'all.example');
    for (let payment = 0; payment < 40; payment += 1) await world.pays(`p${payment}`);
    await world.pass(5 * SECOND_MS);
    expect(world.internet.got('all.example')).toHaveLength(200);
    const stream = `webhook_endpoint-${id.slice('whe_'.length)}`;
    const recorded = await world.store.readStream(stream, { from: 0, limit: 500 });
    expect(recorded.length).toBeLessThan(15);
    await world.pass(HOUR_MS);
    expect(await world.store.readStream(stream, { from: 0, limit: 500 })).toHaveLength(
      recorded.length,
    );
    // No secret and nothing that it could be made from without the instance's.
    expect(JSON.stringify(recorded)).not.toContain('whsec_');
  });
});

describe('an endpoint that does not take events', () => {
  it('delays nobody else: one that hangs, one that redirects inside, one that fails for a day', async () => {
    const { behaviours } = world.internet;
    behaviours.set('hangs.example', 'silent');
    behaviours.set('redirects.example', 307);
    behaviours.set('fails.example', 500);
    const hangs = await world.register(life, 'hangs.example');
    await world.register(life, 'redirects.example');
    await world.register(life, 'fails.example');
    await world.register(life, 'works.example');
    const works = world.internet.got('works.example');
    let latestMs = 0;
    for (let hour = 0; hour < 24; hour += 1) {
      const startedMs = world.clock.now();
      await world.pays(`p${hour}`);
      await world.pass(HOUR_MS);
      const inTime = works.filter(({ event }) => event.subject === `pi_p${hour}`);
      expect(inTime.map(({ event }) => event.sequence)).toEqual([1, 2, 3, 4, 5]);
      latestMs = Math.max(latestMs, (inTime.at(-1)?.atMs ?? Infinity) - startedMs);
    }
    // What takes no time at the receiver takes the breath between two questions for news, and no more.
    expect(latestMs).toBeLessThan(200);
    expect(works).toHaveLength(120);
    expect(world.internet.openMost.get('hangs.example')).toBeLessThanOrEqual(8);
    const [lastTry] = await world.deliveries(life, hangs.id);
    expect(lastTry).toMatchObject({ outcome: 'failed', status: null, error: 'timeout' });
    expect(lastTry).toMatchObject({ duration_ms: 10_000 });
    // Ten failures in a row and it is only asked again what it was asked before.
    expect(new Set(ids(world.internet.got('hangs.example'))).size).toBeLessThan(40);

    behaviours.set('fails.example', 200);
    await world.pass(8 * HOUR_MS);
    const taken = new Set(ids(world.internet.got('fails.example')));
    expect([...taken].toSorted()).toEqual(ids(await world.pulled(life)).toSorted());
    expect(taken.size).toBe(120);
  });

  it('gets an event again after longer and longer times, and others meanwhile', async () => {
    const { id } = await world.register(life, 'picky.example');
    const bad = 'payment_intent.unparked';
    world.internet.behaviours.set('picky.example', ({ body = '' }) =>
      body.includes(bad) ? 400 : 200,
    );
    await world.asks('p1');
    await world.happens('p1', 'PaymentUnparked', { operation: 'o', by: 'op' });
    for (let minute = 0; minute < 60; minute += 1) {
      await world.asks(`q${minute}`);
      await world.pass(MINUTE_MS);
    }
    const got = world.internet.got('picky.example');
    const times = got.filter(({ body }) => body.includes(bad)).map(({ atMs }) => atMs);
    const delays = times.slice(1).map((time, index) => (time - (times[index] ?? 0)) / SECOND_MS);
    const usual = [5, 15, 45, 135, 405, 1215];
    expect(delays).toHaveLength(usual.length);
    for (const [index, delay] of delays.entries()) {
      expect(delay).toBeGreaterThanOrEqual((usual[index] ?? 0) * 0.75);
      expect(delay).toBeLessThanOrEqual((usual[index] ?? 0) * 1.25 + 0.1);
    }
    expect(got.filter(({ body }) => !body.includes(bad))).toHaveLength(61);
    expect(await world.endpoint(life, id)).toMatchObject({ status: 'enabled', open_deliveries: 1 });
    const [, ...earlier] = (await world.deliveries(life, id)).filter(
      ({ status }) => status === 400,
    );
    expect(earlier.map(({ attempt }) => attempt)).toEqual([6, 5, 4, 3, 2, 1]);
    expect(earlier[0]).toMatchObject({ next_attempt_at: new Date(times[6] ?? 0).toISOString() });
  });

  it('is disabled after three days, which is seen, and gets everything once it is enabled', async () => {
    world.internet.behaviours.set('dead.example', 'silent');
    const { id } = await world.register(life, 'dead.example');
    await world.pays('p1');
    await world.pass(2 * DAY_MS);
    await world.pays('p2');
    expect(await world.endpoint(life, id)).toMatchObject({
      status: 'enabled',
      failing_since: expect.stringMatching(/^2030-01-01/) as string,
    });
    await world.pass(DAY_MS + HOUR_MS);
    expect(await world.endpoint(life, id)).toMatchObject({
      ...{ status: 'disabled', disabled_reason: 'failing' },
    });
    const [last] = await world.deliveries(life, id);
    expect(last).toMatchObject({ next_attempt_at: null });
    const got = world.internet.got('dead.example');
    const asked = got.length;
    await world.pays('p3');
    await world.pass(10 * DAY_MS);
    expect(got).toHaveLength(asked);

    world.internet.behaviours.set('dead.example', 200);
    const enabled = await world.operate(life, id, { kind: 'enable' });
    expect(enabled).toMatchObject({ answered: 200, status: 'enabled' });
    await world.pass(2 * SECOND_MS);
    const taken = ids(got.slice(asked));
    expect(taken.toSorted()).toEqual(ids(await world.pulled(life)).toSorted());
    expect(await world.endpoint(life, id)).toMatchObject({
      ...{ status: 'enabled', failing_since: null, open_deliveries: 0 },
    });
  });

  it('is disabled at once when it says that it is gone', async () => {
    world.internet.behaviours.set('gone.example', 410);
    const { id } = await world.register(life, 'gone.example');
    await world.asks('p1');
    await world.pass(SECOND_MS);
    expect(await world.endpoint(life, id)).toMatchObject({ disabled_reason: 'gone' });
    await world.asks('p2');
    await world.pass(HOUR_MS);
    expect(world.internet.got('gone.example')).toHaveLength(1);
  });
});

describe('what is asked of an endpoint', () => {
  it('is signed with both secrets for a day after a rotation', async () => {
    const { id, secret } = await world.register(life, 'all.example');
    const rotated = await world.operate(life, id, { kind: 'rotate_secret' });
    const fresh = String(rotated['secret']);
    expect(fresh).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(fresh).not.toBe(secret);
    const prove = async (payment: string) => {
      await world.asks(payment);
      await world.pass(SECOND_MS);
      const last = world.internet.got('all.example').at(-1);
      if (!last) throw new Error('nothing arrived');
      return [world.isProven(secret, last), world.isProven(fresh, last)];
    };
    expect(await prove('p1')).toEqual([true, true]);
    await world.pass(DAY_MS - MINUTE_MS);
    expect(await prove('p2')).toEqual([true, true]);
    await world.pass(MINUTE_MS);
    expect(await prove('p3')).toEqual([false, true]);
  });

  it('ends when it is disabled, goes on where it ended, and ends for ever when it is deleted', async () => {
    const { id } = await world.register(life, 'all.example');
    const got = world.internet.got('all.example');
    await world.pays('p1');
    await world.pass(2 * SECOND_MS);
    await world.operate(life, id, { kind: 'disable' });
    await world.pays('p2');
    await world.pass(HOUR_MS);
    expect(got).toHaveLength(5);
    await world.operate(life, id, { kind: 'enable' });
    await world.pass(2 * SECOND_MS);
    expect(got).toHaveLength(10);
    expect(new Set(ids(got)).size).toBe(10);
    await world.operate(life, id, { kind: 'delete' });
    await world.pays('p3');
    await world.pass(HOUR_MS);
    expect(got).toHaveLength(10);
    expect(await world.endpoint(life, id)).toEqual({});
    expect(life.dispatch.size).toBe(0);
  });

  it('may be an event once more, also a moment after it came, when that is not recorded', async () => {
    const { id } = await world.register(life, 'all.example');
    await world.asks('p1');
    await world.pass(100);
    const got = world.internet.got('all.example');
    expect(got).toHaveLength(1);
    const [told] = await life.bus.request('queries.webhook_endpoints.told', {
      ...{ id, events: ids(got) },
    });
    const { id: event, position } = told ?? { id: '', position: -1 };
    await world.operate(life, id, { kind: 'resend', event, position });
    await world.pass(100);
    expect(got).toHaveLength(2);
    await world.pass(HOUR_MS);
    expect(got).toHaveLength(2);
    expect(await world.endpoint(life, id)).toMatchObject({ open_deliveries: 0 });
  });

  it('may be an event once more: it comes at once, signed anew, and is tried until it arrives', async () => {
    const { id } = await world.register(life, 'all.example');
    const got = world.internet.got('all.example');
    await world.asks('p1');
    await world.pass(2 * SECOND_MS);
    const [event] = await world.pulled(life);
    const told = await life.bus.request('queries.webhook_endpoints.told', {
      ...{ id, events: [event?.id ?? '', 'evt_unknown'] },
    });
    expect(told).toHaveLength(1);
    const position = told[0]?.position ?? -1;
    world.internet.behaviours.set('all.example', 503);
    await world.pass(DAY_MS);
    const resend = { kind: 'resend', event: event?.id ?? '', position } as const;
    expect(await world.operate(life, id, resend)).toMatchObject({ answered: 202 });
    await world.pass(SECOND_MS);
    expect(got).toHaveLength(2);
    expect(got[1]?.headers['webhook-timestamp']).not.toBe(got[0]?.headers['webhook-timestamp']);
    expect(got[1]).toMatchObject({ id: got[0]?.id, body: got[0]?.body });
    world.internet.behaviours.set('all.example', 200);
    await world.pass(MINUTE_MS);
    expect(got).toHaveLength(3);
    expect((await world.deliveries(life, id)).map(({ outcome }) => outcome)).toEqual([
      ...['delivered', 'failed', 'delivered'],
    ]);
  });
});

describe('after a restart', () => {
  it.each(['stopped', 'killed'] as const)(
    'nothing is lost when it was %s in the middle, and what waited is tried when it was to be',
    async (how) => {
      const { behaviours, received } = world.internet;
      await world.register(life, 'works.example');
      await world.register(life, 'flaky.example');
      let asked = 0;
      behaviours.set('flaky.example', () => ((asked += 1) % 3 === 0 ? 'silent' : 500));
      for (let payment = 0; payment < 20; payment += 1) await world.pays(`p${payment}`);
      // In the middle of the first round.
      await world.pass(25);
      const before = world.internet.got('works.example').length;
      if (how === 'killed') await life.kill();
      else await life.stop();
      await world.pays('meanwhile');
      life = await world.begin();
      await world.pass(10 * SECOND_MS);
      behaviours.set('flaky.example', 200);
      await world.pass(DAY_MS);
      const all = ids(await world.pulled(life)).toSorted();
      expect(all).toHaveLength(105);
      for (const host of ['works.example', 'flaky.example'])
        expect([...new Set(ids(received.get(host) ?? []))].toSorted(), host).toEqual(all);
      expect(before).toBeGreaterThan(0);
      const twice = world.internet.got('works.example').length - all.length;
      expect(twice).toBeLessThanOrEqual(how === 'killed' ? before : 8);
    },
  );

  it('a try that is due waits for its time, and not for the process that failed', async () => {
    world.internet.behaviours.set('late.example', 500);
    await world.register(life, 'late.example');
    await world.asks('p1');
    await world.pass(10 * MINUTE_MS);
    const tries = world.internet.got('late.example').length;
    await life.kill();
    life = await world.begin();
    await world.pass(SECOND_MS);
    expect(world.internet.got('late.example')).toHaveLength(tries);
    await world.pass(HOUR_MS);
    expect(world.internet.got('late.example').length).toBeGreaterThan(tries);
  });
});

describe('while others are away', () => {
  it.each([
    'effects.webhooks.deliver',
    'commands.webhook_endpoint.sign',
    'commands.webhook_endpoint.record',
    'queries.webhook_endpoints.feed',
    'queries.webhook_endpoints.news',
  ])('%s is asked again, said once, and nothing counts as a failure', async (subject) => {
    const { id } = await world.register(life, 'all.example');
    await world.pass(SECOND_MS);
    life.bus.away.add(subject);
    await world.pays('p1');
    await world.pays('p2');
    await world.pass(MINUTE_MS);
    const said = life.trouble.length;
    expect(said).toBeLessThanOrEqual(2);
    life.bus.away.delete(subject);
    await world.pass(MINUTE_MS);
    expect(new Set(ids(world.internet.got('all.example'))).size).toBe(10);
    expect(life.trouble).toHaveLength(said);
    const outcomes = (await world.deliveries(life, id)).map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['delivered']));
    expect(await world.endpoint(life, id)).toMatchObject({ failing_since: null });
  });
});

describe('several processes', () => {
  it('share the endpoints out, and take over from each other', async () => {
    await life.stop();
    const [one, two] = [new MemoryMembers('one'), new MemoryMembers('two')];
    for (const members of [one, two]) members.become('one', 'two');
    const first = await world.begin(one);
    for (let endpoint = 0; endpoint < 12; endpoint += 1)
      await world.register(first, `e${endpoint}.example`);
    const second = await world.begin(two);
    await world.pass(SECOND_MS);
    expect(first.dispatch.size + second.dispatch.size).toBe(12);
    expect(first.dispatch.size).toBeGreaterThan(0);
    expect(second.dispatch.size).toBeGreaterThan(0);
    await world.pays('p1');
    await world.pass(2 * SECOND_MS);
    for (let endpoint = 0; endpoint < 12; endpoint += 1)
      expect(world.internet.got(`e${endpoint}.example`)).toHaveLength(5);

    await first.kill();
    two.become('two');
    await world.pays('p2');
    await world.pass(2 * SECOND_MS);
    expect(second.dispatch.size).toBe(12);
    for (let endpoint = 0; endpoint < 12; endpoint += 1)
      expect(world.internet.got(`e${endpoint}.example`)).toHaveLength(10);
  });
});
