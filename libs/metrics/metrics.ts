import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Seconds; a request may wait 30 for a conclusion. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface HttpObservation {
  method: string;
  /** The route's pattern, never the path: ids are no labels. */
  route: string;
  status: number;
  seconds: number;
}

export interface MessageObservation {
  /** The end of the subject, never the whole: tenants and agents are no labels. */
  operation: string;
  status: number;
  seconds: number;
}

/** A group of appends that became durable with one sync of the disk. */
export interface LogCommit {
  appends: number;
  events: number;
  /** Of the events' JSON, in characters. */
  size: number;
}

/**
 * What a process counts, one registry each. Names begin with `bursar_`; no label ever holds an agent, a tenant or an id. Other
 * apps register metrics of their own on `registry`.
 */
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'bursar_http_request_duration_seconds',
    help: 'HTTP requests by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  private readonly messages = new Histogram({
    name: 'bursar_nats_request_duration_seconds',
    help: 'Requests of agents over NATS by operation and status.',
    labelNames: ['operation', 'status'],
    buckets: BUCKETS,
    registers: [this.registry],
  });
  private readonly payments = new Counter({
    name: 'bursar_payments_total',
    help: 'Answers to payment requests, replays not counted: succeeded, failed, processing or the code of the problem.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  private readonly differences = new Counter({
    name: 'bursar_reconciliation_differences_total',
    help: 'Differences that scheduled comparisons found between our books and those of a processor. Unexpected ones do not end by themselves.',
    labelNames: ['processor', 'expected'],
    registers: [this.registry],
  });

  private readonly commits = this.counter(
    'log_commits',
    'Syncs of the log, each for a group of appends.',
  );
  private readonly appends = this.counter('log_appends', 'Appends that became durable.');
  private readonly events = this.counter('log_events', 'Events that became durable.');
  private readonly size = this.counter('log_characters', 'Characters of JSON that became durable.');
  private readonly commands = this.counter('commands', 'Commands that were decided.');
  private readonly conflicts = this.counter(
    'command_conflicts',
    'Appends that lost a race against another process, to be decided again.',
  );

  /** Adds the metrics of the process: memory, event loop, garbage collection. */
  withProcess(): this {
    collectDefaultMetrics({ register: this.registry, prefix: 'bursar_' });
    return this;
  }

  observeRequest({ method, route, status, seconds }: HttpObservation): void {
    this.requests.observe({ method, route, status: String(status) }, seconds);
  }

  observeMessage({ operation, status, seconds }: MessageObservation): void {
    this.messages.observe({ operation, status: String(status) }, seconds);
  }

  countPayment(outcome: string): void {
    this.payments.inc({ outcome });
  }

  countDifferences(
    processor: string,
    { expected, unexpected }: { expected: number; unexpected: number },
  ): void {
    this.differences.inc({ processor, expected: 'true' }, expected);
    this.differences.inc({ processor, expected: 'false' }, unexpected);
  }

  countCommit({ appends, events, size }: LogCommit): void {
    this.commits.inc();
    this.appends.inc(appends);
    this.events.inc(events);
    this.size.inc(size);
  }

  countCommands(commands: number): void {
    this.commands.inc(commands);
  }

  countConflict(): void {
    this.conflicts.inc();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The Prometheus text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private counter(name: string, help: string): Counter {
    return new Counter({ name: `bursar_${name}_total`, help, registers: [this.registry] });
  }
}
