import { Worker } from 'node:worker_threads';

/**
 * Starts `entry`, the URL of a compiled `.js` file, in a thread of its own: SQLite's calls block, and a slow disk must
 * not hold up the event loop. Tests run from the sources, which Node cannot load: there the entry is compiled first.
 */
export async function startWorker(entry: URL, workerData: unknown): Promise<Worker> {
  const fromSources = import.meta.url.endsWith('.ts');
  const file = fromSources ? await (await import('./source-build.js')).buildSource(entry) : entry;
  return new Worker(file, { workerData });
}
