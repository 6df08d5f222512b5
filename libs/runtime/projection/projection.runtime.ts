import { renameSync } from 'node:fs';
import type { EventStore, RecordedEvent, Subscription } from '#event-store';
import type { Timers } from '#platform';
import { openDatabase } from '#sqlite';
import { projectBatch } from './batch.js';
import { type Checkpoints, orderedColumns, prepare, tablesOf } from './checkpoints.js';
import { PositionWaiters } from './position.waiters.js';
import type { Projection, ProjectionFailure, ReadModelReader } from './projection.js';
import { failures } from './projection-failures.js';
import {
  type OpenReadModels,
  ReadModelDatabase,
  discardReadModels,
  isDamage,
} from './read-model.database.js';
import { ReadModelRebuild, copyReadModels, rebuildPath } from './read-model.rebuild.js';
import { ReadModelSnapshot, type RowsDigest } from './read-model.snapshot.js';
import { Turns } from './turns.js';

export interface ProjectionRuntimeOptions {
  store: Pick<EventStore, 'subscribe' | 'headPosition' | 'readAll'>;
  /** One file for all read models. It can be deleted at any time while nobody has it open. */
  databasePath: string;
  projections: readonly Projection[];
  timers: Timers;
  /** Default: WAL, and commits that a power cut may take back, together with their checkpoint. */
  open?: OpenReadModels;
  onFailure?: (failure: ProjectionFailure) => void;
  /** The file could not be read or written. The same events come again until it can. */
  onStorageTrouble?: (error: unknown) => void;
}

/** What a projection holds at a position of the log: filled again, and before, as it had come about event by event. */
export interface RebuiltProjection extends RowsDigest {
  projection: string;
  position: number;
  before: RowsDigest;
}

/** How many events go into one transaction, and how long the event loop is held up at most. */
const BATCH_MAX = 256;

/** Nobody else writes this file, so there is no lock to wait for but that of a connection being replaced. */
const openUnsynced: OpenReadModels = (path) =>
  openDatabase(path, { synchronous: 'NORMAL', busyTimeoutMs: 250 });

/** Keeps the read models in step with the log. */
export class ProjectionRuntime {
  /** For queries. Between two batches, so it never shows a half of one. */
  readonly reader: ReadModelReader = {
    get: (sql, ...values) => this.database().get(sql, ...values),
    all: (sql, ...values) => this.database().all(sql, ...values),
  };
  private readonly waiters: PositionWaiters;
  private db: ReadModelDatabase | undefined;
  private positions: Checkpoints = new Map();
  private subscription: Subscription | undefined;
  /** Why the last write failed: the connection may be past saving. */
  private trouble: { error: unknown } | undefined;
  /** Changes of what is followed, one after the other. */
  private readonly turns = new Turns();
  /** One rebuild at a time, over many turns. */
  private readonly rebuilds = new Turns();
  private closing = false;

  constructor(private readonly options: ProjectionRuntimeOptions) {
    this.waiters = new PositionWaiters(options.timers);
  }

  /** Opens the file and follows the log. @throws when the file cannot be opened */
  start(): void {
    discardReadModels(rebuildPath(this.options.databasePath));
    this.open(undefined);
    this.follow();
  }

  /** What every projection has, as a position of the log; -1 for nothing. */
  position(): number {
    return Math.min(...this.positions.values());
  }

  /** Whether every projection got to `position` within `timeoutMs`. */
  async caughtUpTo(position: number, timeoutMs?: number): Promise<boolean> {
    return this.position() >= position || this.waiters.wait(position, timeoutMs);
  }

  /** Every event that was left out, oldest first. */
  failures(): ProjectionFailure[] {
    return failures(this.database());
  }

  /**
   * Fills one projection, or all, again from the beginning of the log, in a file beside the one that answers meanwhile,
   * which it then replaces. `onProgress` is told how far it is on the way to the head of the log.
   * @throws RangeError when there is no projection of that name
   */
  async rebuild(
    name?: string,
    onProgress: (position: number, head: number) => void = () => undefined,
  ): Promise<RebuiltProjection[]> {
    const again = this.options.projections.filter(
      (projection) => name === undefined || projection.name === name,
    );
    if (again.length === 0) throw new RangeError(`there is no projection ${name}`);
    return this.rebuilds.take(() => this.rebuildBeside(again, onProgress));
  }

  /** All rows of a projection by table, in an order that depends on nothing but the rows. */
  dump(name: string): Record<string, Record<string, unknown>[]> {
    const db = this.database();
    const tables = tablesOf(db, name).map((table) => {
      const order = orderedColumns(db, table)
        .map((column) => `"${column}"`)
        .join(', ');
      return [table, db.all<Record<string, unknown>>(`SELECT * FROM "${table}" ORDER BY ${order}`)];
    });
    return Object.fromEntries(tables) as Record<string, Record<string, unknown>[]>;
  }

  async close(): Promise<void> {
    this.closing = true;
    this.waiters.end();
    await this.rebuilds.take(() => Promise.resolve());
    await this.turns.take(async () => {
      await this.subscription?.stop();
      this.waiters.end();
      this.db?.close();
      this.db = undefined;
    });
  }

