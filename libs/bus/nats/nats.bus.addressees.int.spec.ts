import { afterEach, beforeEach, expect, it } from 'vitest';
import { type NatsServer, startNatsServer } from '../../../test/support/nats.server.js';
import { Addressees } from './addressees.js';
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

let alive: string[];
let told: (() => void)[];
beforeEach(() => (told = []));
const desk1IsGone = () => {
  alive = [];
  for (const changed of told) changed();
};
const preferring = (process: string | null) => {
  alive = process === null ? [] : [process];
  const members = {
    alive: () => alive,
    onChange: (changed: () => void) => {
      told.push(changed);
      return () => true;
    },
  };
  const belonging = { keyOf: () => null, ownerOf: () => undefined };
  return new NatsBus(connection, clock, new Addressees(() => members, belonging));
};
const answering = (subject: string, by: string) => respondOn(connection, subject, () => by);

it('a request goes to the process that had better answer it', async () => {
  await answering('books.find', 'any');
  await answering('books.at.desk-1.find', 'desk-1');
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
  await respondOn(connection, 'books.at.desk-1.find', () => {
    asked.push('desk-1');
    throw new Error('no');
  });
  await expect(preferring('desk-1').request('books.find', {})).rejects.toThrow('failed');
  expect(asked).toEqual(['desk-1']);
});

it('a request whose process is gone is in doubt at once, not at the end of its time', async () => {
  const taken = new Promise<void>((resolve) => {
    void respondOn(connection, 'books.at.desk-1.find', () => {
      resolve();
      return new Promise(() => {});
    });
  });
  await connection.client.flush();
  const answer = preferring('desk-1').request('books.find', {}, { timeoutMs: 600_000 });
  const expected = expect(answer).rejects.toThrow('timeout');
  await taken;
  desk1IsGone();
  await expected;
});

it('a question whose process is gone is asked of another one', async () => {
  await answering('queries.find', 'any');
  const taken = new Promise<void>((resolve) => {
    void respondOn(connection, 'queries.at.desk-1.find', () => {
      resolve();
      return new Promise(() => {});
    });
  });
  await connection.client.flush();
  const answer = preferring('desk-1').request('queries.find', {}, { timeoutMs: 600_000 });
  await taken;
  desk1IsGone();
  expect(await answer).toBe('any');
});
