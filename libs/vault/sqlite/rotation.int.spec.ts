import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SystemClock, SystemRandom } from '#platform/system';
import { Card } from '#processors';
import { DataFolderLockedError, lockDataFolder, openDatabase } from '#sqlite';
import { SqliteVault, VaultKeyError } from './index.js';

const NUMBER = '4242424242424242';
const CARD = new Card({ number: NUMBER, expMonth: 7, expYear: 2031 });

let folder: string;
let files: { path: string; keyPath: string };
let vaults: SqliteVault[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-'));
  files = { path: join(folder, 'data/vault.db'), keyPath: join(folder, 'keys/vault.key') };
  vaults = [];
});
afterEach(async () => {
  for (const vault of vaults) await vault.close();
  rmSync(folder, { recursive: true });
});

/** Another process that shares the file, or another life of the same one. */
function opened(): SqliteVault {
  const vault = new SqliteVault(files, { clock: new SystemClock(), random: new SystemRandom() });
  vaults.push(vault);
  return vault;
}

const place = (number: number, tenant = 'tnt_a') => ({ tenant, token: `pm_${number}` });

async function keep(vault: SqliteVault, number: number, tenant = 'tnt_a'): Promise<void> {
  const marks = await vault.marksOf(tenant, CARD);
  expect(await vault.keep(place(number, tenant), { card: CARD, marks, by: 'agt_1' })).toBe('kept');
}

const numberOf = async (vault: SqliteVault, number: number, tenant = 'tnt_a') =>
  (await vault.card(place(number, tenant)))?.number;

function rows<Row>(sql: string): Row[] {
  const database = openDatabase(files.path, { readOnly: true });
  try {
    return database.prepare<Row>(sql).all();
  } finally {
    database.close();
  }
}

const dataKeys = () =>
  rows<{ version: number }>(`SELECT version FROM keys WHERE purpose = 'data'`).map(
    ({ version }) => version,
  );

const keyLines = () => readFileSync(files.keyPath, 'utf8').trim().split('\n');

