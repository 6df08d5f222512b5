import { afterAll, beforeAll } from 'vitest';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import {
  type EventStoreServerProcess,
  startEventStoreServer,
} from '../../../test/support/eventstore-server/eventstore-server.process.js';
import { appendGroups } from '../append-load.fixture.js';
import { describeEventStore, type EventStorePlace } from '../event-store.contract.js';
import { sequence, until } from '../events.contract.js';
import type { CallLimits } from './call.limits.js';
import { EventStoreDbEventStore } from './eventstoredb-event-store.js';

/** Where a server is away, so that it does not keep the tests for long. */
const IMPATIENT = { attemptMs: 500, totalMs: 2_000 };
/** What ends an append of 500 events on a slow machine is no failure. */
const LIMITS = { attemptMs: 5_000, totalMs: 20_000, silenceMs: 300 };
const { EVENTSTORE_URL } = process.env;

function placeAt(url: string, limits: Partial<CallLimits>): EventStorePlace {
  const ports = {
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random: new SystemRandom(),
  };
  return {
    open: async () => new EventStoreDbEventStore({ url, limits, ...ports }),
    remove: async () => {},
  };
}

let server: EventStoreServerProcess;
beforeAll(async () => {
  server = await startEventStoreServer();
});
afterAll(() => server.stop());

describeEventStore({
  name: 'eventstoredb',
  ownsLog: false,
  make: async () => placeAt(server.url, LIMITS),
  faults: {
    deadlineMs: IMPATIENT.totalMs + 500,
    impatientPlace: async () => placeAt(server.url, IMPATIENT),
    interruptions: {
      'a clean end': () => server.turnSubscriptions('ended'),
      'a cut connection': () => server.cutConnections(),
      'a restart of the server': async () => {
        await server.network('down');
        await server.network('up');
      },
      silence: () => server.turnSubscriptions('mute'),
    },
    takeServerAway: async () => {
      await server.network('down');
      return () => server.network('up');
    },
    keepServerSilent: async () => {
      await server.fail({ rpc: 'append', then: 'silence' }, { rpc: 'read', then: 'silence' });
      return () => server.heal();
    },
    placeThatDoesNotLead: async () => placeAt(server.followerUrl, LIMITS),
    dieUnderLoad,
  },
});

/** The server dies again and again, and the store goes on by itself. */
async function dieUnderLoad() {
  const place = placeAt(server.url, LIMITS);
  const store = await place.open();
  const { run } = sequence();
  const acknowledged = new Map<string, number>();
  let count = 0;
  const loads = Array.from({ length: 16 }, (_, number) => {
    const stream = `agent-${run}.${number}`;
    return appendGroups(store, stream, run, (lastRevision) => {
      acknowledged.set(stream, lastRevision);
      count++;
    });
  });
  const ended = Promise.allSettled(loads);
  for (let kills = 1; kills <= 5; kills++) {
    await until(() => count >= kills * 100);
    await server.network('down');
    await server.network('up');
  }
  await store.close();
  await ended;
  return { place, acknowledged };
}

if (EVENTSTORE_URL) {
  describeEventStore({
    name: 'eventstoredb at EVENTSTORE_URL',
    ownsLog: false,
    make: async () => placeAt(EVENTSTORE_URL, { silenceMs: 2_000 }),
  });
}
