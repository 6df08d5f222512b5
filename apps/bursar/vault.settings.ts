import { realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { AbsentVault, type Vault } from '#vault';
import { SqliteVault } from '#vault/sqlite';
import { SystemClock, SystemRandom } from '#platform/system';
import { InvalidSettingsError } from './settings.error.js';

const KEY_FILE = 'BURSAR_VAULT_KEY_FILE';

/** Where the vault is, and its key. */
export interface VaultFiles {
  path: string;
  keyPath: string;
}

/**
 * The key lies beside the data folder unless somebody says otherwise, and never in it: whoever has a copy of the folder has no card.
 * @throws InvalidSettingsError
 */
export function vaultFilesOf(env: NodeJS.ProcessEnv, dataDir: string): VaultFiles {
  const path = resolve(env['BURSAR_VAULT_FILE'] || join(dataDir, 'vault.db'));
  const keyPath = resolve(env[KEY_FILE] || `${dataDir}.vault-key`);
  for (const folder of [dataDir, dirname(path)])
    if (isInside(keyPath, folder))
      throw new InvalidSettingsError([`${KEY_FILE} must not lie in ${folder}: it opens the vault`]);
  return { path, keyPath };
}

export function vaultOver(files: VaultFiles): SqliteVault {
  return new SqliteVault(files, { clock: new SystemClock(), random: new SystemRandom() });
}

/** A process of the distributed form has a vault when it is told where the key is. @throws InvalidSettingsError */
export function vaultOfRole(
  env: NodeJS.ProcessEnv,
  dataDir: string,
): { vault: Vault; open: () => Promise<void>; close: () => Promise<void> } {
  if (!env[KEY_FILE]) {
    const vault = new AbsentVault(`${KEY_FILE} is not set`);
    const nothing = async () => undefined;
    return { vault, open: nothing, close: nothing };
  }
  const files = vaultFilesOf(env, dataDir);
  const vault = vaultOver(files);
  return { vault, open: () => vault.open(), close: () => vault.close() };
}

/** Through whatever links lead there. */
function isInside(path: string, folder: string): boolean {
  const way = relative(realOf(folder), join(realOf(dirname(path)), basename(path)));
  return way !== '' && !way.startsWith('..') && way !== resolve(way);
}

function realOf(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return resolve(folder);
  }
}
