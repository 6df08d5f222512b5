import type { Random } from '#platform';
import { type KeyFile, type KeyRing, VaultKeyError, newestOf } from './key.file.js';
import { UnsealableError, type VersionedKey, seal, unseal } from './sealing.js';
import type { WrappedKey } from './vault.file.js';
import type { VaultThread } from './vault.thread.js';

const PROOF = Buffer.from('bursar vault');
const PROOF_BELONGS_TO = ['proof'];
const REWRAPPED_AT_ONCE = 100;

/** The key-encryption key: wraps the keys of tenants, lies outside of the data folder, and is replaced while others work. */
export class KeyEncryption {
  private ring: KeyRing = new Map();

  constructor(
    private readonly keyFile: KeyFile,
    private readonly thread: VaultThread,
    private readonly random: Random,
  ) {}

  /** Makes the first key with a new vault, and none for one that has content. @throws VaultKeyError */
  async begin(): Promise<void> {
    if (!(await this.thread.ask('keyEncryption'))) {
      const first = newestOf(this.keyFile.provide());
      await this.thread.ask('begin', first.version, this.proofOf(first));
    }
    const inUse = await this.thread.ask('keyEncryption');
    const { path } = this.keyFile;
    const key = inUse && this.find(inUse.version);
    if (!key) throw new VaultKeyError(`the key of the vault is missing: it belongs into ${path}`);
    try {
      unseal(key, PROOF_BELONGS_TO, inUse.proof);
    } catch (error) {
      if (!(error instanceof UnsealableError)) throw error;
      throw new VaultKeyError(`${path} holds the key of another vault`);
    }
  }

  wrap(key: Omit<WrappedKey, 'wrappedUnder' | 'wrapped'>, plain: Uint8Array, under: VersionedKey) {
    const wrapped = seal(under, belongsTo(key), plain, this.random);
    return { ...key, wrappedUnder: under.version, wrapped };
  }

  /** Null: the key that wraps it is nowhere any more; what is stored has changed meanwhile, or the key is lost. */
  unwrap(key: WrappedKey): Buffer | null {
    const under = this.find(key.wrappedUnder);
    return under && unseal(under, belongsTo(key), key.wrapped);
  }

  /** What new keys are to be wrapped under. */
  async inUse(): Promise<VersionedKey> {
    const inUse = await this.thread.ask('keyEncryption');
    const key = inUse && this.find(inUse.version);
    if (!key) throw new VaultKeyError(`the key of the vault is missing in ${this.keyFile.path}`);
    return key;
  }

  /**
   * Replaces the key: both are in the file until nothing is wrapped under the older one. What was cut short is finished. Answers the
   * version that is in use then, and how many keys were wrapped anew.
   */
  async rotate(): Promise<{ version: number; rewrapped: number }> {
    const before = await this.inUse();
    const ring = new Map(this.keyFile.read());
    if (newestOf(ring).version === before.version) {
      ring.set(before.version + 1, this.keyFile.newKey());
      this.keyFile.write(ring);
    }
    this.ring = ring;
    const next = newestOf(ring);
    await this.thread.ask('setKeyEncryption', next.version, this.proofOf(next));
    const rewrapped = await this.rewrapAll(next);
    this.keyFile.write(new Map([[next.version, next.key]]));
    return { version: next.version, rewrapped };
  }

  private async rewrapAll(next: VersionedKey): Promise<number> {
    let rewrapped = 0;
    for (;;) {
      const older = await this.thread.ask('keysNotUnder', next.version, REWRAPPED_AT_ONCE);
      if (older.length === 0) return rewrapped;
      const keys = older.map((key) => {
        const plain = this.unwrap(key);
        if (!plain) throw new VaultKeyError(`${this.keyFile.path} lacks key ${key.wrappedUnder}`);
        const { tenant, purpose, version } = key;
        return this.wrap({ tenant, purpose, version }, plain, next);
      });
      await this.thread.ask('rewrap', keys);
      rewrapped += keys.length;
    }
  }

  /** Looks into the file again for a version that is not known: another process may have replaced the key. */
  private find(version: number): VersionedKey | null {
    if (!this.ring.has(version)) this.ring = this.keyFile.read() ?? new Map();
    const key = this.ring.get(version);
    return key ? { version, key } : null;
  }

  private proofOf(key: VersionedKey): Uint8Array {
    return seal(key, PROOF_BELONGS_TO, PROOF, this.random);
  }
}

function belongsTo({ tenant, purpose, version }: Omit<WrappedKey, 'wrappedUnder' | 'wrapped'>) {
  return ['key', tenant, purpose, String(version)];
}