describe('the key-encryption key', () => {
  it('is made with the first card, readable by its owner only, outside of the folder of the vault', async () => {
    const vault = opened();
    expect(existsSync(files.keyPath)).toBe(false);
    await keep(vault, 1);
    expect(statSync(files.keyPath).mode & 0o777).toBe(0o600);
    const key = keyLines()[0]?.split(':')[1] ?? '';
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    for (const name of readdirSync(join(folder, 'data')).filter(
      (each) => each !== 'vault-rotation',
    )) {
      const bytes = readFileSync(join(folder, 'data', name));
      expect(bytes.includes(key)).toBe(false);
      expect(bytes.includes(Buffer.from(key, 'base64url'))).toBe(false);
      expect(bytes.includes(NUMBER)).toBe(false);
    }
  });

  it('is replaced while others read and write, and the older one opens nothing any more', async () => {
    const [server, other] = [opened(), opened()];
    await keep(server, 0);
    const before = readFileSync(files.keyPath, 'utf8');
    let done = false;
    const failures: unknown[] = [];
    const load = async (vault: SqliteVault, from: number) => {
      for (let count = 0; !done || count < 20; count += 1) {
        try {
          await keep(vault, from + count, `tnt_${from}_${count % 7}`);
          expect(await numberOf(vault, 0)).toBe(NUMBER);
          expect(await numberOf(vault, from + count, `tnt_${from}_${count % 7}`)).toBe(NUMBER);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const loads = [load(server, 1_000), load(other, 2_000)];
    for (let count = 0; count < 3; count += 1) await opened().rotateKeyEncryptionKey();
    done = true;
    await Promise.all(loads);
    expect(failures).toEqual([]);
    expect(keyLines()).toHaveLength(1);
    expect(keyLines()[0]).toMatch(/^4:/);
    const { rewrapped } = await opened().rotateKeyEncryptionKey();
    expect(rewrapped).toBeGreaterThan(14);
    expect(await numberOf(opened(), 0)).toBe(NUMBER);

    writeFileSync(files.keyPath, before);
    await expect(opened().open()).rejects.toThrow(VaultKeyError);
  });

  it('is finished by the next rotation when one was cut short', async () => {
    const vault = opened();
    await keep(vault, 1);
    // The new key was written, and nothing was wrapped under it yet.
    const made = Buffer.from(new SystemRandom().bytes(32)).toString('base64url');
    writeFileSync(files.keyPath, `${keyLines()[0]}\n2:${made}\n`);
    expect(await numberOf(opened(), 1)).toBe(NUMBER);
    expect(await opened().rotateKeyEncryptionKey()).toEqual({ version: 2, rewrapped: 3 });
    expect(keyLines()).toEqual([`2:${made}`]);
    expect(await numberOf(vault, 1)).toBe(NUMBER);
    expect(await numberOf(opened(), 1)).toBe(NUMBER);
  });

  it('is not made again for a vault that has content, nor taken from another vault', async () => {
    await keep(opened(), 1);
    rmSync(files.keyPath);
    await expect(opened().open()).rejects.toThrow('the key of the vault is missing');
    expect(existsSync(files.keyPath)).toBe(false);
    const strange = Buffer.alloc(32, 7).toString('base64url');
    writeFileSync(files.keyPath, `1:${strange}\n`);
    await expect(opened().open()).rejects.toThrow('holds the key of another vault');
    writeFileSync(files.keyPath, 'nothing\n');
    await expect(opened().open()).rejects.toThrow('holds no keys of a vault');
  });

  it('is one when two processes begin at once', async () => {
    const [one, two] = [opened(), opened()];
    await Promise.all([keep(one, 1), keep(two, 2)]);
    expect(await numberOf(one, 2)).toBe(NUMBER);
    expect(await numberOf(two, 1)).toBe(NUMBER);
    const [here, there] = [await one.marksOf('tnt_a', CARD), await two.marksOf('tnt_a', CARD)];
    expect(here).toEqual(there);
  });

  it('is replaced by one process at a time', async () => {
    await keep(opened(), 1);
    const lock = lockDataFolder(join(folder, 'data/vault-rotation'));
    await expect(opened().rotateKeyEncryptionKey()).rejects.toThrow(DataFolderLockedError);
    lock.release();
    await opened().rotateKeyEncryptionKey();
  });
});

describe('a data key', () => {
  it('is replaced while others read and write, and older versions are destroyed', async () => {
    const [server, other] = [opened(), opened()];
    for (let number = 0; number < 120; number += 1) await keep(server, number);
    await server.keepProcessorToken(place(5), 'one', 'tok_1');
    let done = false;
    const failures: unknown[] = [];
    const load = async (vault: SqliteVault, from: number) => {
      for (let count = 0; !done || count < 20; count += 1) {
        try {
          await keep(vault, from + count);
          expect(await numberOf(vault, count % 120)).toBe(NUMBER);
        } catch (error) {
          failures.push(error);
        }
      }
    };
    const loads = [load(server, 1_000), load(other, 2_000)];
    for (let count = 0; count < 3; count += 1) {
      const { tenants, resealed } = await opened().rotateDataKeys();
      expect(tenants).toBe(1);
      expect(resealed).toBeGreaterThan(240);
    }
    done = true;
    await Promise.all(loads);
    expect(failures).toEqual([]);
    expect(dataKeys()).toEqual([4]);
    const versions = rows<{ v: number }>('SELECT DISTINCT key_version AS v FROM sealed_values');
    expect(versions).toEqual([{ v: 4 }]);
    expect(await server.processorToken(place(5), 'one')).toBe('tok_1');
    expect(await numberOf(opened(), 119)).toBe(NUMBER);
  });

  it('changes no mark of a card', async () => {
    const vault = opened();
    const before = await vault.marksOf('tnt_a', CARD);
    await keep(vault, 1);
    await vault.rotateDataKeys();
    await vault.rotateKeyEncryptionKey();
    expect(await opened().marksOf('tnt_a', CARD)).toEqual(before);
  });
});

describe('a ciphertext', () => {
  it('that was moved to another tenant or token in the file does not open there', async () => {
    const vault = opened();
    await keep(vault, 1);
    await keep(vault, 2);
    await keep(vault, 1, 'tnt_b');
    await vault.close();
    const database = openDatabase(files.path);
    const from = `SELECT sealed FROM sealed_values WHERE tenant = 'tnt_a' AND token = 'pm_1' AND field = 'number'`;
    database.exec(
      `UPDATE sealed_values SET sealed = (${from}) WHERE token = 'pm_2' AND field = 'number'`,
    );
    database.exec(
      `UPDATE sealed_values SET sealed = (${from}) WHERE tenant = 'tnt_b' AND field = 'number'`,
    );
    database.close();
    expect(await numberOf(opened(), 1)).toBe(NUMBER);
    await expect(opened().card(place(2))).rejects.toThrow('does not open');
    await expect(opened().card(place(1, 'tnt_b'))).rejects.toThrow('does not open');
  });

  it('of an erased card is nowhere in the files any more', async () => {
    const vault = opened();
    await keep(vault, 1);
    await keep(vault, 2);
    const [row] = rows<{ sealed: Uint8Array }>(
      `SELECT sealed FROM sealed_values WHERE token = 'pm_1' AND field = 'number'`,
    );
    const sealed = Buffer.from(row?.sealed ?? []);
    const holds = () =>
      readdirSync(join(folder, 'data'))
        .filter((name) => name.startsWith('vault.db'))
        .some((name) => readFileSync(join(folder, 'data', name)).includes(sealed));
    expect(holds()).toBe(true);
    await vault.erase(place(1));
    expect(holds()).toBe(false);
    expect(await numberOf(vault, 1)).toBeUndefined();
    expect(await numberOf(vault, 2)).toBe(NUMBER);
  });
});
