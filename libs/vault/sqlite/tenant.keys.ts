import type { Random } from '#platform';
import type { KeyEncryption } from './key-encryption.js';
import { VaultKeyError } from './key.file.js';
import { KEY_BYTES, type VersionedKey } from './sealing.js';
import type { KeyPurpose } from './vault.file.js';
import type { VaultThread } from './vault.thread.js';

/** Each try sees what another process did meanwhile; more often than that it is not in our way. */
const TRIES_MAX = 10;

/** The keys of each tenant, as they are unwrapped. A key never changes, only what it is wrapped under. */
export class TenantKeys {
  private readonly unwrapped = new Map<string, Uint8Array>();
  private readonly newest = new Map<string, VersionedKey>();

  constructor(
    private readonly thread: VaultThread,
    private readonly keyEncryption: KeyEncryption,
    private readonly random: Random,
  ) {}

  /** The newest of a purpose; a tenant that has none gets one. */
  async current(tenant: string, purpose: KeyPurpose): Promise<VersionedKey> {
    const name = `${purpose}/${tenant}`;
    const known = this.newest.get(name);
    if (known) return known;
    const found = (await this.load(tenant, purpose, null)) ?? (await this.make(tenant, purpose, 1));
    this.newest.set(name, found);
    return found;
  }

  /** Another process may have a newer one: the next `current` looks. */
  forgetCurrent(tenant: string): void {
    this.newest.delete(`data/${tenant}`);
  }

  /** Null: it was retired. */
  async at(tenant: string, version: number): Promise<VersionedKey | null> {
    const key = this.unwrapped.get(nameOf(tenant, 'data', version));
    return key ? { version, key } : this.load(tenant, 'data', version);
  }

  /** A data key that all further values are sealed under. */
  async renew(tenant: string): Promise<VersionedKey> {
    this.forgetCurrent(tenant);
    const { version } = await this.current(tenant, 'data');
    const made = await this.make(tenant, 'data', version + 1);
    this.newest.set(`data/${tenant}`, made);
    return made;
  }

  /** Forgets what was retired. */
  forgetBefore(tenant: string, version: number): void {
    for (let each = version - 1; each > 0; each -= 1) {
      const name = nameOf(tenant, 'data', each);
      this.unwrapped.get(name)?.fill(0);
      if (!this.unwrapped.delete(name)) return;
    }
  }

  private async load(
    tenant: string,
    purpose: KeyPurpose,
    version: number | null,
  ): Promise<VersionedKey | null> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const wrapped = await this.thread.ask('key', tenant, purpose, version);
      if (!wrapped) return null;
      const key = this.keyEncryption.unwrap(wrapped);
      if (!key) continue;
      this.unwrapped.set(nameOf(tenant, purpose, wrapped.version), key);
      return { version: wrapped.version, key };
    }
    throw new VaultKeyError('the key that wraps a key of the vault is missing');
  }

  private async make(tenant: string, purpose: KeyPurpose, version: number): Promise<VersionedKey> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const under = await this.keyEncryption.inUse();
      const key = this.random.bytes(KEY_BYTES);
      const wrapped = this.keyEncryption.wrap({ tenant, purpose, version }, key, under);
      if ((await this.thread.ask('addKey', wrapped)) === 'outdated') continue;
      const added = await this.load(tenant, purpose, version);
      if (added) return added;
    }
    throw new VaultKeyError('a new key could not be wrapped');
  }
}

function nameOf(tenant: string, purpose: KeyPurpose, version: number): string {
  return `${purpose}/${version}/${tenant}`;
}
