import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readRoleSettings } from './roles/role.settings.js';
import { vaultFilesOf } from './vault.settings.js';

let folder: string;
let dataDir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-settings-'));
  dataDir = join(folder, 'data');
  mkdirSync(dataDir);
});
afterEach(() => rmSync(folder, { recursive: true }));

const keyAt = (BURSAR_VAULT_KEY_FILE: string) => vaultFilesOf({ BURSAR_VAULT_KEY_FILE }, dataDir);

describe('the key of the vault', () => {
  it('lies beside the data folder unless somebody says otherwise', () => {
    expect(vaultFilesOf({}, dataDir)).toEqual({
      path: join(dataDir, 'vault.db'),
      keyPath: `${dataDir}.vault-key`,
    });
    expect(keyAt(join(folder, 'elsewhere/key')).keyPath).toBe(join(folder, 'elsewhere/key'));
  });

  it('never lies in the data folder, by whatever way, nor beside a vault that lies elsewhere', () => {
    symlinkSync(dataDir, join(folder, 'link'));
    for (const path of [join(dataDir, 'key'), join(dataDir, 'a/key'), join(folder, 'link/key')])
      expect(() => keyAt(path)).toThrow('must not lie in');
    const env = {
      BURSAR_VAULT_FILE: join(folder, 'vault/vault.db'),
      BURSAR_VAULT_KEY_FILE: join(folder, 'vault/key'),
    };
    expect(() => vaultFilesOf(env, dataDir)).toThrow('must not lie in');
  });
});

describe('the road of cards of the distributed form', () => {
  const NATS = { BURSAR_NATS_URL: 'nats://n:4222', BURSAR_SANDBOX_URL: 'http://s:1' };
  const TLS = {
    BURSAR_CARDS_CERTIFICATE_FILE: 'c.pem',
    BURSAR_CARDS_KEY_FILE: 'k.pem',
    BURSAR_CARDS_CA_FILE: 'ca.pem',
  };
  const KEY = { BURSAR_VAULT_KEY_FILE: 'vault.key' };

  it('is none unless it is set up', () => {
    expect(readRoleSettings('gateway', NATS).cardsRoad).toBeNull();
    expect(readRoleSettings('connectors', NATS).cardsDoor).toBeNull();
  });

  it('has a door with a vault at one end and an address at the other', () => {
    const door = readRoleSettings('connectors', {
      ...NATS,
      ...TLS,
      ...KEY,
      BURSAR_CARDS_PORT: '7443',
    });
    expect(door.cardsDoor).toMatchObject({ port: 7443, caFile: 'ca.pem' });
    const road = readRoleSettings('gateway', {
      ...NATS,
      ...TLS,
      BURSAR_CARDS_URL: 'https://c:7443/',
    });
    expect(road.cardsRoad).toMatchObject({ url: 'https://c:7443', keyFile: 'k.pem' });
  });

  it.each([
    ['gateway', { BURSAR_CARDS_URL: 'http://c:7443', ...TLS }, 'TLS only'],
    ['gateway', { BURSAR_CARDS_URL: 'https://c:7443' }, 'BURSAR_CARDS_CERTIFICATE_FILE'],
    ['connectors', { BURSAR_CARDS_PORT: '7443', ...TLS }, 'needs BURSAR_VAULT_KEY_FILE'],
    ['connectors', { BURSAR_CARDS_PORT: 'x', ...TLS, ...KEY }, 'must be a port'],
    ['connectors', { BURSAR_CARDS_PORT: '7443', ...KEY }, 'BURSAR_CARDS_CA_FILE'],
  ] as const)('is refused for %s with %j', (role, env, message) => {
    expect(() => readRoleSettings(role, { ...NATS, ...env })).toThrow(message);
  });
});
