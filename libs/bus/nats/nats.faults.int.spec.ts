import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.js';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import { type TcpProxy, startTcpProxy } from '../../../test/support/tcp.proxy.js';
import { BusError } from '../bus.port.js';
import type { NatsBus } from './nats.bus.js';
import type { NatsConnection, OpenOptions } from './nats.connection.js';
import { busOver, connectTo, respondOn } from './nats.fixture.js';

let server: NatsServer;
const closers: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  server = await startNatsServer();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await server.dispose();
});

async function connected(url = server.url, options: OpenOptions = {}): Promise<NatsConnection> {
  const connection = await connectTo({ url }, options);
  closers.push(() => connection.close());
  return connection;
}

async function proxied(): Promise<TcpProxy & { url: string }> {
  const proxy = await startTcpProxy(server.port);
  closers.push(() => proxy.close());
  return { ...proxy, url: `nats://127.0.0.1:${proxy.port}` };
}

/** The reason why a request failed, or `answered`. */
function outcome(request: Promise<unknown>): Promise<string> {
  return request.then(
    () => 'answered',
    (error: unknown) => (error instanceof BusError ? error.reason : String(error)),
  );
}

/** Sends numbered requests, one after the other in each of `callers`, until told to end. */
function load(bus: NatsBus, callers: number, timeoutMs: number) {
  const outcomes = new Map<number, string>();
  let [next, ended, slowestMs] = [0, false, 0];
  const caller = async () => {
    while (!ended) {
      const id = next++;
      const before = performance.now();
      outcomes.set(id, await outcome(bus.request('test.count', { id }, { timeoutMs })));
      slowestMs = Math.max(slowestMs, performance.now() - before);
      // So that a bus that refuses at once does not keep the machine busy.
      if (outcomes.get(id) !== 'answered') await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return {
    count: (wanted: string) => [...outcomes.values()].filter((each) => each === wanted).length,
    end: async () => {
      ended = true;
      await all;
      return { outcomes, slowestMs };
    },
  };
}

/** Answers `test.count` and remembers how often each number came. */
async function counting(connection: NatsConnection, work: () => Promise<void> = async () => {}) {
  const seen = new Map<number, number>();
  const endpoints = await respondOn(connection, 'test.count', async (payload) => {
    const { id } = payload as { id: number };
    seen.set(id, (seen.get(id) ?? 0) + 1);
    await work();
    return { id };
  });
  return { seen, endpoints };
}

describe('two responders', () => {
  it('share the requests, and each request comes to one of them', async () => {
    const one = await counting(await connected());
    const other = await counting(await connected());
    const bus = busOver(await connected());
    const numbers = [...Array(400).keys()];
    await Promise.all(numbers.map((id) => bus.request('test.count', { id })));
    const all = [...one.seen.keys(), ...other.seen.keys()].toSorted((a, b) => a - b);
    expect(all).toEqual(numbers);
    expect(Math.min(one.seen.size, other.seen.size)).toBeGreaterThan(50);
  });

  it('cover for each other when one dies with a request: that one is in doubt, the next ones are served', async () => {
    const proxy = await proxied();
    const doomed = await counting(await connected(proxy.url), () => new Promise(() => {}));
    const bus = busOver(await connected());
    const lost = outcome(bus.request('test.count', { id: 1 }, { timeoutMs: 1_500 }));
    await eventually(
      () => doomed.seen.size,
      (size) => size === 1,
    );
    const survivor = await counting(await connected());
    proxy.cut();
    await eventually(
      () => outcome(bus.request('test.count', { id: 0 }, { timeoutMs: 200 })),
      (seen) => seen === 'answered',
    );
    for (let id = 2; id < 50; id += 1) await bus.request('test.count', { id });
    expect(await lost).toBe('timeout');
    expect([doomed.seen.has(49), survivor.seen.has(1), survivor.seen.has(49)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('lose no request when one of them takes its leave under load', async () => {
    const work = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
    const leaving = await counting(await connected(), work);
    const staying = await counting(await connected(), work);
    const callers = load(busOver(await connected()), 100, 5_000);
    await eventually(
      () => leaving.seen.size,
      (size) => size > 200,
    );
    await leaving.endpoints.close(5_000);
    const [left, stayed] = [leaving.seen.size, staying.seen.size];
    await eventually(
      () => staying.seen.size,
      (size) => size > stayed + 200,
    );
    const { outcomes } = await callers.end();
    expect(new Set(outcomes.values())).toEqual(new Set(['answered']));
    expect(leaving.seen.size, 'nothing comes after it left').toBe(left);
  });
});

describe('a bus that is cut off', () => {
  it('says that nothing happened to what it is asked meanwhile, and works again by itself', async () => {
    const proxy = await proxied();
    const { seen } = await counting(await connected());
    const connection = await connected(proxy.url);
    const bus = busOver(connection);
    await bus.request('test.count', { id: 1 });
    proxy.cut();
    await eventually(
      () => connection.liveness().connected,
      (up) => !up,
    );
    const before = performance.now();
    expect(await outcome(bus.request('test.count', { id: 2 }))).toBe('no_responder');
    expect(performance.now() - before).toBeLessThan(10_000);
    proxy.pass();
    await eventually(
      () => outcome(bus.request('test.count', { id: 3 })),
      (said) => said === 'answered',
    );
    expect(seen.has(2)).toBe(false);
  });

  it('carries what it is asked a moment before it is back', async () => {
    const proxy = await proxied();
    await counting(await connected());
    const connection = await connected(proxy.url);
    proxy.cut();
    await eventually(
      () => connection.liveness().connected,
      (up) => !up,
    );
    const asked = busOver(connection).request('test.count', { id: 1 });
    proxy.pass();
    expect(await asked).toEqual({ id: 1 });
  });

  it('gets its answer from a responder that lost its connection meanwhile and came back', async () => {
    const proxy = await proxied();
    let go = () => {};
    const answering = await connected(proxy.url);
    const { seen } = await counting(answering, () => new Promise((resolve) => (go = resolve)));
    const answer = busOver(await connected()).request('test.count', { id: 1 });
    await eventually(
      () => seen.size,
      (size) => size === 1,
    );
    proxy.cut();
    await eventually(
      () => answering.liveness().connected,
      (up) => !up,
    );
    go();
    proxy.pass();
    expect(await answer).toEqual({ id: 1 });
    expect([...seen.values()]).toEqual([1]);
  });

  it('is in doubt about what went into a network that swallows everything, and finds a way around it', async () => {
    const proxy = await proxied();
    await counting(await connected());
    const connection = await connected(proxy.url, { pingEveryMs: 100 });
    const bus = busOver(connection);
    await bus.request('test.count', { id: 1 });
    proxy.blackhole();
    expect(await outcome(bus.request('test.count', { id: 2 }, { timeoutMs: 100 }))).toBe('timeout');
    // More than the buffers of the system take: what is written then is never taken off our hands.
    for (let times = 0; times < 100; times += 1)
      connection.client.publish('test.nobody', new Uint8Array(500_000));
    await eventually(
      () => connection.liveness().connected,
      (up) => !up,
    );
    proxy.pass();
    await eventually(
      () => outcome(bus.request('test.count', { id: 3 }, { timeoutMs: 1_000 })),
      (said) => said === 'answered',
    );
  });

  it('is only slow on a slow network', async () => {
    const proxy = await proxied();
    await counting(await connected());
    const bus = busOver(await connected(proxy.url));
    proxy.delay(50);
    const before = performance.now();
    const numbers = [...Array(1_000).keys()];
    const answers = numbers.map((id) => bus.request('test.count', { id }, { timeoutMs: 20_000 }));
    expect(await Promise.all(answers)).toEqual(numbers.map((id) => ({ id })));
    expect(performance.now() - before).toBeGreaterThan(100);
  });
});

describe('a server that is killed and started again under load', () => {
  it('leaves nothing waiting beyond its time, repeats nothing, and nothing was done that is said to have not been', async () => {
    const one = await counting(await connected());
    const other = await counting(await connected());
    const timeoutMs = 2_000;
    const callers = load(busOver(await connected()), 50, timeoutMs);
    for (let round = 1; round <= 3; round += 1) {
      const before = callers.count('answered');
      await eventually(
        () => callers.count('answered'),
        (count) => count > before + 300,
      );
      await server.kill9();
      await server.start();
    }
    const before = callers.count('answered');
    await eventually(
      () => callers.count('answered'),
      (count) => count > before + 300,
    );
    const { outcomes, slowestMs } = await callers.end();
    const times = (id: number) => (one.seen.get(id) ?? 0) + (other.seen.get(id) ?? 0);
    const ids = [...outcomes.keys()];
    const wrong = ids.filter((id) => {
      const said = outcomes.get(id);
      if (said === 'answered') return times(id) !== 1;
      if (said === 'no_responder') return times(id) !== 0;
      return said !== 'timeout' || times(id) > 1;
    });
    expect(wrong.map((id) => `${outcomes.get(id)} ${times(id)}`)).toEqual([]);
    expect(slowestMs).toBeLessThan(timeoutMs + 3_000);
  });
});

describe('a message that is too large for the server', () => {
  const large = 'x'.repeat(1024 * 1024);

  it('is refused before it is sent', async () => {
    let received = 0;
    await respondOn(await connected(), 'test.large', () => (received += 1));
    const bus = busOver(await connected());
    await expect(bus.request('test.large', { large })).rejects.toMatchObject({
      reason: 'failed',
      errorName: 'PayloadTooLargeError',
    });
    expect(await bus.request('test.large', {})).toBe(1);
  });

  it('is a failure of the responder when it is the reply', async () => {
    await respondOn(await connected(), 'test.large', () => large);
    await expect(busOver(await connected()).request('test.large', {})).rejects.toMatchObject({
      reason: 'failed',
      errorName: 'PayloadTooLargeError',
    });
  });
});
