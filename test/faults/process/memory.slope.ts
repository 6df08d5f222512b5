import { readFile } from 'node:fs/promises';

export interface MemorySample {
  /** Since the run began. */
  atMs: number;
  residentMb: number;
}

const HOUR_MS = 3_600_000;

/** What a process has in memory now; null when it is not there. Reads `/proc`. */
export async function residentMb(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1_024;
}

/** How fast a life grows once it is warm, in MB per hour: the slope of its last two thirds. */
export function growthPerHour(life: readonly MemorySample[]): number {
  return slopePerHour(lateOf(life));
}

/** The slope in MB per hour, by least squares; NaN for less than two samples. */
export function slopePerHour(samples: readonly MemorySample[]): number {
  const meanAt = mean(samples.map(({ atMs }) => atMs));
  const meanMb = mean(samples.map((sample) => sample.residentMb));
  let covariance = 0;
  let variance = 0;
  for (const sample of samples) {
    covariance += (sample.atMs - meanAt) * (sample.residentMb - meanMb);
    variance += (sample.atMs - meanAt) ** 2;
  }
  return (covariance / variance) * HOUR_MS;
}

/** One sample that stands for a life: the mean of its last two thirds. */
export function ofWholeLife(life: readonly MemorySample[]): MemorySample {
  const late = lateOf(life);
  return {
    atMs: mean(late.map(({ atMs }) => atMs)),
    residentMb: mean(late.map((sample) => sample.residentMb)),
  };
}

function lateOf(life: readonly MemorySample[]): readonly MemorySample[] {
  return life.slice(Math.floor(life.length / 3));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
