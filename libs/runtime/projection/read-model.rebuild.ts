import { constants } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import type { EventStore } from '#event-store';
import { openDatabase } from '#sqlite';
import { projectBatch } from './batch.js';
import { type Checkpoints, prepare, restart } from './checkpoints.js';
import type { Projection } from './projection.js';
import { ReadModelDatabase, discardReadModels } from './read-model.database.js';

export interface RebuildOptions {
  /** A file of its own beside the one that answers. */
  path: string;
  store: Pick<EventStore, 'readAll'>;
  projections: readonly Projection[];
  /** Those that are filled again; the others are as they were copied. */
  again: readonly Projection[];
  /** Between two batches; whoever wants it to end throws here. */
  pause: () => Promise<void>;
  onProgress: (position: number) => void;
}

const BATCH_MAX = 256;

/** A second set of read models that is filled from the log while the first one answers. */
export class ReadModelRebuild {
  private readonly db: ReadModelDatabase;
  private readonly positions: Checkpoints;
  private isOpen = true;

  constructor(private readonly options: RebuildOptions) {
    const { path, projections, again } = options;
    this.db = new ReadModelDatabase(openUnsafe(path));
    prepare(this.db, projections);
    this.positions = restart(this.db, again);
  }

  position(): number {
    return Math.min(...this.positions.values());
  }

  /** Everything in the log up to and including `target`, and nothing after it. @throws when the file cannot be written */
  async fillTo(target: number): Promise<void> {
    const { store, projections, onProgress, pause } = this.options;
    while (this.position() < target) {
      const page = await store.readAll({ after: this.position(), limit: BATCH_MAX });
      const scannedTo = Math.min(page.scannedTo, target);
      const events = page.events.filter(({ position }) => position <= scannedTo);
      projectBatch(this.db, projections, this.positions, events, scannedTo);
      for (const [name, position] of this.positions)
        this.positions.set(name, Math.max(position, scannedTo));
      onProgress(scannedTo);
      await pause();
    }
  }

  /** To the disk: a power cut must not find a file that looks whole. */
  async sync(): Promise<void> {
    const file = await open(this.options.path, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }

  close(): void {
    if (this.isOpen) this.db.close();
    this.isOpen = false;
  }
}

/** Where a rebuild of `databasePath` is made. */
export function rebuildPath(databasePath: string): string {
  return `${databasePath}.rebuild`;
}

/** Copies a database that nobody writes meanwhile, with what its write-ahead log holds. */
export async function copyReadModels(from: string, to: string): Promise<void> {
  discardReadModels(to);
  for (const ending of ['', '-wal'])
    await copyFile(`${from}${ending}`, `${to}${ending}`, constants.COPYFILE_FICLONE).catch(
      (error: NodeJS.ErrnoException) => {
        if (ending === '' || error.code !== 'ENOENT') throw error;
      },
    );
}

/** Nothing survives a crash, and nothing needs to: a rebuild that was cut short is thrown away. */
function openUnsafe(path: string) {
  const database = openDatabase(path, { journal: 'DELETE', synchronous: 'NORMAL' });
  database.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF');
  return database;
}
