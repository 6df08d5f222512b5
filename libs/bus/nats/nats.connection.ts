import {
  type NatsConnection as Client,
  DebugEvents,
  ErrorCode,
  Events,
  NatsError,
  connect,
} from 'nats';
import type { Clock, EpochMs, Random, Timers, Trouble } from '#platform';
import { cutSocket } from './client.internals.js';
import { type NatsSettings, clientOptions, serversOf } from './nats.settings.js';
import { ReconnectBackoff } from './reconnect.backoff.js';

/** A server that is silent for so long, twice, is not waited for any more. */
const PING_EVERY_MS = 5_000;
const PINGS_UNANSWERED_MAX = 2;
const DIAL_WITHIN_MS = 5_000;
const CLOSE_WITHIN_MS = 2_000;
/** Of a server that does not say. */
const PAYLOAD_MAX_BYTES = 1024 * 1024;

export interface NatsPorts {
  clock: Clock;
  timers: Timers;
  random: Random;
  trouble: Trouble;
}

export interface NatsLiveness {
  connected: boolean;
  /** Since when it is, or is not. */
  sinceMs: EpochMs;
  /** When the server last proved that it is there. */
  lastPongMs: EpochMs;
}

export interface OpenOptions {
  /** How long a server that is not there yet is waited for; default 10 s. */
  withinMs?: number;
  /** Default 5 s. */
  pingEveryMs?: number;
}

/** No server was reached, or it did not let us in. Names addresses, no secrets. */
export class NatsUnreachableError extends Error {
  constructor(settings: NatsSettings, cause: unknown) {
    const where = serversOf(settings).join(', ');
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`no NATS server lets ${settings.name} in at ${where}: ${reason}`, { cause });
    this.name = 'NatsUnreachableError';
  }
}

/** The server does not let us serve what we are there to serve. */
export class NatsRefusalError extends Error {
  constructor(detail: string) {
    super(`the NATS server does not allow it: ${detail}`);
    this.name = 'NatsRefusalError';
  }
}

/**
 * The one connection of a process. Lost, it is made again, for ever. Nothing is published on it while it is lost: what the
 * client would keep for later might be sent after everybody gave up on it.
 */
export class NatsConnection {
  private liveSinceMs: EpochMs;
  private lastPongMs: EpochMs;
  private connected = true;
  private closing = false;
  private failure: Error | null = null;
  private readonly waiting = new Set<() => void>();
  private readonly gone: Promise<Error | null>;

  private constructor(
    readonly client: Client,
    private readonly ports: NatsPorts,
    private readonly backoff: ReconnectBackoff,
  ) {
    this.liveSinceMs = this.lastPongMs = ports.clock.now();
    this.gone = this.untilClosed();
    void this.follow();
  }

  /** @throws NatsUnreachableError */
  static async open(
    settings: NatsSettings,
    ports: NatsPorts,
    { withinMs = 10_000, pingEveryMs = PING_EVERY_MS }: OpenOptions = {},
  ): Promise<NatsConnection> {
    const { clock, timers, random } = ports;
    const backoff = new ReconnectBackoff(random);
    const options = {
      ...readable(settings),
      timeout: DIAL_WITHIN_MS,
      pingInterval: pingEveryMs,
      maxPingOut: PINGS_UNANSWERED_MAX,
      maxReconnectAttempts: -1,
      // A server that is started again without its users gets them back some time.
      ignoreAuthErrorAbort: true,
      noAsyncTraces: true,
      reconnectDelayHandler: () => backoff.delayMs,
    };
    const giveUpAtMs = clock.monotonicMs() + withinMs;
    for (;;) {
      try {
        const client = await connect(options);
        backoff.succeeded();
        return new NatsConnection(client, ports, backoff);
      } catch (error) {
        const waitMs = backoff.failed();
        const patient = !isRefusal(error) && clock.monotonicMs() + waitMs < giveUpAtMs;
        if (!patient) throw new NatsUnreachableError(settings, error);
        await new Promise<void>((resolve) => timers.after(waitMs, resolve));
      }
    }
  }

