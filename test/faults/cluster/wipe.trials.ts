import { readdir, rm } from 'node:fs/promises';
import { eventually } from '../../support/eventually.js';
import { endure, type Trial } from './outages.run.js';

const REMEMBERED = 'KV_bursar_sagas';
const REMEMBERED_WITHIN_MS = 60_000;

/** Takes everything that JetStream keeps away, so many times: its server ends, its store is deleted, and it starts with an empty one. */
export async function wipeTrials(trial: Trial, wipes: number): Promise<void> {
  const { server } = trial.stage.cluster.nats;
  const kept = async () => {
    const files = await readdir(server.store, { recursive: true });
    return files.some((path) => path.endsWith(REMEMBERED));
  };
  const untilKept = () =>
    eventually(kept, Boolean, {
      withinMs: REMEMBERED_WITHIN_MS,
      what: `a ${REMEMBERED} in the store of JetStream`,
    });
  for (let wipe = 1; wipe <= wipes; wipe++) {
    await untilKept();
    await endure(trial, {
      name: 'all of JetStream',
      lastsMs: 0,
      break: async () => {
        await server.kill9();
        await rm(server.store, { recursive: true });
        if (await kept().catch(() => false)) throw new Error('JetStream still has something');
      },
      mend: server.start,
    });
    await untilKept();
  }
}
