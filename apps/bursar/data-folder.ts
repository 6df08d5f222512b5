import type { EventStore } from '#event-store';
import { SqliteEventStore } from '#event-store/sqlite';
import { Metrics } from '#metrics';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { lockDataFolder } from '#sqlite';
import { InstanceKeys } from '../commands/instance-keys.js';
import { provideInstanceSecret } from './instance-secret.js';
import { filesOf } from './settings.js';

/** A data folder that this process alone has open: its log, and its secret that keys are derived from. */
export interface DataFolder {
  readonly clock: SystemClock;
  readonly timers: SystemTimers;
  readonly random: SystemRandom;
  readonly store: EventStore;
  readonly keys: InstanceKeys;
  readonly metrics: Metrics;
  close(): Promise<void>;
}

/** @throws DataFolderLockedError, UnknownFileError */
export async function openDataFolder(dataDir: string): Promise<DataFolder> {
  const [clock, timers, random] = [new SystemClock(), new SystemTimers(), new SystemRandom()];
  const files = filesOf(dataDir);
  const lock = lockDataFolder(dataDir);
  try {
    const metrics = new Metrics();
    const onCommit = metrics.countCommit.bind(metrics);
    const store = await SqliteEventStore.open({ path: files.events, clock, timers, onCommit });
    const close = async () => {
      await store.close();
      lock.release();
    };
    try {
      const keys = new InstanceKeys(provideInstanceSecret(files.instanceSecret));
      return { clock, timers, random, store, keys, metrics, close };
    } catch (error) {
      await store.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}
