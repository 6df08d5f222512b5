import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock, Random } from '#platform';
import { Card } from '#processors';
import { lockDataFolder } from '#sqlite';
import { marksOf } from '../card-marks.js';
import {
  type CardActivity,
  type CardMarks,
  type CardPlace,
  type NewCard,
  Vault,
  VaultUnavailableError,
} from '../vault.port.js';
import { KeyEncryption } from './key-encryption.js';
import { KeyFile } from './key.file.js';
import { type VersionedKey, seal, unseal } from './sealing.js';
import { TenantKeys } from './tenant.keys.js';
import type { FileStatus, SealedValue } from './vault.file.js';
import { VaultThread } from './vault.thread.js';

export type VaultStatus = FileStatus;

/** Each try sees what a rotation did meanwhile; a rotation is over long before. */
const TRIES_MAX = 10;
const RESEALED_AT_ONCE = 100;
const EXPIRY = /^(\d{2})\/(\d{4})$/;

/**
 * Cards in one SQLite file, sealed under a data key per tenant, which is wrapped under a key that lies elsewhere. Several processes of
 * one machine may share the file and the key. Nothing is made before the first card comes.
 */
export class SqliteVault extends Vault {
  private readonly thread: VaultThread;
  private readonly keyEncryption: KeyEncryption;
  private readonly keys: TenantKeys;
  private readonly clock: Clock;
  private readonly random: Random;
  private opening: Promise<void> | undefined;

  /** `path`: of the file. `keyPath`: of the key-encryption key, which no backup of the file should hold. */
  constructor(
    private readonly files: { path: string; keyPath: string },
    { clock, random }: { clock: Clock; random: Random },
  ) {
    super();
    [this.clock, this.random] = [clock, random];
    this.thread = new VaultThread(files.path);
    this.keyEncryption = new KeyEncryption(new KeyFile(files.keyPath, random), this.thread, random);
    this.keys = new TenantKeys(this.thread, this.keyEncryption, random);
  }

