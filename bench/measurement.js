import { pause, startLoad } from './closed-loop.js';
import { percentile } from './statistics.js';

const QUIET_CPU_MS = 10;
const QUIET_EVERY_MS = 100;
const QUIET_WITHIN_MS = 20_000;

/**
 * One window of load on one server, after a warm-up that runs into it. CPU is that of the server's process alone, all its
 * threads.
 * @param {{ server: { url: string, usage(): Promise<{ cpuMs: number, rssBytes: number, requests: number }> },
 *   pay: (connection: any) => Promise<unknown>, connections: number, warmUpMs: number, windowMs: number,
 *   observe?: () => Promise<Record<string, number>> }} cell `observe` reads counters that only grow
 * @returns what the payments of the window cost, and by how much the counters grew
 */
export async function measure({ server, pay, connections, warmUpMs, windowMs, observe }) {
  const load = await startLoad({ url: server.url, connections, pay });
  await load.window(warmUpMs);
  const counted = await observe?.();
  const used = await server.usage();
  const before = performance.now();
  const durations = await load.window(windowMs);
  const seconds = (performance.now() - before) / 1000;
  const { cpuMs, rssBytes } = await server.usage();
  const grown = counted && difference(await observe(), counted);
  await load.stop();
  await untilQuiet(server);
  if (durations.length === 0) throw new Error(`no payment was answered within ${windowMs} ms`);
  return {
    perSecond: durations.length / seconds,
    p50Ms: percentile(durations, 0.5),
    p99Ms: percentile(durations, 0.99),
    cpuSecondsPer1000: (cpuMs - used.cpuMs) / durations.length,
    rssMb: rssBytes / 1024 / 1024,
    grown,
  };
}

/** What a server still does afterwards must not slow down the next one. */
async function untilQuiet(server) {
  const giveUpAt = performance.now() + QUIET_WITHIN_MS;
  for (let { cpuMs } = await server.usage(); performance.now() < giveUpAt;) {
    await pause(QUIET_EVERY_MS);
    const now = await server.usage();
    if (now.cpuMs - cpuMs < QUIET_CPU_MS) return;
    cpuMs = now.cpuMs;
  }
  throw new Error(`the server is still busy ${QUIET_WITHIN_MS / 1000} s after the load`);
}

function difference(after, before) {
  return Object.fromEntries(Object.keys(after).map((name) => [name, after[name] - before[name]]));
}
