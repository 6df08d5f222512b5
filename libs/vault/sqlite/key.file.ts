import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Random } from '#platform';
import { VaultUnavailableError } from '../vault.port.js';
import { KEY_BYTES, type VersionedKey } from './sealing.js';

/** The key-encryption keys by their versions. More than one only while one replaces another. */
export type KeyRing = ReadonlyMap<number, Uint8Array>;

/** The file of the key-encryption key is missing, holds something else, or belongs to another vault. */
export class VaultKeyError extends VaultUnavailableError {
  constructor(message: string) {
    super(message);
    this.name = 'VaultKeyError';
  }
}

const LINE = /^([1-9]\d{0,8}):([A-Za-z0-9_-]{43})$/;

/** The file outside of the data folder that opens the vault: a line for each key, `<version>:<32 bytes in base64url>`. */
export class KeyFile {
  constructor(
    readonly path: string,
    private readonly random: Random,
  ) {}

  /** Null when there is no such file. @throws VaultKeyError */
  read(): KeyRing | null {
    const text = this.text();
    if (text === null) return null;
    const lines = text.split('\n').filter((line) => line !== '');
    const keys = lines.map((line) => {
      const [, version = '', key = ''] = LINE.exec(line) ?? [];
      return [Number(version), Buffer.from(key, 'base64url')] as const;
    });
    if (keys.length === 0 || keys.some(([version, key]) => !version || key.length !== KEY_BYTES))
      throw new VaultKeyError(`${this.path} holds no keys of a vault`);
    return new Map(keys);
  }

  /**
   * The file's keys, or a first one that is in the file then. Whoever comes second takes what the first one made.
   * @throws VaultKeyError
   */
  provide(): KeyRing {
    try {
      return this.read() ?? this.make();
    } catch (error) {
      if (error instanceof VaultKeyError) throw error;
      throw new VaultKeyError(`${this.path} cannot be written`);
    }
  }

  private make(): KeyRing {
    const made = new Map([[1, this.newKey()]]);
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    const draft = this.draftOf(made);
    try {
      linkSync(draft, this.path);
      syncFolder(dirname(this.path));
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    } finally {
      rmSync(draft, { force: true });
    }
    return this.read() ?? made;
  }

  /** Replaces the file: whole and on disk, or not at all. */
  write(ring: KeyRing): void {
    renameSync(this.draftOf(ring), this.path);
    syncFolder(dirname(this.path));
  }

  newKey(): Uint8Array {
    return this.random.bytes(KEY_BYTES);
  }

  private draftOf(ring: KeyRing): string {
    const draft = `${this.path}.${this.random.uuid()}.new`;
    const file = openSync(draft, 'wx', 0o600);
    try {
      for (const [version, key] of ring)
        writeSync(file, `${version}:${Buffer.from(key).toString('base64url')}\n`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return draft;
  }

  private text(): string | null {
    try {
      return readFileSync(this.path, 'utf8');
    } catch (error) {
      if (isCode(error, 'ENOENT')) return null;
      throw new VaultKeyError(`${this.path} cannot be read`);
    }
  }
}

export function newestOf(ring: KeyRing): VersionedKey {
  const version = Math.max(...ring.keys());
  return { version, key: ring.get(version) ?? new Uint8Array() };
}

/** A name that a folder was given is on the disk once the folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
