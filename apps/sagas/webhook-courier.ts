import { type Bus, BusError } from '#bus';
import type { Caused, Messages, WebhookAudience, WebhookMessage } from '#contracts';
import { type WebhookDuties, toEpochMs } from '#domain';
import { type Clock, Ending, type Timers, type Trouble } from '#platform';

export interface CourierPorts {
  bus: Bus<Messages>;
  clock: Clock;
  timers: Timers;
  trouble: Trouble;
  /** Names a command; no two of them alike. */
  nextCommandId: () => string;
}

type Tried = Messages['commands.webhook_endpoint.record']['request']['tries'][number];

/** Events that are tried in one round, and at once. */
const ROUND_MAX = 32;
const AT_ONCE = 8;
/** More than a receiver is given to answer. */
const DELIVER_TIMEOUT_MS = 20_000;
/** What arrived is recorded with what else arrives in this time, up to so much. */
const RECORD_WITHIN_MS = 1_000;
const UNRECORDED_MAX = 64;
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5_000;
/** How long what is on its way may take once it is told to end. */
const END_WITHIN_MS = 1_000;

/**
 * Sends the events of one endpoint, in the order of the log, those of one payment one after the other. What failed is tried again when
 * the endpoint's stream says so. Everything it has to remember is in that stream: whoever takes over begins where it was recorded that
 * this one came, so that an event may be sent twice, and none is left out.
 */
export class WebhookCourier {
  private duties: WebhookDuties | null = null;
  /** Up to this position of the log new events were tried, recorded or not. */
  private taken: number | null = null;
  /** Events after that which were tried: they are not to be tried as new ones again. */
  private readonly ahead = new Set<string>();
  /** The new events of this round. */
  private round: readonly WebhookMessage[] = [];
  private mayHaveMore = true;
  private unrecorded: Tried[] = [];
  private recordByMs = Infinity;
  private running: Promise<void> = Promise.resolve();
  private isLate = false;
  private ring: () => void = () => undefined;
  private isRung = false;
  private readonly ending = new Ending();
  private retryMs = RETRY_FIRST_MS;
  private reported = '';