  private async rebuildBeside(
    again: readonly Projection[],
    onProgress: (position: number, head: number) => void,
  ): Promise<RebuiltProjection[]> {
    const { store, projections, databasePath } = this.options;
    const path = rebuildPath(databasePath);
    discardReadModels(path);
    try {
      if (again.length < projections.length)
        await this.whileStill(() => copyReadModels(databasePath, path));
      let head = await store.headPosition();
      const rebuild = new ReadModelRebuild({
        path,
        store,
        projections,
        again,
        pause: () => this.pause(),
        onProgress: (position) => onProgress(position, head),
      });
      try {
        for (; rebuild.position() < head; head = await store.headPosition())
          await rebuild.fillTo(head);
        await rebuild.sync();
        // What answers may be behind: the two are compared where both have been.
        if (this.position() < head) await this.waiters.wait(head);
        await this.pause();
        return await this.compare(again, await this.whileStill(() => this.replaceBy(rebuild)));
      } finally {
        rebuild.close();
      }
    } finally {
      discardReadModels(path);
    }
  }

  /** While nothing is projected: what answers stays as it is, and a little behind. */
  private whileStill<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(async () => {
      this.database();
      await this.subscription?.stop();
      try {
        return await work();
      } finally {
        this.follow();
      }
    });
  }

  private async replaceBy(rebuild: ReadModelRebuild) {
    const { databasePath } = this.options;
    const position = this.position();
    await rebuild.fillTo(position);
    await rebuild.sync();
    const before = new ReadModelSnapshot(databasePath);
    try {
      rebuild.close();
      this.db?.close();
      this.db = undefined;
      this.exchangeFiles();
      return { position, before, after: new ReadModelSnapshot(databasePath) };
    } catch (error) {
      before.close();
      throw error;
    }
  }

  /** Nobody has either of them open. */
  private exchangeFiles(): void {
    const { databasePath } = this.options;
    try {
      // First: a write-ahead log that is left over would be taken for the new file's.
      discardReadModels(databasePath);
      renameSync(rebuildPath(databasePath), databasePath);
    } finally {
      this.connect();
    }
  }

  private async compare(
    again: readonly Projection[],
    { position, before, after }: Awaited<ReturnType<ProjectionRuntime['replaceBy']>>,
  ): Promise<RebuiltProjection[]> {
    const pause = () => this.pause();
    try {
      const compared: RebuiltProjection[] = [];
      for (const { name: projection } of again)
        compared.push({
          projection,
          position,
          ...(await after.digest(projection, pause)),
          before: await before.digest(projection, pause),
        });
      return compared;
    } finally {
      before.close();
      after.close();
    }
  }

  private follow(): void {
    this.subscription = this.options.store.subscribe({
      after: this.position(),
      onEvents: (events, scannedTo) => this.project(events, scannedTo),
      onScanned: (scannedTo) => this.step([], scannedTo),
    });
  }

  /** A rejection makes the subscription bring the same events again, later and later. */
  private async project(events: RecordedEvent[], scannedTo: number): Promise<void> {
    for (let from = 0; from < events.length; from += BATCH_MAX) {
      const batch = events.slice(from, from + BATCH_MAX);
      const isLast = from + BATCH_MAX >= events.length;
      this.step(batch, isLast ? scannedTo : (batch.at(-1)?.position ?? scannedTo));
      if (batch.length === BATCH_MAX) await this.letOthersRun();
    }
  }

  private step(events: readonly RecordedEvent[], scannedTo: number): void {
    const failed = this.write(events, scannedTo);
    for (const [name, position] of this.positions)
      this.positions.set(name, Math.max(position, scannedTo));
    this.waiters.reached(this.position());
    for (const failure of failed) this.options.onFailure?.(failure);
  }

  private write(events: readonly RecordedEvent[], scannedTo: number): ProjectionFailure[] {
    try {
      if (this.trouble) this.reopen(this.trouble.error);
      return projectBatch(
        this.database(),
        this.options.projections,
        this.positions,
        events,
        scannedTo,
      );
    } catch (error) {
      this.trouble = { error };
      this.options.onStorageTrouble?.(error);
      throw error;
    }
  }

  /** What a failed commit left in the file is looked up, and a file that is new is filled from the beginning. */
  private reopen(cause: unknown): void {
    const before = this.position();
    this.open(cause);
    this.trouble = undefined;
    if (this.position() >= before) return;
    void this.turns.take(async () => {
      await this.subscription?.stop();
      if (this.db) this.follow();
    });
    throw new Error('the read models are filled again from the beginning');
  }

  /** A damaged file is thrown away, because the log can fill a new one. Otherwise the old connection answers until the new one can. */
  private open(cause: unknown): void {
    try {
      if (isDamage(cause)) throw cause;
      this.connect();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.db?.close();
      this.db = undefined;
      discardReadModels(this.options.databasePath);
      this.connect();
    }
  }

  private connect(): void {
    const { databasePath, projections, open = openUnsynced } = this.options;
    const fresh = new ReadModelDatabase(open(databasePath));
    try {
      this.positions = prepare(fresh, projections);
    } catch (error) {
      fresh.close();
      throw error;
    }
    this.db?.close();
    this.db = fresh;
  }

  /** @throws when it all ends */
  private async pause(): Promise<void> {
    await this.letOthersRun();
    if (this.closing) throw new Error('the read models were closed');
  }

  private letOthersRun(): Promise<void> {
    return new Promise((resolve) => {
      this.options.timers.after(0, resolve);
    });
  }

  private database(): ReadModelDatabase {
    if (!this.db) throw new Error('the read models are not open');
    return this.db;
  }
}
