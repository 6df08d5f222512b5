import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, SystemTimers } from '#platform/system';
import { describeEventStore } from '../event-store.contract.js';
import { SqliteEventStore } from './sqlite-event-store.js';

describeEventStore('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'event-store-'));
  const options = {
    path: join(folder, 'log.db'),
    clock: new SystemClock(),
    timers: new SystemTimers(),
  };
  return {
    open: () => SqliteEventStore.open(options),
    remove: () => rm(folder, { recursive: true }),
  };
});
