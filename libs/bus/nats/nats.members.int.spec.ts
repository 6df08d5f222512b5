import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../../test/support/eventually.js';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import { type TcpProxy, startTcpProxy } from '../../../test/support/tcp.proxy.js';
import type { NatsConnection } from './nats.connection.js';
import { clock, connectTo, timers } from './nats.fixture.js';
import { NatsMembers } from './nats.members.js';
import { INTERNAL_PREFIX } from './nats.wire.js';

const FAST = { everyMs: 20, goneAfterMs: 200 };

let server: NatsServer;
const closers: (() => unknown)[] = [];
beforeEach(async () => {
  server = await startNatsServer();
  closers.push(() => server.dispose());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connected(url = server.url): Promise<NatsConnection> {
  const connection = await connectTo({ url });
  closers.push(() => connection.close());
  return connection;
}

async function joined(self: string, over?: NatsConnection, kind = 'sagas'): Promise<NatsMembers> {
  const connection = over ?? (await connected());
  const members = await NatsMembers.join(connection, { clock, timers }, { kind, self, ...FAST });
  closers.push(() => members.leave());
  return members;
}

const seen = (members: Pick<NatsMembers, 'alive'>, ...names: string[]) =>
  eventually(
    () => members.alive().join(),
    (alive) => alive === names.join(),
    { what: `members ${names.join()}` },
  );

async function proxied(): Promise<{ proxy: TcpProxy; connection: NatsConnection }> {
  const proxy = await startTcpProxy(server.port);
  closers.push(() => proxy.close());
  return { proxy, connection: await connected(`nats://127.0.0.1:${proxy.port}`) };
}

describe('the members', () => {
  it('know each other once they have joined, and nobody of another kind', async () => {
    const first = await joined('a');
    expect(first.alive()).toEqual(['a']);
    const second = await joined('b');
    expect(second.alive()).toEqual(['a', 'b']);
    await joined('c', undefined, 'commands');
    await seen(first, 'a', 'b');
    expect(second.alive()).toEqual(['a', 'b']);
  });

  it('tell when somebody comes and goes, once each', async () => {
    const first = await joined('a');
    const told: string[] = [];
    first.onChange(() => told.push(first.alive().join()));
    const second = await joined('b');
    await seen(first, 'a', 'b');
    second.leave();
    await seen(first, 'a');
    expect(told).toEqual(['a,b', 'a']);
  });

  it('miss one whose process died, soon', async () => {
    const first = await joined('a');
    const { proxy, connection } = await proxied();
    await joined('b', connection);
    await seen(first, 'a', 'b');
    proxy.blackhole();
    await seen(first, 'a');
  });

  it('keep their last view while they hear nobody, and take nobody for gone who is there', async () => {
    const { proxy, connection } = await proxied();
    const cut = await joined('a', connection);
    const other = await joined('b');
    await seen(cut, 'a', 'b');
    const told: string[] = [];
    cut.onChange(() => told.push(cut.alive().join()));
    proxy.cut();
    await seen(other, 'b');
    expect(cut.alive()).toEqual(['a', 'b']);
    proxy.pass();
    await seen(other, 'a', 'b');
    expect([cut.alive(), told]).toEqual([['a', 'b'], []]);
  });

  it('are seen by one who is none of them', async () => {
    const watching = await connected();
    const watcher = NatsMembers.watch(watching, { clock, timers }, { kind: 'sagas', ...FAST });
    closers.push(() => watcher.leave());
    expect(watcher.alive()).toEqual([]);
    const first = await joined('a');
    const second = await joined('b');
    await seen(watcher, 'a', 'b');
    second.leave();
    await seen(watcher, 'a');
    expect(first.alive()).toEqual(['a']);
  });

  it('take no notice of what is no word of theirs', async () => {
    const first = await joined('a');
    const { client } = await connected();
    for (const text of ['', '{', '{"member":7}', '{"member":"a b"}', 'null'])
      client.publish(`${INTERNAL_PREFIX}members.sagas`, text);
    await client.flush();
    await joined('b');
    await seen(first, 'a', 'b');
  });
});
