import { worldEventSubject } from '#contracts';
import type { EventStore } from '#event-store';
import {
  Ending,
  type Publication,
  type PublicationEnd,
  type PublishedMessage,
  type Timers,
  type Trouble,
} from '#platform';
import { type ToldEvent, toldAfter, toldAt } from '#read-models';
import type { ProjectionRuntime } from '#runtime/projection';

export interface RelayPorts {
  store: Pick<EventStore, 'headPosition'>;
  readModels: Pick<ProjectionRuntime, 'reader' | 'position' | 'caughtUpTo'>;
  publication: Publication;
  timers: Timers;
  trouble: Trouble;
}

export interface RelayOptions {
  /** How often the end is looked at while nothing happens: it may have been deleted. Default 5 s. */
  lookEveryMs?: number;
  /** How long whoever was not the first with an event leaves the next ones to the others. Default 1 s. */
  yieldMs?: number;
}

/** How many are on their way at once. */
const BATCH_MAX = 64;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5_000;

/** What is published was made from another log than this one. */
export class ForeignPublicationError extends Error {
  constructor(position: number) {
    super(
      `what is published up to position ${position} is of another log; delete it, and it is made again`,
    );
    this.name = 'ForeignPublicationError';
  }
}

/**
 * Publishes what the world is told, in the order of the log. What is published says itself how far it came, so there is no checkpoint
 * besides it: any number of processes may do this at once, and none of them leaves a gap or says anything twice.
 */
export class WorldEventsRelay {
  private running: Promise<void> = Promise.resolve();
  private readonly ending = new Ending();
  private retryMs = RETRY_FIRST_MS;
  private reported = '';

  constructor(
    private readonly ports: RelayPorts,
    private readonly options: RelayOptions = {},
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Before what it reads is closed. */
  async stop(): Promise<void> {
    this.ending.end();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.ending.isOver) {
      try {
        const end = await this.ending.or(this.ports.publication.end());
        if (end && (await this.isOfThisLog(end))) await this.goOn(end);
        this.recovered();
      } catch (error) {
        this.report(error);
        await this.pause(this.retryMs);
        this.retryMs = Math.min(2 * this.retryMs, RETRY_MAX_MS);
      }
    }
  }

  /** False when the read models do not know yet. @throws ForeignPublicationError */
  private async isOfThisLog({ last }: PublicationEnd): Promise<boolean> {
    if (!last) return true;
    const { store, readModels } = this.ports;
    const { id, position } = last;
    if (readModels.position() < position) {
      if ((await store.headPosition()) < position) throw new ForeignPublicationError(position);
      await this.ending.or(readModels.caughtUpTo(position, this.lookEveryMs));
      return false;
    }
    if (toldAt(readModels.reader, position) !== id) throw new ForeignPublicationError(position);
    return true;
  }

  /** Until it was not the first with an event, or nothing happened for a while. */
  private async goOn({ sequence, last }: PublicationEnd): Promise<void> {
    const { publication, readModels } = this.ports;
    let [after, position] = [sequence, last?.position ?? -1];
    while (!this.ending.isOver) {
      const seen = readModels.position();
      const events = toldAfter(readModels.reader, position, BATCH_MAX);
      const newest = events.at(-1);
      if (!newest) {
        const more = readModels.caughtUpTo(seen + 1, this.lookEveryMs);
        if (!(await this.ending.or(more))) return;
      } else if (await this.ending.or(publication.append(after, events.map(messageOf)))) {
        after += events.length;
        position = newest.position;
        this.recovered();
      } else return this.pause(this.options.yieldMs ?? 1_000);
    }
  }

  private get lookEveryMs(): number {
    return this.options.lookEveryMs ?? 5_000;
  }

  private recovered(): void {
    this.retryMs = RETRY_FIRST_MS;
    this.reported = '';
  }

  /** What lasts is said once. */
  private report(error: unknown): void {
    const message = String(error);
    if (message !== this.reported)
      this.ports.trouble.report('events for the world are not published', error);
    this.reported = message;
  }

  private async pause(forMs: number): Promise<void> {
    let cancel = (): void => undefined;
    await this.ending.or(
      new Promise<void>((resolve) => (cancel = this.ports.timers.after(forMs, resolve))),
    );
    cancel();
  }
}

function messageOf({ id, tenant, type, body, position }: ToldEvent): PublishedMessage {
  return { id, subject: worldEventSubject(tenant, type), body, position };
}
