import {
  type Database,
  type Schema,
  assertSynchronous,
  inTransaction,
  openDatabase,
} from '#sqlite';
import { DAY_MS, HOUR_MS, MINUTES_10_MS } from '../windows.js';
import type { CardActivity, CardPlace } from '../vault.port.js';

/** `data` seals what is kept and is replaced by newer versions; the others make marks and stay. */
export type KeyPurpose = 'data' | 'fingerprint' | 'request';

export interface WrappedKey {
  tenant: string;
  purpose: KeyPurpose;
  version: number;
  /** Version of the key-encryption key that it is wrapped under. */
  wrappedUnder: number;
  wrapped: Uint8Array;
}

export interface SealedValue extends CardPlace {
  field: string;
  keyVersion: number;
  sealed: Uint8Array;
}

export interface KeptCard extends CardPlace {
  by: string;
  fingerprint: string;
  requestMark: string;
  atMs: number;
  values: readonly SealedValue[];
}

export interface FileStatus {
  keyEncryptionKey: number | null;
  tenants: number;
  cards: number;
  erased: number;
  /** Most values that one data key has sealed so far. */
  sealedMost: number;
}

const SCHEMA: Schema = {
  // "BVlt"
  applicationId: 0x42566c74,
  version: 1,
  sql: `
    -- The version of the key-encryption key that new keys are wrapped under, and a text sealed under it.
    CREATE TABLE key_encryption (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      version INTEGER NOT NULL,
      proof BLOB NOT NULL
    ) STRICT;
    CREATE TABLE keys (
      tenant TEXT NOT NULL,
      purpose TEXT NOT NULL,
      version INTEGER NOT NULL,
      wrapped_under INTEGER NOT NULL,
      wrapped BLOB NOT NULL,
      -- How many values it sealed.
      sealed INTEGER NOT NULL DEFAULT 0,
      PRIMARY KEY (tenant, purpose, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE cards (
      tenant TEXT NOT NULL,
      token TEXT NOT NULL,
      -- Null once it is erased, as all that could be compared.
      brought_by TEXT,
      fingerprint TEXT,
      request_mark TEXT,
      kept_at_ms INTEGER NOT NULL,
      erased_at_ms INTEGER,
      PRIMARY KEY (tenant, token)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE sealed_values (
      tenant TEXT NOT NULL,
      token TEXT NOT NULL,
      field TEXT NOT NULL,
      key_version INTEGER NOT NULL,
      sealed BLOB NOT NULL,
      PRIMARY KEY (tenant, token, field),
      FOREIGN KEY (tenant, token) REFERENCES cards (tenant, token)
    ) STRICT;
    CREATE INDEX sealed_values_by_key ON sealed_values (tenant, key_version);
    CREATE TABLE sightings (
      tenant TEXT NOT NULL,
      brought_by TEXT NOT NULL,
      -- 'card' or 'decline'
      kind TEXT NOT NULL,
      fingerprint TEXT NOT NULL,
      at_ms INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX sightings_by_bringer ON sightings (tenant, brought_by, kind, at_ms, fingerprint);
    CREATE INDEX sightings_by_time ON sightings (at_ms)`,
};

interface KeyRow {
  tenant: string;
  purpose: KeyPurpose;
  version: number;
  wrapped_under: number;
  wrapped: Uint8Array;
}

interface ValueRow {
  tenant: string;
  token: string;
  field: string;
  key_version: number;
  sealed: Uint8Array;
}

/**
 * The vault's file. Knows ciphertexts only. Its calls block, so it lives in a thread of its own; several processes may have the same
 * file open, and what must not be outdated is checked in the transaction that writes.
 */
export class VaultFile {
  private readonly database: Database;

  constructor(path: string) {
    this.database = openDatabase(path, { schema: SCHEMA });
    // What is deleted is overwritten, not only forgotten.
    this.database.exec('PRAGMA secure_delete = ON');
  }

  close(): void {
    this.database.close();
  }

