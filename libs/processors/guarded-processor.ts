import type { BooksWindow, Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import type { Clock, EpochMs, Timers } from '#platform';
import {
  signOfLookUp,
  signOfOutcome,
  signOfProvision,
  signOfRefundLookUp,
  type HealthSign,
} from './health-sign.js';
import { LATE, OpenCalls } from './open-calls.js';
import { ProcessorBreakers, type Availability, type BreakerOptions } from './processor-breakers.js';
import type { Card } from './card.js';
import type {
  AttemptOrder,
  ListAnswer,
  LookUpAnswer,
  Processor,
  ProcessorCapabilities,
  ProvisionOutcome,
  TimeLimits,
} from './processor.port.js';

export type GuardOptions = BreakerOptions & TimeLimits;

export const DEFAULT_GUARD_OPTIONS: GuardOptions = {
  softDeadlineMs: 1_000,
  hardDeadlineMs: 30_000,
  harmlessDeadlineMs: 500,
  openAfterFailures: 3,
  probeAfterMs: 250,
  probeAfterMaxMs: 5_000,
};

/**
 * `resend` is `authorize` once more, with the same key, to resolve an unknown outcome. That the repetition was not executed
 * says nothing about the original, so its outcome is `unknown` then, never `not_executed`.
 */
export type MoneyCall = 'authorize' | 'resend' | 'capture' | 'void' | 'fence';

export interface CallResult<O> {
  outcome: O;
  durationMs: number;
}

export interface ProcessorHealth {
  name: string;
  breaker: Availability;
  consecutiveFailures: number;
  lastFailure: { evidence: string; at: EpochMs } | null;
  /** Calls sent since the start, pings not counted, and how many of them failed. A decline is no failure. */
  calls: number;
  failures: number;
  lastLatencyMs: number | null;
}

interface CallStart {
  atMs: number;
  epoch: number;
}

/**
 * A processor with time limits and circuit breaking. An open breaker keeps new attempts away without sending a byte;
 * what concerns an attempt that was already made always goes through, because it has to be resolved here.
 */
export class GuardedProcessor {
  readonly name: string;
  readonly capabilities: ProcessorCapabilities;
  private readonly options: GuardOptions;
  private readonly breakers: ProcessorBreakers;
  private readonly openCalls: OpenCalls;
  private readonly counts = { calls: 0, failures: 0, consecutiveFailures: 0 };
  private lastFailure: ProcessorHealth['lastFailure'] = null;
  private lastLatencyMs: number | null = null;

  constructor(
    private readonly processor: Processor,
    options: Partial<GuardOptions>,
    private readonly ports: { clock: Clock; timers: Timers },
  ) {
    this.name = processor.name;
    this.capabilities = processor.capabilities;
    this.options = {
      ...DEFAULT_GUARD_OPTIONS,
      ...processor.capabilities.timeLimits,
      ...options,
    };
    this.openCalls = new OpenCalls(ports.timers);
    this.breakers = new ProcessorBreakers(this.options, ports.timers, () => this.ping());
  }

  availability(): Availability {
    return this.breakers.availability();
  }

  health(): ProcessorHealth {
    return {
      name: this.name,
      breaker: this.availability(),
      ...this.counts,
      lastFailure: this.lastFailure,
      lastLatencyMs: this.lastLatencyMs,
    };
  }

  /**
   * Never rejects. `onLate` gets the definite outcome of a money call that answered between the soft and the hard
   * deadline, at most once; it is never called when this call's own outcome was definite.
   */
  call(operation: 'prepare', order: AttemptOrder): Promise<CallResult<PrepareOutcome>>;
  call(
    operation: 'refund',
    order: AttemptOrder,
    onLate?: (outcome: RefundOutcome) => void,
  ): Promise<CallResult<RefundOutcome>>;
  call(
    operation: MoneyCall,
    order: AttemptOrder,
    onLate?: (outcome: Outcome) => void,
  ): Promise<CallResult<Outcome>>;
  async call(
    operation: 'prepare' | 'refund' | MoneyCall,
    order: AttemptOrder,
    onLate?: (outcome: never) => void,
  ): Promise<CallResult<Outcome | PrepareOutcome | RefundOutcome>> {
    const startsAttempt = operation === 'prepare' || operation === 'authorize';
    if (startsAttempt && this.availability() !== 'closed') {
      return { outcome: { kind: 'not_executed', evidence: 'breaker_open' }, durationMs: 0 };
    }
    if (operation === 'prepare') return this.prepare(order);
    return this.move((signal) => this.ask(operation, order, signal), onLate);
  }

  /** Never rejects; what takes too long is `unproven`, evidence `timeout`. */
  async lookUp(order: AttemptOrder): Promise<LookUpAnswer> {
    const start = this.begin();
    const answer = await this.ifQuick<LookUpAnswer>(
      (signal) => this.processor.lookUp(order, signal),
      (evidence) => ({ state: 'unproven', evidence }),
    );
    const evidence = answer.state === 'unproven' ? answer.evidence : answer.state;
    await this.conclude(start, signOfLookUp(answer), evidence);
    return answer;
  }

  /** Never rejects; what takes too long is `unknown`, evidence `timeout`. */
  async lookUpRefund(order: AttemptOrder): Promise<CallResult<RefundOutcome>> {
    const start = this.begin();
    const outcome = await this.ifQuick<RefundOutcome>(
      (signal) => this.processor.lookUpRefund(order, signal),
      (evidence) => ({ kind: 'unknown', evidence }),
    );
    const durationMs = await this.conclude(start, signOfRefundLookUp(outcome), evidenceOf(outcome));
    return { outcome, durationMs };
  }

  /** Never rejects; while the breaker is open it is not asked, and what takes too long has `failed`, evidence `timeout`. */
  async provision(card: Card, key: string): Promise<CallResult<ProvisionOutcome>> {
    if (this.availability() !== 'closed')
      return { outcome: { kind: 'failed', evidence: 'breaker_open' }, durationMs: 0 };
    const start = this.begin();
    const outcome = await this.ifQuick<ProvisionOutcome>(
      (signal) => this.processor.provision(card, key, signal),
      (evidence) => ({ kind: 'failed', evidence }),
    );
    const evidence = outcome.kind === 'failed' ? outcome.evidence : outcome.kind;
    const durationMs = await this.conclude(start, signOfProvision(outcome), evidence);
    return { outcome, durationMs };
  }

  /** Never rejects; given up at the hard deadline. A list takes its time, so it says nothing about the processor's health. */
  async list(window: BooksWindow, cursor: string | null): Promise<ListAnswer> {
    const { hardDeadlineMs: limitMs } = this.options;
    const run = (signal: AbortSignal) => this.processor.list(window, cursor, signal);
    const failed: ListAnswer = { kind: 'failed', evidence: 'connector_failed' };
    const first = await this.openCalls.start(run, failed, limitMs, limitMs).first;
    return first === LATE ? { kind: 'failed', evidence: 'timeout' } : first;
  }

  /** Stops probing and aborts every call that is still open. */
  stop(): void {
    this.breakers.stop();
    this.openCalls.abortAll();
  }

  private async prepare(order: AttemptOrder): Promise<CallResult<PrepareOutcome>> {
    const start = this.begin();
    const outcome = await this.ifQuick<PrepareOutcome>(
      (signal) => this.processor.prepare(order, signal),
      (evidence) => ({ kind: 'not_executed', evidence }),
    );
    return this.concluded(start, outcome);
  }

  /** For what moves no money: aborted at its deadline. */
  private async ifQuick<T>(
    run: (signal: AbortSignal) => Promise<T>,
    without: (evidence: string) => T,
  ): Promise<T> {
    const { harmlessDeadlineMs: limitMs } = this.options;
    const failed = without('connector_failed');
    const first = await this.openCalls.start(run, failed, limitMs, limitMs).first;
    return first === LATE ? without('timeout') : first;
  }

  private async move(
    run: (signal: AbortSignal) => Promise<Outcome | RefundOutcome>,
    onLate?: (outcome: never) => void,
  ): Promise<CallResult<Outcome | RefundOutcome>> {
    const start = this.begin();
    const { softDeadlineMs, hardDeadlineMs } = this.options;
    const failed: Outcome = { kind: 'unknown', evidence: 'connector_failed' };
    const call = this.openCalls.start(run, failed, softDeadlineMs, hardDeadlineMs);
    const first = await call.first;
    if (first !== LATE) return this.concluded(start, first);
    void call.settled.then((late) => {
      // The overloads of `call` pair each operation with the outcomes that its `onLate` takes.
      if (late.kind !== 'unknown') onLate?.(late as never);
    });
    return this.concluded<Outcome>(start, { kind: 'unknown', evidence: 'soft_deadline' });
  }

  private async ask(
    operation: 'refund' | MoneyCall,
    order: AttemptOrder,
    signal: AbortSignal,
  ): Promise<Outcome | RefundOutcome> {
    if (operation !== 'resend') return this.processor[operation](order, signal);
    const outcome = await this.processor.authorize(order, signal);
    return outcome.kind === 'not_executed' ? { ...outcome, kind: 'unknown' } : outcome;
  }

  private async ping(): Promise<void> {
    const { harmlessDeadlineMs: limitMs } = this.options;
    const run = (signal: AbortSignal) => this.processor.ping(signal).then(() => true);
    const answered = await this.openCalls.start(run, false, limitMs, limitMs).first;
    if (answered !== true) throw new Error('The processor does not answer.');
  }

  private begin(): CallStart {
    this.counts.calls += 1;
    return { atMs: this.ports.clock.monotonicMs(), epoch: this.breakers.epoch };
  }

  private async concluded<O extends Outcome | PrepareOutcome | RefundOutcome>(
    start: CallStart,
    outcome: O,
  ): Promise<CallResult<O>> {
    const durationMs = await this.conclude(start, signOfOutcome(outcome), evidenceOf(outcome));
    return { outcome, durationMs };
  }

  private async conclude(start: CallStart, sign: HealthSign, evidence: string): Promise<number> {
    const { clock } = this.ports;
    const durationMs = clock.monotonicMs() - start.atMs;
    this.lastLatencyMs = durationMs;
    if (sign === 'answered') this.counts.consecutiveFailures = 0;
    if (sign === 'failing' || sign === 'unreachable') {
      this.counts.failures += 1;
      this.counts.consecutiveFailures += 1;
      this.lastFailure = { evidence, at: clock.now() };
    }
    await this.breakers.record(sign, start.epoch);
    return durationMs;
  }
}

const evidenceOf = (outcome: Outcome | PrepareOutcome | RefundOutcome) =>
  'evidence' in outcome ? outcome.evidence : outcome.kind;
