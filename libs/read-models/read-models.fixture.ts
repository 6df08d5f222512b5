import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { NewEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { ProjectionRuntime } from '#runtime/projection';
import { PROJECTIONS } from './index.js';
import { openWatched } from './watched-database.fixture.js';

/** All read models in a folder of their own, over a log in memory: their own one, or another's. */
export function readModels(shared?: MemoryEventStore) {
  const random = new SystemRandom();
  const timers = new SystemTimers();
  const folder = mkdtempSync(join(tmpdir(), 'read-models-'));
  const store = shared ?? new MemoryEventStore({ clock: new SystemClock(), timers });
  const databasePath = join(folder, 'read-models.db');
  const runtime = new ProjectionRuntime({
    store,
    databasePath,
    projections: PROJECTIONS,
    timers,
    open: openWatched,
  });
  runtime.start();

  const append = async (
    stream: string,
    events: readonly { type: string; data: object }[],
    metadata: Record<string, string> = {},
  ) => {
    const $correlationId = stream;
    const common = { $correlationId, $causationId: stream, schemaVersion: 1, tenant: 'tnt_1' };
    const recorded = events.map(({ type, data }) => {
      const event = { id: random.uuid(), type, data, metadata: { ...common, ...metadata } };
      return event as unknown as NewEvent;
    });
    await store.append(stream, 'any', recorded);
  };
  /** What the rows say once everything in the log is in them. */
  const reader = async () => {
    expect(await runtime.caughtUpTo(await store.headPosition(), 5_000)).toBe(true);
    expect(runtime.failures()).toEqual([]);
    return runtime.reader;
  };
  const close = async () => {
    await runtime.close();
    if (!shared) await store.close();
    rmSync(folder, { recursive: true });
  };
  return { store, runtime, append, reader, close };
}
