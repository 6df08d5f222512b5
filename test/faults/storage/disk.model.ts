import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SeededRandom } from '../../support/seeded.random.js';
import type { FileOperation } from './write.trace.js';

const SECTOR = 512;
const PAGE = 4_096;

type Change = Extract<FileOperation, { kind: 'write' | 'truncate' }>;

interface FileOnDisk {
  /** What is certainly there. */
  synced: FileContent;
  /** What was written since, oldest first. */
  pending: Change[];
}

type NameChange = (names: Map<string, FileOnDisk>) => void;

/**
 * A disk that promises what POSIX does: what was synced stays. Of what was not, a power cut keeps, loses or tears each
 * write; names are kept up to any of their changes.
 */
export class DiskModel {
  private readonly names = new Map<string, FileOnDisk>();
  private readonly durableNames = new Map<string, FileOnDisk>();
  private nameChanges: NameChange[] = [];

  apply(operation: FileOperation): void {
    if (operation.kind === 'said') return;
    const { kind, path } = operation;
    const file = this.names.get(path);
    if (kind === 'write' || kind === 'truncate') file?.pending.push(operation);
    else if (kind === 'sync') this.sync(file);
    else if (kind === 'create') {
      if (!file) this.create(path);
      else if (operation.truncate) file.pending.push({ kind: 'truncate', path, size: 0 });
    } else if (kind === 'unlink') this.rename((names) => void names.delete(path));
    else if (file) {
      const { to } = operation;
      this.rename((names) => {
        names.delete(path);
        names.set(to, file);
      });
    }
  }

  /** Writes into `folder` what a power cut at this moment may leave. */
  cut(random: SeededRandom, folder: string): void {
    mkdirSync(folder, { recursive: true });
    const names = new Map(this.durableNames);
    for (const change of this.nameChanges.slice(0, below(random, this.nameChanges.length + 1))) {
      change(names);
    }
    for (const [path, file] of names) {
      // SQLite's index of its write-ahead log lies in memory that is shared, and is made anew.
      if (path.endsWith('-shm')) continue;
      writeFileSync(join(folder, basename(path)), whatIsLeft(file, random));
    }
  }

  private create(path: string): void {
    const file = { synced: new FileContent(), pending: [] };
    this.rename((names) => void names.set(path, file));
  }

  private rename(change: NameChange): void {
    change(this.names);
    this.nameChanges.push(change);
  }

  /** A folder's sync makes the names in it durable, a file's its content. */
  private sync(file: FileOnDisk | undefined): void {
    if (!file) {
      for (const change of this.nameChanges) change(this.durableNames);
      this.nameChanges = [];
      return;
    }
    for (const change of file.pending) file.synced.apply(change);
    file.pending = [];
  }
}

class FileContent {
  private buffer = Buffer.alloc(0);
  private size = 0;

  bytes(): Buffer {
    return this.buffer.subarray(0, this.size);
  }

  copy(): FileContent {
    const copy = new FileContent();
    copy.buffer = Buffer.from(this.buffer);
    copy.size = this.size;
    return copy;
  }

  apply(change: Change): void {
    if (change.kind === 'truncate') this.resize(change.size);
    else if (change.bytes.length > 0) {
      this.resize(Math.max(this.size, change.at + change.bytes.length));
      change.bytes.copy(this.buffer, change.at);
    }
  }

  /** What is new is zero. */
  private resize(size: number): void {
    if (size > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(size, this.buffer.length * 2));
      this.buffer.copy(larger);
      this.buffer = larger;
    }
    this.buffer.fill(0, Math.min(size, this.size), Math.max(size, this.size));
    this.size = size;
  }
}

function whatIsLeft({ synced, pending }: FileOnDisk, random: SeededRandom): Buffer {
  // All or nothing is likelier than chance would have it.
  const mood = below(random, 4);
  const left = synced.copy();
  for (const change of mood === 0 ? [] : pending) {
    const fate = mood === 1 ? 'kept' : random.pick(['lost', 'kept', 'torn', 'torn']);
    if (fate === 'kept') left.apply(change);
    else if (fate === 'torn' && change.kind === 'write') left.apply(torn(change, random));
  }
  return left.bytes();
}

function torn(write: Extract<Change, { kind: 'write' }>, random: SeededRandom): typeof write {
  const unit = random.pick([SECTOR, PAGE]);
  const boundary = (Math.floor(write.at / unit) + 1 + below(random, 8)) * unit;
  const middle = Math.min(boundary - write.at, write.bytes.length);
  return random.pick([
    { ...write, bytes: write.bytes.subarray(0, middle) },
    { ...write, at: write.at + middle, bytes: write.bytes.subarray(middle) },
  ]);
}

function below(random: SeededRandom, end: number): number {
  return Math.floor(random.next() * end);
}