  /** Sets the first key-encryption key; does nothing when there is one. */
  begin(version: number, proof: Uint8Array): void {
    this.write(() =>
      this.run('INSERT OR IGNORE INTO key_encryption (one, version, proof) VALUES (1, ?, ?)', [
        version,
        proof,
      ]),
    );
    assertSynchronous(this.database, 'FULL');
  }

  keyEncryption(): { version: number; proof: Uint8Array } | null {
    const sql = 'SELECT version, proof FROM key_encryption';
    return this.database.prepare<{ version: number; proof: Uint8Array }>(sql).get() ?? null;
  }

  /** From now on no key is wrapped under an older one. */
  setKeyEncryption(version: number, proof: Uint8Array): void {
    this.write(() =>
      this.run('UPDATE key_encryption SET version = ?, proof = ? WHERE version < ?', [
        version,
        proof,
        version,
      ]),
    );
  }

  /** The newest, or that version. */
  key(tenant: string, purpose: KeyPurpose, version: number | null): WrappedKey | null {
    const row = this.database
      .prepare<KeyRow>(
        `SELECT tenant, purpose, version, wrapped_under, wrapped FROM keys
         WHERE tenant = ? AND purpose = ? AND version = coalesce(?, version) ORDER BY version DESC LIMIT 1`,
      )
      .get(tenant, purpose, version);
    return row ? keyOf(row) : null;
  }

  /** `known`: that version is there. `outdated`: it is wrapped under a key-encryption key that was replaced. */
  addKey(key: WrappedKey): 'added' | 'known' | 'outdated' {
    return this.write(() => {
      if (this.keyEncryption()?.version !== key.wrappedUnder) return 'outdated';
      const { tenant, purpose, version, wrappedUnder, wrapped } = key;
      const added = this.run(
        'INSERT OR IGNORE INTO keys (tenant, purpose, version, wrapped_under, wrapped) VALUES (?, ?, ?, ?, ?)',
        [tenant, purpose, version, wrappedUnder, wrapped],
      );
      return added === 1 ? 'added' : 'known';
    });
  }

  keysNotUnder(wrappedUnder: number, limit: number): WrappedKey[] {
    return this.database
      .prepare<KeyRow>(
        'SELECT tenant, purpose, version, wrapped_under, wrapped FROM keys WHERE wrapped_under <> ? LIMIT ?',
      )
      .all(wrappedUnder, limit)
      .map(keyOf);
  }

  /** Each only if nobody else was faster. */
  rewrap(keys: readonly WrappedKey[]): void {
    this.write(() => {
      for (const { tenant, purpose, version, wrappedUnder, wrapped } of keys)
        this.run(
          `UPDATE keys SET wrapped_under = ?, wrapped = ?
           WHERE tenant = ? AND purpose = ? AND version = ? AND wrapped_under < ?`,
          [wrappedUnder, wrapped, tenant, purpose, version, wrappedUnder],
        );
    });
  }

  /** `outdated`: sealed under a data key that was replaced. */
  keep(card: KeptCard): 'kept' | 'taken' | 'outdated' {
    const { tenant, token, by, fingerprint, requestMark, atMs, values } = card;
    return this.write(() => {
      const known = this.database
        .prepare<{ request_mark: string | null }>(
          'SELECT request_mark FROM cards WHERE tenant = ? AND token = ?',
        )
        .get(tenant, token);
      if (known) return known.request_mark === requestMark ? 'kept' : 'taken';
      if (!values.every((value) => this.isCurrent(value))) return 'outdated';
      this.run(
        `INSERT INTO cards (tenant, token, brought_by, fingerprint, request_mark, kept_at_ms)
         VALUES (?, ?, ?, ?, ?, ?)`,
        [tenant, token, by, fingerprint, requestMark, atMs],
      );
      for (const value of values) this.insertValue(value);
      return 'kept';
    });
  }

