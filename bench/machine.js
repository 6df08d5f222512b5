import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { percentile } from './statistics.js';

const IN_MEMORY = new Set([0x01021994, 0x858458f6]);
const SYNCS = 500;

/** @param {string} folder */
export function refuseMemory(folder) {
  if (IN_MEMORY.has(statfsSync(folder).type)) {
    throw new Error(`${folder} is in memory, which keeps nothing; --folder names one on a disk`);
  }
}

/**
 * What the figures depend on.
 * @param {string} folder where the data is
 */
export function describeMachine(folder) {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    node: process.version,
    sync: syncLatency(folder),
  };
}

/** How long the disk takes to keep 4 KiB appended to a file: what no durable commit can go below. */
function syncLatency(folder) {
  const path = join(folder, 'sync.probe');
  const file = openSync(path, 'w');
  const block = Buffer.alloc(4096, 1);
  const times = Array.from({ length: SYNCS }, () => {
    const before = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - before;
  });
  closeSync(file);
  rmSync(path);
  return { p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
}
