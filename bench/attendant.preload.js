import { subscribe } from 'node:diagnostics_channel';
import { isMainThread } from 'node:worker_threads';

/**
 * Loaded into every measured process before its program: tells the benchmark what the process used so far, and ends it
 * when the benchmark is gone, whatever that died of.
 */
if (isMainThread && process.send) attend();

function attend() {
  let requests = 0;
  subscribe('http.server.request.start', () => {
    requests += 1;
  });
  process.on('message', (question) => {
    if (question !== 'usage') return;
    const { user, system } = process.cpuUsage();
    process.send?.({
      cpuMs: (user + system) / 1000,
      rssBytes: process.memoryUsage.rss(),
      requests,
    });
  });
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel alone keeps no program running.
  process.channel?.unref();
}