  value({ tenant, token }: CardPlace, field: string): SealedValue | null {
    const row = this.database
      .prepare<ValueRow>(
        'SELECT tenant, token, field, key_version, sealed FROM sealed_values WHERE tenant = ? AND token = ? AND field = ?',
      )
      .get(tenant, token, field);
    return row ? valueOf(row) : null;
  }

  /** `gone`: the card was erased. */
  addValue(value: SealedValue): 'kept' | 'gone' | 'outdated' {
    return this.write(() => {
      const { tenant, token } = value;
      const card = this.database
        .prepare('SELECT 1 FROM cards WHERE tenant = ? AND token = ? AND erased_at_ms IS NULL')
        .get(tenant, token);
      if (!card) return 'gone';
      if (!this.isCurrent(value)) return 'outdated';
      this.insertValue(value);
      return 'kept';
    });
  }

  tenants(): string[] {
    const sql = `SELECT DISTINCT tenant FROM keys WHERE purpose = 'data' ORDER BY tenant`;
    return this.database
      .prepare<{ tenant: string }>(sql)
      .all()
      .map(({ tenant }) => tenant);
  }

  /** Values under older versions of the tenant's data key. */
  outdatedValues(tenant: string, version: number, limit: number): SealedValue[] {
    return this.database
      .prepare<ValueRow>(
        `SELECT tenant, token, field, key_version, sealed FROM sealed_values
         WHERE tenant = ? AND key_version < ? LIMIT ?`,
      )
      .all(tenant, version, limit)
      .map(valueOf);
  }

  /** Each only if it is still what it was: `earlier` belongs to the value at the same place in the list. */
  reseal(values: readonly SealedValue[], earlier: readonly Uint8Array[]): void {
    this.write(() => {
      for (const [index, value] of values.entries()) {
        const { tenant, token, field, keyVersion, sealed } = value;
        const changed = this.run(
          `UPDATE sealed_values SET key_version = ?, sealed = ?
           WHERE tenant = ? AND token = ? AND field = ? AND sealed = ?`,
          [keyVersion, sealed, tenant, token, field, earlier[index] ?? new Uint8Array()],
        );
        if (changed === 1) this.countSealed(value);
      }
    });
  }

  /** Destroys the tenant's older data keys that seal nothing any more; answers how many. */
  retireKeys(tenant: string): number {
    const retired = this.write(() =>
      this.run(
        `DELETE FROM keys WHERE tenant = ? AND purpose = 'data'
           AND version < (SELECT max(version) FROM keys WHERE tenant = ? AND purpose = 'data')
           AND version NOT IN (SELECT key_version FROM sealed_values WHERE tenant = ?)`,
        [tenant, tenant, tenant],
      ),
    );
    this.checkpoint();
    return retired;
  }

  /** What is kept under the token is overwritten; that it was erased is remembered, also of a token that nobody knew. */
  erase({ tenant, token }: CardPlace, atMs: number): void {
    this.write(() => {
      this.run('DELETE FROM sealed_values WHERE tenant = ? AND token = ?', [tenant, token]);
      this.run(
        `INSERT INTO cards (tenant, token, kept_at_ms, erased_at_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET brought_by = NULL, fingerprint = NULL, request_mark = NULL,
           erased_at_ms = coalesce(erased_at_ms, excluded.erased_at_ms)`,
        [tenant, token, atMs, atMs],
      );
    });
    this.checkpoint();
  }

  noteCard(seen: { tenant: string; by: string; fingerprint: string }, atMs: number): CardActivity {
    return this.write(() => {
      this.run('DELETE FROM sightings WHERE at_ms <= ?', [atMs - DAY_MS]);
      this.insertSighting('card', seen, atMs);
      return {
        cardsLast10Minutes: this.cards(seen, atMs - MINUTES_10_MS),
        cardsLastHour: this.cards(seen, atMs - HOUR_MS),
        cardsLastDay: this.cards(seen, atMs - DAY_MS),
        declinesLastHour: this.declines(seen, atMs - HOUR_MS),
        declinesLastDay: this.declines(seen, atMs - DAY_MS),
      };
    });
  }