  /** Opens the file and proves the key; otherwise the first call does. @throws VaultKeyError, VaultUnavailableError */
  open(): Promise<void> {
    this.opening ??= this.begin().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  async close(): Promise<void> {
    await this.opening?.catch(() => undefined);
    await this.thread.close();
  }

  async marksOf(tenant: string, card: Card): Promise<CardMarks> {
    await this.open();
    const fingerprint = await this.keys.current(tenant, 'fingerprint');
    const request = await this.keys.current(tenant, 'request');
    return marksOf(card, { fingerprint: fingerprint.key, request: request.key });
  }

  async keep(place: CardPlace, { card, marks, by }: NewCard): Promise<'kept' | 'taken'> {
    await this.open();
    const expiry = `${String(card.expMonth).padStart(2, '0')}/${card.expYear}`;
    const { fingerprint, request: requestMark } = marks;
    return this.underCurrentKey(place.tenant, (key) =>
      this.thread.ask('keep', {
        ...place,
        ...{ by, fingerprint, requestMark, atMs: this.clock.now() },
        values: [
          this.sealed(key, place, 'number', card.number),
          this.sealed(key, place, 'expiry', expiry),
        ],
      }),
    );
  }

  async card(place: CardPlace): Promise<Card | null> {
    await this.open();
    const number = await this.opened(place, 'number');
    const expiry = await this.opened(place, 'expiry');
    const [, month, year] = EXPIRY.exec(expiry ?? '') ?? [];
    if (number === null || month === undefined) return null;
    return new Card({ number, expMonth: Number(month), expYear: Number(year) });
  }

  async keepProcessorToken(place: CardPlace, processor: string, token: string): Promise<void> {
    await this.open();
    const field = fieldOf(processor);
    await this.underCurrentKey(place.tenant, (key) =>
      this.thread.ask('addValue', this.sealed(key, place, field, token)),
    );
  }

  async processorToken(place: CardPlace, processor: string): Promise<string | null> {
    await this.open();
    return this.opened(place, fieldOf(processor));
  }

  async erase(place: CardPlace): Promise<void> {
    await this.open();
    await this.thread.ask('erase', { tenant: place.tenant, token: place.token }, this.clock.now());
  }

  async noteCard(seen: { tenant: string; by: string; fingerprint: string }): Promise<CardActivity> {
    await this.open();
    return this.thread.ask('noteCard', seen, this.clock.now());
  }

  async noteDecline(place: CardPlace): Promise<void> {
    await this.open();
    await this.thread.ask('noteDecline', place, this.clock.now());
  }

  async status(): Promise<VaultStatus> {
    await this.open();
    return this.thread.ask('status');
  }

  /** Replaces the key-encryption key, while all others go on. @throws DataFolderLockedError while another rotation is under way */
  rotateKeyEncryptionKey(): Promise<{ version: number; rewrapped: number }> {
    return this.alone(() => this.keyEncryption.rotate());
  }

  /**
   * Gives every tenant a new data key, seals everything anew and destroys the older keys, while all others go on.
   * @throws DataFolderLockedError while another rotation is under way
   */
  rotateDataKeys(): Promise<{ tenants: number; resealed: number; retired: number }> {
    return this.alone(() => this.replaceDataKeys());
  }

  /** Two rotations at once could each write the key file without the other's key. */
  private async alone<T>(rotate: () => Promise<T>): Promise<T> {
    await this.open();
    const lock = lockDataFolder(join(dirname(this.files.path), 'vault-rotation'));
    try {
      return await rotate();
    } finally {
      lock.release();
    }
  }

  private async replaceDataKeys(): Promise<{ tenants: number; resealed: number; retired: number }> {
    const tenants = await this.thread.ask('tenants');
    let [resealed, retired] = [0, 0];
    for (const tenant of tenants) {
      const key = await this.keys.renew(tenant);
      resealed += await this.resealAll(tenant, key);
      retired += await this.thread.ask('retireKeys', tenant);
      this.keys.forgetBefore(tenant, key.version);
    }
    return { tenants: tenants.length, resealed, retired };
  }

  private async begin(): Promise<void> {
    mkdirSync(dirname(this.files.path), { recursive: true, mode: 0o700 });
    await this.keyEncryption.begin();
  }

  private async resealAll(tenant: string, key: VersionedKey): Promise<number> {
    let resealed = 0;
    for (;;) {
      const older = await this.thread.ask('outdatedValues', tenant, key.version, RESEALED_AT_ONCE);
      if (older.length === 0) return resealed;
      const values: SealedValue[] = [];
      for (const value of older) {
        const plain = await this.plainOf(value);
        if (plain) values.push(this.sealed(key, value, value.field, plain));
      }
      await this.thread.ask(
        'reseal',
        values,
        older.map(({ sealed }) => sealed),
      );
      resealed += values.length;
    }
  }

  /** Null: nothing is kept there. A value whose key was retired a moment ago is there under a newer one. */
  private async opened(place: CardPlace, field: string): Promise<string | null> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const value = await this.thread.ask('value', place, field);
      if (!value) return null;
      const plain = await this.plainOf(value);
      if (plain) return plain.toString('utf8');
    }
    throw new VaultUnavailableError('the key of a value in the vault is missing');
  }

  private async plainOf(value: SealedValue): Promise<Buffer | null> {
    const key = await this.keys.at(value.tenant, value.keyVersion);
    return key && unseal(key, belongsTo(value, value.field), value.sealed);
  }

  private async underCurrentKey<Answer extends string>(
    tenant: string,
    write: (key: VersionedKey) => Promise<Answer>,
  ): Promise<Exclude<Answer, 'outdated'>> {
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await write(await this.keys.current(tenant, 'data'));
      if (answer !== 'outdated') return answer as Exclude<Answer, 'outdated'>;
      this.keys.forgetCurrent(tenant);
    }
    throw new VaultUnavailableError('the data key is replaced again and again');
  }

  private sealed(
    key: VersionedKey,
    { tenant, token }: CardPlace,
    field: string,
    plain: string | Uint8Array,
  ): SealedValue {
    const bytes = typeof plain === 'string' ? Buffer.from(plain, 'utf8') : plain;
    const sealed = seal(key, belongsTo({ tenant, token }, field), bytes, this.random);
    return { tenant, token, field, keyVersion: key.version, sealed };
  }
}

function fieldOf(processor: string): string {
  return `token at ${processor}`;
}

function belongsTo({ tenant, token }: CardPlace, field: string): string[] {
  return ['value', tenant, token, field];
}
