import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import type { NatsConnection } from './nats.connection.js';
import { connectTo } from './nats.fixture.js';
import { NatsKeyValueStore } from './nats.key-value.js';

let server: NatsServer;
let connection: NatsConnection;
beforeEach(async () => {
  server = await startNatsServer({ jetstream: true });
  connection = await connectTo(server);
});
afterEach(async () => {
  await connection.close();
  await server.dispose();
});

const store = () => new NatsKeyValueStore(connection, 'bursar_sagas');
const deleteAll = async () => {
  const manager = await connection.client.jetstreamManager();
  await manager.streams.delete('KV_bursar_sagas');
};

describe('a bucket', () => {
  it('gives back what was put there last, to everybody, also after the server was killed', async () => {
    expect(await store().get('sagas-0.checkpoint')).toBeNull();
    await store().put('sagas-0.checkpoint', 'one');
    await store().put('sagas-0.checkpoint', 'two ünï');
    expect(await store().get('sagas-0.checkpoint')).toBe('two ünï');
    await server.kill9();
    await server.start();
    expect(await connection.connectedWithin(10_000)).toBe(true);
    expect(await store().get('sagas-0.checkpoint')).toBe('two ünï');
  });

  it('is there again, empty, after it was deleted under those who use it', async () => {
    const [reading, writing] = [store(), store()];
    await writing.put('a', '1');
    expect(await reading.get('a')).toBe('1');
    await deleteAll();
    expect(await reading.get('a')).toBeNull();
    await deleteAll();
    await writing.put('b', '2');
    expect(await reading.get('b')).toBe('2');
  });

  it('rejects while there is no server, and works again with it', async () => {
    const one = store();
    await one.put('a', '1');
    await server.stop();
    await expect(one.get('a')).rejects.toThrow();
    await expect(one.put('a', '2')).rejects.toThrow();
    await server.start();
    expect(await connection.connectedWithin(10_000)).toBe(true);
    await one.put('a', '3');
    expect(await one.get('a')).toBe('3');
  });
});
