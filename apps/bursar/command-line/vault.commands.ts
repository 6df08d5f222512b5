import { existsSync } from 'node:fs';
import { UnknownFileError, DataFolderLockedError } from '#sqlite';
import { type Asked, type Command, DATA_DIR, JSON_OUT } from './command.js';
import { CommandFailure } from './failures.js';
import { facts } from './table.js';

const WHERE = `BURSAR_VAULT_KEY_FILE says where the key is (default: beside the data folder), BURSAR_VAULT_FILE where the vault is
(default: vault.db in it). Processes that have the vault open go on.`;

type Opened = Awaited<ReturnType<typeof open>>;

const status: Command = {
  name: 'vault status',
  summary: 'how many cards the vault keeps, and under which keys',
  positionals: [],
  options: { ...DATA_DIR, ...JSON_OUT },
  details: WHERE,
  example: 'bursar vault status',
  run: (asked) =>
    withVault(asked, async ({ vault, files }) => {
      const now = await vault.status();
      const { keyEncryptionKey, tenants, cards, erased, sealedMost } = now;
      if (asked.json) return asked.terminal.out(JSON.stringify({ ...files, ...now }));
      const lines = facts([
        ['Vault', files.path],
        ['Key', `${files.keyPath}, version ${keyEncryptionKey}`],
        ['Tenants', String(tenants)],
        ['Cards', `${cards}, and ${erased} that were erased`],
        ['Sealed', `${sealedMost} values at most by one data key`],
      ]);
      lines.forEach((line) => asked.terminal.out(line));
    }),
};

const rotate: Command = {
  name: 'vault rotate',
  summary: 'replaces the key of the vault, or with --data-keys the keys below it',
  positionals: [],
  options: {
    ...DATA_DIR,
    ...JSON_OUT,
    'data-keys': {
      type: 'boolean',
      summary:
        'new data keys for all tenants; everything is sealed anew and the older keys destroyed',
    },
  },
  details: `Without --data-keys the key-encryption key is replaced: the key file holds both until every data key is wrapped under the
new one, and then the new one only. A rotation that was cut short is finished by the next one. ${WHERE}`,
  example: 'bursar vault rotate',
  run: (asked) =>
    withVault(asked, async ({ vault, files }) => {
      if (asked.options['data-keys'] !== undefined) {
        const { tenants, resealed, retired } = await vault.rotateDataKeys();
        if (asked.json) return asked.terminal.out(JSON.stringify({ tenants, resealed, retired }));
        return asked.terminal.out(
          `${tenants} tenants have new data keys; ${resealed} values sealed anew, ${retired} older keys destroyed.`,
        );
      }
      const { version, rewrapped } = await vault.rotateKeyEncryptionKey();
      if (asked.json) return asked.terminal.out(JSON.stringify({ version, rewrapped }));
      asked.terminal.out(`${files.keyPath} holds key ${version}; ${rewrapped} keys wrapped anew.`);
      asked.terminal.err(
        'Back it up now, apart from the data folder: copies of the older key open nothing new.',
      );
    }),
};

export const VAULT: readonly Command[] = [status, rotate];

async function open({ env, dataDir }: Asked) {
  const { vaultFilesOf, vaultOver } = await import('../vault.settings.js');
  const files = vaultFilesOf(env, dataDir);
  if (!existsSync(files.path))
    throw new CommandFailure(`There is no vault at ${files.path}: no card was ever kept there.`);
  return { vault: vaultOver(files), files };
}

/** @throws CommandFailure for what whoever asks can put right */
async function withVault(asked: Asked, use: (opened: Opened) => Promise<void>): Promise<void> {
  const opened = await open(asked);
  try {
    await use(opened);
  } catch (error) {
    throw await plain(error);
  } finally {
    await opened.vault.close();
  }
}

async function plain(error: unknown): Promise<unknown> {
  const { VaultUnavailableError } = await import('#vault');
  if (error instanceof DataFolderLockedError)
    return new CommandFailure('Another rotation of this vault is under way.');
  const isPlain = error instanceof VaultUnavailableError || error instanceof UnknownFileError;
  return isPlain ? new CommandFailure(error.message) : error;
}
