import type { INestMicroservice } from '@nestjs/common';
import { type NatsConnection as Client, type ServiceInfo, connect } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import { startBooks } from '../transport.contract.js';
import type { NatsConnection } from './nats.connection.js';
import { connectTo, timers } from './nats.fixture.js';
import { NatsTransport } from './nats.transport.js';

let server: NatsServer;
let connection: NatsConnection;
let app: INestMicroservice;
let client: Client;
beforeAll(async () => {
  server = await startNatsServer();
  connection = await connectTo(server);
  app = await startBooks(
    new NatsTransport(connection, timers, {
      service: 'bursar-books',
      description: 'books of a test',
      version: '1.2.3',
      queue: 'books',
      drainWithinMs: 5_000,
      prefix: 'library.',
      self: 'desk-1',
    }),
  );
  client = await connect({ servers: `127.0.0.1:${server.port}` });
});
afterAll(async () => {
  await client.close();
  await app.close();
  await connection.close();
  await server.dispose();
});

it('answers any client that sends plain JSON', async () => {
  const reply = await client.request('library.books.find', '{"id":"b1"}');
  expect([reply.string(), reply.headers]).toEqual(['{"title":"book b1"}', undefined]);
});

it('answers what is asked of this process in particular', async () => {
  const reply = await client.request('library.books.at.desk-1.find', '{"id":"b1"}');
  expect(reply.string()).toBe('{"title":"book b1"}');
  const { headers } = await client.request('library.books.at.desk-1.burn', '{}');
  expect(headers?.get('Nats-Service-Error')).toContain('books.burn');
  await expect(client.request('library.books.at.desk-2.find', '{}')).rejects.toThrow('503');
});

it('says what failed in the headers that the services of NATS have for it', async () => {
  const { headers, data } = await client.request('library.books.fail', '{}');
  expect(data).toHaveLength(0);
  expect(
    Object.fromEntries((headers?.keys() ?? []).map((name) => [name, headers?.get(name)])),
  ).toEqual({
    'Nats-Service-Error-Code': '500',
    'Nats-Service-Error': 'no space left on any disk',
    'Bursar-Error-Name': 'DiskIsFullError',
  });
});

it.each(['', '{', '{"id":"b1"}x'])('refuses %j, which is no JSON', async (payload) => {
  const { headers } = await client.request('library.books.find', payload);
  expect(headers?.get('Nats-Service-Error-Code')).toBe('400');
});

it('is discovered with its version and all of its endpoints', async () => {
  const info = (await client.request('$SRV.INFO.bursar-books')).json<ServiceInfo>();
  expect(info).toMatchObject({ version: '1.2.3', description: 'books of a test' });
  expect(info.endpoints).toContainEqual(
    expect.objectContaining({
      name: 'books-find',
      subject: 'library.books.find',
      queue_group: 'books',
    }),
  );
  expect(info.endpoints).toHaveLength(7);
});

it('does nothing for who cannot be answered, and publishes on no subject that somebody serves', async () => {
  const published: string[] = [];
  client.subscribe('>', { callback: (_error, { subject }) => published.push(subject) });
  client.publish('library.books.count');
  client.publish('library.books.count', '{}', { reply: 'library.books.forget' });
  await client.request('library.books.count', '{}');
  expect(published.filter((subject) => !subject.startsWith('_INBOX.'))).toEqual([
    'library.books.count',
    'library.books.count',
    'library.books.count',
  ]);
});