  constructor(
    readonly audience: WebhookAudience,
    private readonly ports: CourierPorts,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** There may be events that it does not know. */
  wake(): void {
    this.mayHaveMore = true;
    this.rouse();
  }

  /** Somebody changed the endpoint, or wants an event again. */
  lookAgain(): void {
    this.duties = null;
    this.wake();
  }

  /** Ends after what is on its way, unless that takes long. */
  async stop(): Promise<void> {
    this.ending.end();
    this.rouse();
    if (await this.within(END_WITHIN_MS, this.running)) return;
    this.isLate = true;
    this.takeWhatWasTried();
    if (this.unrecorded.length > 0)
      await this.within(END_WITHIN_MS, this.record()).catch((error) => this.report(error));
  }

  private rouse(): void {
    this.isRung = true;
    this.ring();
  }

  private async run(): Promise<void> {
    while (!this.ending.isOver) {
      try {
        await this.turn();
        this.retryMs = RETRY_FIRST_MS;
        this.reported = '';
      } catch (error) {
        if (this.isLate) return;
        this.report(error);
        await this.pause(this.retryMs);
        this.retryMs = Math.min(2 * this.retryMs, RETRY_MAX_MS);
      }
    }
    // What arrived and is not recorded would be sent again.
    if (this.unrecorded.length > 0 && !this.isLate)
      await this.record().catch((error) => this.report(error));
  }

  private async turn(): Promise<void> {
    if (!this.duties) await this.record();
    const { duties } = this;
    // Deleted: nothing is to be done for it, ever.
    if (!duties || duties.status === 'deleted') return this.rest(Infinity);
    const [again, fresh] = duties.status === 'enabled' ? await this.next(duties) : [[], []];
    if (again.length + fresh.length === 0) return this.idle(duties);
    const failed = await this.tryAll(again, fresh);
    if (this.ending.isOver) return;
    const isUrgent = failed || again.length > 0 || this.unrecorded.length >= UNRECORDED_MAX;
    if (isUrgent || this.ports.clock.now() >= this.recordByMs) await this.record();
  }

  /** What is to be tried again now, and what never was tried. */
  private async next(
    duties: WebhookDuties,
  ): Promise<[again: WebhookMessage[], fresh: WebhookMessage[]]> {
    const { bus, clock } = this.ports;
    const { id } = this.audience;
    const nowMs = clock.now();
    const due = duties.due.filter(({ dueAt }) => toEpochMs(dueAt) <= nowMs);
    const events = due.map(({ event }) => event);
    const again =
      due.length > 0 ? await bus.request('queries.webhook_endpoints.told', { id, events }) : [];
    const missing = due.filter(({ event }) => !again.some((message) => message.id === event));
    for (const { event, position } of missing)
      this.tried({ event, position, again: true }, nowMs, { evidence: 'event_missing' });
    if (missing.length > 0) await this.record();
    if (!duties.takesNew || !this.mayHaveMore) return [again, []];
    this.mayHaveMore = false;
    const asked = { id, after: this.taken, limit: ROUND_MAX };
    const fresh = await this.orMore(bus.request('queries.webhook_endpoints.feed', asked));
    this.mayHaveMore ||= fresh.length === ROUND_MAX;
    return [again, fresh];
  }

  /** Whoever could not be asked is asked again. */
  private async orMore<T>(asked: Promise<T>): Promise<T> {
    try {
      return await asked;
    } catch (error) {
      this.mayHaveMore = true;
      throw error;
    }
  }

  /** True when something did not arrive. @throws BusError when nobody could send it */
  private async tryAll(
    again: readonly WebhookMessage[],
    fresh: readonly WebhookMessage[],
  ): Promise<boolean> {
    this.round = fresh;
    const wanted = new Set(again.map(({ id }) => id));
    const lanes = byPayment([
      ...again,
      ...fresh.filter(({ id }) => !wanted.has(id) && !this.ahead.has(id)),
    ]);
    let failed = false;
    const work = async (): Promise<void> => {
      for (let lane = lanes.shift(); lane; lane = lanes.shift())
        for (const message of lane)
          if ((await this.tryOne(message, wanted.has(message.id))) === false) failed = true;
    };
    const workers = Array.from({ length: Math.min(AT_ONCE, lanes.length) }, work);
    const ends = await Promise.allSettled(workers);
    if (this.isLate) return failed;
    this.takeWhatWasTried();
    const broken = ends.find((end) => end.status === 'rejected');
    if (!broken) return failed;
    // What was tried is recorded before anything is tried again.
    this.duties = null;
    throw broken.reason;
  }

  /** Whether it arrived; null: it was not tried. @throws BusError when nobody could send it */
  private async tryOne(
    { id: event, position, body }: WebhookMessage,
    again: boolean,
  ): Promise<boolean | null> {
    if (this.ending.isOver || this.duties?.status !== 'enabled') return null;
    const { bus, clock } = this.ports;
    const asked = { endpoint: this.audience.id, event, body };
    const atMs = clock.now();
    const limit = { timeoutMs: DELIVER_TIMEOUT_MS };
    const outcome = await bus.request('effects.webhooks.deliver', asked, limit);
    if (!outcome) {
      // Disabled a moment ago.
      this.duties = null;
      return null;
    }
    this.tried({ event, position, again }, atMs, outcome);
    this.ahead.add(event);
    return outcome.status !== null && outcome.status >= 200 && outcome.status <= 299;
  }

  private tried(
    event: Pick<Tried, 'event' | 'position' | 'again'>,
    atMs: number,
    {
      status = null,
      evidence,
      durationMs = 0,
    }: { status?: number | null; evidence: string | null; durationMs?: number },
  ): void {
    if (this.unrecorded.length === 0) this.recordByMs = this.ports.clock.now() + RECORD_WITHIN_MS;
    this.unrecorded.push({ ...event, atMs, status, evidence, durationMs });
  }

  /** As far as nothing lies before it that was not tried: the round may have ended in the middle. */
  private takeWhatWasTried(): void {
    for (const { id, position } of this.round) {
      if (!this.ahead.has(id)) {
        this.mayHaveMore = true;
        return;
      }
      this.taken = position;
    }
    this.ahead.clear();
    this.round = [];
  }

  /** Records what came of everything so far, and learns what is to be done. */
  private async record(): Promise<void> {
    const { bus, nextCommandId } = this.ports;
    const { id, tenant } = this.audience;
    const tries = [...this.unrecorded];
    const caused: Caused = {
      ...{ commandId: nextCommandId(), causationId: id, correlationId: id },
      ...{ tenant, traceparent: null },
    };
    const upTo = tries.length > 0 ? this.taken : null;
    const asked = { ...caused, id, upTo, tries };
    const duties = await bus.request('commands.webhook_endpoint.record', asked);
    this.unrecorded = this.unrecorded.slice(tries.length);
    this.recordByMs = Infinity;
    this.taken = furthest(this.taken, duties?.upTo ?? null);
    if (!this.duties?.takesNew) this.mayHaveMore = true;
    this.duties = duties ?? { status: 'deleted', upTo: null, takesNew: false, due: [] };
  }

  private async idle({ due, status }: WebhookDuties): Promise<void> {
    const nowMs = this.ports.clock.now();
    const [next] = status === 'enabled' ? due : [];
    const dueInMs = next ? toEpochMs(next.dueAt) - nowMs : Infinity;
    const recordInMs = this.recordByMs - nowMs;
    if (recordInMs <= 0) await this.record();
    else await this.rest(Math.min(dueInMs, recordInMs));
  }

  /** For so long, or until somebody wakes it. */
  private async rest(forMs: number): Promise<void> {
    let cancel = (): void => undefined;
    if (!this.isRung && !this.ending.isOver)
      await new Promise<void>((resolve) => {
        this.ring = resolve;
        if (forMs < Infinity) cancel = this.ports.timers.after(forMs, resolve);
      });
    cancel();
    this.isRung = false;
  }

  /** For so long, whoever wakes it. */
  private async pause(forMs: number): Promise<void> {
    let cancel = (): void => undefined;
    await this.ending.or(
      new Promise<void>((resolve) => (cancel = this.ports.timers.after(forMs, resolve))),
    );
    cancel();
  }

  /** Whether it was done in so long. */
  private async within(forMs: number, work: Promise<unknown>): Promise<boolean> {
    let cancel = (): void => undefined;
    const late = new Promise<boolean>((resolve) => {
      cancel = this.ports.timers.after(forMs, () => resolve(false));
    });
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      cancel();
    }
  }

  /** What lasts is said once. */
  private report(error: unknown): void {
    const message = error instanceof BusError ? `${error.subject} ${error.reason}` : String(error);
    if (message !== this.reported)
      this.ports.trouble.report(`nothing is sent to ${this.audience.id} for now`, error);
    this.reported = message;
  }
}

/** Those of one payment in a row, as they were. */
function byPayment(messages: readonly WebhookMessage[]): WebhookMessage[][] {
  const lanes = new Map<string, WebhookMessage[]>();
  const inOrder = [...messages].sort((one, other) => one.position - other.position);
  for (const message of inOrder) {
    const lane = lanes.get(message.payment);
    if (lane) lane.push(message);
    else lanes.set(message.payment, [message]);
  }
  return [...lanes.values()];
}

function furthest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