  noteDecline({ tenant, token }: CardPlace, atMs: number): void {
    this.write(() => {
      const card = this.database
        .prepare<{ by: string; fingerprint: string }>(
          `SELECT brought_by AS by, fingerprint FROM cards
           WHERE tenant = ? AND token = ? AND erased_at_ms IS NULL`,
        )
        .get(tenant, token);
      if (card) this.insertSighting('decline', { tenant, ...card }, atMs);
    });
  }

  status(): FileStatus {
    const number = (sql: string) => this.database.prepare<{ n: number | null }>(sql).get()?.n ?? 0;
    return {
      keyEncryptionKey: this.keyEncryption()?.version ?? null,
      tenants: this.tenants().length,
      cards: number('SELECT count(*) AS n FROM cards WHERE erased_at_ms IS NULL'),
      erased: number('SELECT count(*) AS n FROM cards WHERE erased_at_ms IS NOT NULL'),
      sealedMost: number('SELECT max(sealed) AS n FROM keys'),
    };
  }

  private isCurrent({ tenant, keyVersion }: SealedValue): boolean {
    const sql = `SELECT max(version) AS version FROM keys WHERE tenant = ? AND purpose = 'data'`;
    const newest = this.database.prepare<{ version: number | null }>(sql).get(tenant);
    return newest?.version === keyVersion;
  }

  private insertValue(value: SealedValue): void {
    const { tenant, token, field, keyVersion, sealed } = value;
    this.run(
      'INSERT OR IGNORE INTO sealed_values (tenant, token, field, key_version, sealed) VALUES (?, ?, ?, ?, ?)',
      [tenant, token, field, keyVersion, sealed],
    );
    this.countSealed(value);
  }

  private countSealed({ tenant, keyVersion }: SealedValue): void {
    this.run(
      `UPDATE keys SET sealed = sealed + 1 WHERE tenant = ? AND purpose = 'data' AND version = ?`,
      [tenant, keyVersion],
    );
  }

  private insertSighting(
    kind: 'card' | 'decline',
    { tenant, by, fingerprint }: { tenant: string; by: string; fingerprint: string },
    atMs: number,
  ): void {
    this.run(
      'INSERT INTO sightings (tenant, brought_by, kind, fingerprint, at_ms) VALUES (?, ?, ?, ?, ?)',
      [tenant, by, kind, fingerprint, atMs],
    );
  }

  private cards({ tenant, by }: { tenant: string; by: string }, afterMs: number): number {
    const sql = `SELECT count(DISTINCT fingerprint) AS n FROM sightings
      WHERE tenant = ? AND brought_by = ? AND kind = 'card' AND at_ms > ?`;
    return this.database.prepare<{ n: number }>(sql).get(tenant, by, afterMs)?.n ?? 0;
  }

  private declines({ tenant, by }: { tenant: string; by: string }, afterMs: number): number {
    const sql = `SELECT count(*) AS n FROM sightings
      WHERE tenant = ? AND brought_by = ? AND kind = 'decline' AND at_ms > ?`;
    return this.database.prepare<{ n: number }>(sql).get(tenant, by, afterMs)?.n ?? 0;
  }

  private write<T>(work: () => T): T {
    return inTransaction(this.database, work);
  }

  private run(sql: string, values: readonly (string | number | Uint8Array)[]): number {
    return this.database.prepare(sql).run(...values).changes;
  }

  /** Pages that were overwritten go where they belong, and the log beside the file is cut; later when somebody reads it. */
  private checkpoint(): void {
    this.database.pragma('wal_checkpoint(TRUNCATE)');
  }
}

function keyOf({ tenant, purpose, version, wrapped_under, wrapped }: KeyRow): WrappedKey {
  return { tenant, purpose, version, wrappedUnder: wrapped_under, wrapped };
}

function valueOf({ tenant, token, field, key_version, sealed }: ValueRow): SealedValue {
  return { tenant, token, field, keyVersion: key_version, sealed };
}
