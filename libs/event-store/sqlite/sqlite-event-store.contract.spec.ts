import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, SystemTimers } from '#platform/system';
import { describeEventStore, type EventStorePlace } from '../event-store.contract.js';
import { killUnderLoad } from './kill-load.fixture.js';
import { SqliteEventStore } from './sqlite-event-store.js';

const newFolder = () => mkdtemp(join(tmpdir(), 'event-store-'));

function placeIn(folder: string): EventStorePlace & { path: string } {
  const path = join(folder, 'log.db');
  const options = { path, clock: new SystemClock(), timers: new SystemTimers() };
  return {
    path,
    open: () => SqliteEventStore.open(options),
    remove: () => rm(folder, { recursive: true }),
  };
}

describeEventStore({
  name: 'sqlite',
  ownsLog: true,
  make: async () => placeIn(await newFolder()),
  faults: {
    dieUnderLoad: async () => {
      const place = placeIn(await newFolder());
      return { place, acknowledged: await killUnderLoad(place.path, 1, 300) };
    },
    smallDisk,
  },
});

async function smallDisk() {
  const folder = await newFolder();
  const disk = join(folder, 'disk');
  await mkdir(disk);
  const mount = ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk];
  if (spawnSync('mount', mount).status !== 0) {
    await rm(folder, { recursive: true });
    return null;
  }
  const ballast = join(disk, 'ballast');
  const remove = async () => {
    spawnSync('umount', ['--lazy', disk]);
    await rm(folder, { recursive: true });
  };
  return {
    place: { ...placeIn(disk), remove },
    fill: async () => {
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k']);
      return () => rm(ballast);
    },
  };
}