  liveness(): NatsLiveness {
    const { connected, liveSinceMs: sinceMs, lastPongMs } = this;
    return { connected, sinceMs, lastPongMs };
  }

  /** Whether the server asks its clients who they are. */
  get isGuarded(): boolean {
    return this.client.info?.auth_required === true;
  }

  /** What a message may have, headers included. */
  get payloadMaxBytes(): number {
    return this.client.info?.max_payload ?? PAYLOAD_MAX_BYTES;
  }

  /** False when the connection is not there within that time, or never comes back. */
  async connectedWithin(waitMs: number): Promise<boolean> {
    if (this.isUp() || this.isOver()) return this.isUp();
    await new Promise<void>((resolve) => {
      const done = () => {
        cancel();
        this.waiting.delete(done);
        resolve();
      };
      const cancel = this.ports.timers.after(waitMs, done);
      this.waiting.add(done);
    });
    return this.isUp();
  }

  /** Resolves when it is over for good: null when it was closed, otherwise why a process that needs it should end. */
  closed(): Promise<Error | null> {
    return this.gone;
  }

  /** Gives up: the process cannot do with it what it is there for. */
  fail(error: Error): void {
    if (this.isOver()) return;
    this.failure = error;
    void this.client.close();
  }

  /** Sends what was published, and closes. */
  async close(): Promise<void> {
    const isUp = this.isUp();
    this.closing = true;
    if (isUp) await this.within(CLOSE_WITHIN_MS, this.client.drain());
    await this.client.close();
    await this.gone;
  }

  private isUp(): boolean {
    return this.connected && !this.isOver();
  }

  private isOver(): boolean {
    return this.closing || this.client.isClosed() || this.client.isDraining();
  }

  private async follow(): Promise<void> {
    for await (const { type, data, permissionContext: about } of this.client.status()) {
      if (type === Events.Disconnect) this.lost();
      else if (type === Events.Reconnect) this.found();
      else if (type === DebugEvents.Reconnecting) this.backoff.failed();
      else if (type === DebugEvents.StaleConnection) cutSocket(this.client);
      else if (type === DebugEvents.PingTimer) this.listenForPong();
      else if (about?.operation === 'subscription')
        this.fail(new NatsRefusalError(`subscription to "${about.subject}"`));
      else if (type === Events.Error)
        this.trouble(
          about ? `${about.operation} of ${about.subject} is not allowed` : String(data),
        );
    }
  }

  private lost(): void {
    this.connected = false;
    this.liveSinceMs = this.ports.clock.now();
    this.trouble('the connection is lost; trying again');
  }

  private trouble(message: string): void {
    this.ports.trouble.report('NATS', new Error(message));
  }

  private found(): void {
    this.connected = true;
    this.liveSinceMs = this.lastPongMs = this.ports.clock.now();
    this.backoff.succeeded();
    for (const done of [...this.waiting]) done();
  }

  /** The client tells of its pings, not of the answers. */
  private listenForPong(): void {
    this.client.flush().then(
      () => (this.lastPongMs = this.ports.clock.now()),
      () => undefined,
    );
  }

  private async untilClosed(): Promise<Error | null> {
    const error = await this.client.closed();
    this.connected = false;
    for (const done of [...this.waiting]) done();
    return (
      this.failure ?? (this.closing ? null : (error ?? new Error('NATS closed the connection')))
    );
  }

  private within(waitMs: number, work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.ports.timers.after(waitMs, resolve);
      const done = () => {
        cancel();
        resolve();
      };
      work.then(done, done);
    });
  }
}

function readable(settings: NatsSettings): ReturnType<typeof clientOptions> {
  try {
    return clientOptions(settings);
  } catch (error) {
    throw new NatsUnreachableError(settings, error);
  }
}

/** Whoever we are, the server does not want us: asking again helps nobody. */
function isRefusal(error: unknown): boolean {
  const refusals: string[] = [
    ErrorCode.AuthorizationViolation,
    ErrorCode.BadAuthentication,
    ErrorCode.BadCreds,
  ];
  return error instanceof NatsError && refusals.includes(error.code);
}
