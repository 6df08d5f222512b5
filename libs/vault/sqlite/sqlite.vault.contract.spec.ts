import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '#platform/memory';
import { SystemRandom } from '#platform/system';
import { describeVault } from '../vault.contract.js';
import { SqliteVault } from './index.js';

describeVault('in an SQLite file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-'));
  const clock = new VirtualClock();
  const files = { path: join(folder, 'vault.db'), keyPath: join(folder, 'vault.key') };
  const vault = new SqliteVault(files, { clock, random: new SystemRandom() });
  const stop = async () => {
    await vault.close();
    rmSync(folder, { recursive: true });
  };
  return { vault, clock, stop };
});
