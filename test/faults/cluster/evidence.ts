import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiClient, everyPage } from '../../support/agent.client.js';
import type { ClusterStage } from './cluster.stage.js';

const PAYMENTS_MAX = 20;

/** Keeps what says why: what every process wrote, and the events of the payments that are named. Gives the folder. */
export async function keepEvidence(
  { cluster }: ClusterStage,
  faults: readonly string[],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bursar-faults-'));
  const keep = (name: string, text: string) => writeFile(join(folder, name), text);
  for (const { name, output } of cluster.processes) await keep(`${name}.log`, output());
  await keep('nats-server.log', cluster.nats.server.output());
  await keep('faults.txt', faults.join('\n'));
  const { auditor, base_url } = cluster.credentials();
  const client = createApiClient(base_url, auditor.key);
  const named = new Set(faults.join('\n').match(/pi_[a-z2-7]{26}/g));
  for (const id of [...named].slice(0, PAYMENTS_MAX)) {
    const events = await everyPage((query) => client.events(id, query)).catch(String);
    await keep(`${id}.json`, JSON.stringify(events, null, 2));
  }
  client.close();
  return folder;
}
