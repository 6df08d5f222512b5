import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NatsConnection, NatsPublication } from '#bus/nats';
import type { WorldEvent } from '#contracts';
import type { NewEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { Trouble } from '#platform';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { PROJECTIONS, toldAfter } from '#read-models';
import { ProjectionRuntime } from '#runtime/projection';
import { eventually } from '../../test/support/eventually.js';
import { type NatsServer, startNatsServer } from '../../test/support/nats.server.js';
import { WorldEventsRelay } from './world-events.relay.js';

const STREAM = 'BURSAR_EVENTS';
const SUBJECTS = 'bursar.v1.*.events.>';
const AT = '2026-01-01T00:00:00.000Z';
const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];

class ListedTrouble extends Trouble {
  readonly reported: string[] = [];
  report(message: string, error: unknown): void {
    this.reported.push(`${message}: ${String(error)}`);
  }
}

const closers: (() => unknown)[] = [];
let server: NatsServer;
let store: MemoryEventStore;
beforeEach(async () => {
  server = await startNatsServer({ jetstream: true });
  closers.push(() => server.dispose());
  store = new MemoryEventStore({ clock, timers });
  closers.push(() => store.close());
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function append(payment: string, ...types: string[]): Promise<void> {
  const metadata = { $correlationId: 'c', $causationId: 'c', schemaVersion: 1, tenant: 'tnt_1' };
  const request = { amount: 1, currency: 'USD', payee: { id: 'acme' }, payment_method: 'pm_1' };
  const asked = { id: payment, tenant: 'tnt_1', agent: 'agt_1', mandate: null, request };
  const events = types.map((type) => ({
    ...{ id: random.uuid(), type, metadata },
    data: { ...asked, number: 1, reason: 'unknown', at: AT },
  }));
  await store.append(`payment_intent-${payment}`, 'any', events as unknown as NewEvent[]);
}

/** A payment with three events that the world is told, and one that it is not. */
const pay = (payment: string) =>
  append(payment, 'PaymentIntentRequested', 'RouteChosen', 'PaymentParked', 'PaymentCanceled');

/** Read models and a relay of one process. */
async function startRelay(log = store) {
  const folder = mkdtempSync(join(tmpdir(), 'relay-'));
  const databasePath = join(folder, 'read-models.db');
  const readModels = new ProjectionRuntime({
    ...{ store: log, databasePath, projections: PROJECTIONS, timers },
  });
  const trouble = new ListedTrouble();
  const connection = await NatsConnection.open(
    { url: server.url, name: 'events' },
    { clock, timers, random, trouble: new ListedTrouble() },
  );
  const publication = new NatsPublication(connection, { stream: STREAM, subjects: SUBJECTS });
  const relay = new WorldEventsRelay(
    { store: log, readModels, publication, timers, trouble },
    { lookEveryMs: 200, yieldMs: 20 },
  );
  readModels.start();
  relay.start();
  let open = true;
  const stop = async () => {
    if (!open) return;
    open = false;
    await relay.stop();
    await connection.close();
    await readModels.close();
    rmSync(folder, { recursive: true });
  };
  closers.push(stop);
  const told = async () => {
    await readModels.caughtUpTo(await log.headPosition());
    return toldAfter(readModels.reader, -1, 10_000);
  };
  return { trouble, connection, told, stop };
}

type Relay = Awaited<ReturnType<typeof startRelay>>;

interface Published {
  subject: string;
  id: string;
  body: string;
}

/** Everything that is in the stream, in its order. */
async function published({ connection }: Relay): Promise<Published[]> {
  const manager = await connection.client.jetstreamManager();
  const { state } = await manager.streams.info(STREAM);
  const found: Published[] = [];
  for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq += 1) {
    const { subject, header, data } = await manager.streams.getMessage(STREAM, { seq });
    const body = new TextDecoder().decode(data);
    found.push({ subject, id: header.get('Nats-Msg-Id'), body });
  }
  return found;
}

/** Waits until the stream holds exactly what the log says, in its order. */
async function untilComplete(relay: Relay, withinMs = 20_000): Promise<Published[]> {
  const wanted = (await relay.told()).map(({ id, body, tenant, type }) => ({
    ...{ subject: `bursar.v1.${tenant}.events.${type}`, id, body },
  }));
  const found = await eventually(
    () => published(relay).catch(() => []),
    (seen) => seen.length >= wanted.length,
    { what: 'the whole stream', withinMs },
  );
  expect(found).toEqual(wanted);
  return found;
}

async function deleteStream({ connection }: Relay): Promise<void> {
  await (await connection.client.jetstreamManager()).streams.delete(STREAM);
}

describe('the relay of what the world is told', () => {
  it('publishes everything from the beginning of the log, each payment without a gap, and what comes later', async () => {
    for (const payment of ['p1', 'p2', 'p3']) await pay(payment);
    const relay = await startRelay();
    await untilComplete(relay);
    await pay('p4');
    const found = await untilComplete(relay);
    expect(found).toHaveLength(12);
    const events = found.map(({ body }) => JSON.parse(body) as WorldEvent);
    expect(found.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    for (const payment of ['pi_p1', 'pi_p2', 'pi_p3', 'pi_p4'])
      expect(
        events.filter(({ subject }) => subject === payment).map(({ sequence }) => sequence),
      ).toEqual([1, 2, 3]);
    expect(relay.trouble.reported).toEqual([]);
  });

  it('goes on in its next life where it was, also with read models that are made anew', async () => {
    await pay('p1');
    const first = await startRelay();
    await untilComplete(first);
    await first.stop();
    await pay('p2');
    const second = await startRelay();
    expect(await untilComplete(second)).toHaveLength(6);
  });

  it('says nothing twice and leaves nothing out when several do it at once', async () => {
    const relays = await Promise.all([startRelay(), startRelay(), startRelay()]);
    await Promise.all(Array.from({ length: 60 }, (_, index) => pay(`p${index}`)));
    const [one] = relays;
    if (!one) throw new Error('there are three');
    expect(await untilComplete(one)).toHaveLength(180);
    await one.stop();
    const [, two] = relays;
    if (!two) throw new Error('there are three');
    await Promise.all(Array.from({ length: 20 }, (_, index) => pay(`q${index}`)));
    expect(await untilComplete(two)).toHaveLength(240);
    for (const { trouble } of relays) expect(trouble.reported).toEqual([]);
  });

  it('makes the stream again from the beginning when it was deleted, idle or under load', async () => {
    const relays = await Promise.all([startRelay(), startRelay()]);
    const [relay] = relays;
    if (!relay) throw new Error('there are two');
    await pay('p1');
    await untilComplete(relay);
    await deleteStream(relay);
    await untilComplete(relay);
    const load = Promise.all(Array.from({ length: 200 }, (_, index) => pay(`q${index}`)));
    await eventually(
      () => published(relay).catch(() => []),
      (seen) => seen.length > 20,
      { what: 'a part of the load' },
    );
    await deleteStream(relay);
    await load;
    await untilComplete(relay);
  });

  it('goes on by itself after the server was killed', async () => {
    const relay = await startRelay();
    await pay('p1');
    await untilComplete(relay);
    await server.kill9();
    await pay('p2');
    await eventually(
      () => relay.trouble.reported.length,
      (count) => count > 0,
      { what: 'a report' },
    );
    await server.start();
    expect(await untilComplete(relay)).toHaveLength(6);
  });

  it('adds nothing to what was made from another log, and says so once', async () => {
    const first = await startRelay();
    await pay('p1');
    const before = await untilComplete(first);
    await first.stop();
    const other = new MemoryEventStore({ clock, timers });
    closers.push(() => other.close());
    const relay = await startRelay(other);
    await eventually(
      () => relay.trouble.reported,
      (reported) => reported.length > 0,
      { what: 'a report' },
    );
    store = other;
    for (const payment of ['p7', 'p8', 'p9']) await pay(payment);
    await relay.told();
    expect(await published(relay)).toEqual(before);
    expect(new Set(relay.trouble.reported).size).toBe(relay.trouble.reported.length);
    expect(relay.trouble.reported.join()).toContain('another log');
    await deleteStream(relay);
    expect(await untilComplete(relay)).toHaveLength(9);
  });
});
