import { afterEach, beforeEach, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import { NatsBus } from './nats.bus.js';
import type { NatsConnection } from './nats.connection.js';
import { clock, connectTo, respondOn } from './nats.fixture.js';

let server: NatsServer;
let connection: NatsConnection;
beforeEach(async () => {
  server = await startNatsServer();
  connection = await connectTo(server);
});
afterEach(async () => {
  await connection.close();
  await server.dispose();
});

const preferring = (process: string | null) => new NatsBus(connection, clock, () => process);
const answering = (subject: string, by: string) => respondOn(connection, subject, () => by);

it('a request goes to the process that had better answer it', async () => {
  await answering('books.find', 'any');
  await answering('at.desk-1.books.find', 'desk-1');
  expect(await preferring('desk-1').request('books.find', {})).toBe('desk-1');
  expect(await preferring(null).request('books.find', {})).toBe('any');
});

it('a request whose process is not there goes to any that is', async () => {
  await answering('books.find', 'any');
  expect(await preferring('desk-1').request('books.find', {})).toBe('any');
});

it('a request that its process took is given to nobody else, even when it fails', async () => {
  const asked: string[] = [];
  await respondOn(connection, 'books.find', () => asked.push('any'));
  await respondOn(connection, 'at.desk-1.books.find', () => {
    asked.push('desk-1');
    throw new Error('no');
  });
  await expect(preferring('desk-1').request('books.find', {})).rejects.toThrow('failed');
  expect(asked).toEqual(['desk-1']);
});
