import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BooksWindow, Outcome, PrepareOutcome, RefundOutcome } from '#domain';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { UNKNOWN_METHOD } from './unknown-method.js';
import {
  DEFAULT_GUARD_OPTIONS,
  GuardedProcessor,
  type GuardOptions,
  type MoneyCall,
} from './guarded-processor.js';
import {
  Processor,
  type AttemptOrder,
  type ListAnswer,
  type LookUpAnswer,
} from './processor.port.js';

/** All promise callbacks run before an immediate does. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

type Answer<T> = T | Promise<T>;

/** Answers what a test scripted last, and remembers what it was asked. */
class ScriptedProcessor extends Processor {
  readonly name = 'scripted';
  readonly capabilities = {
    authorization: 'two_step',
    fence: true,
    lookUp: true,
    idempotencyKey: { lengthMax: 255, safeForMs: 1 },
    currencies: 'all',
    minorUnits: {},
    methods: ['card'],
    amountMax: null,
    decidesLater: [],
    authorizationValidForMs: 1,
  } as const;
  readonly asked: string[] = [];
  lastSignal: AbortSignal | undefined;
  prepared: () => Answer<PrepareOutcome> = () => ({ kind: 'prepared', reference: 'ch_1' });
  moved: () => Answer<Outcome> = () => SUCCEEDED;
  refunded: () => Answer<RefundOutcome> = () => SUCCEEDED;
  refundFound: () => Answer<RefundOutcome> = () => ({ kind: 'unknown', evidence: 'not_found' });
  found: () => Answer<LookUpAnswer> = () => ({ state: 'unproven', evidence: 'not_found' });
  pinged: () => Answer<void> = () => undefined;

  prepare = (_: AttemptOrder, signal: AbortSignal) => this.ask('prepare', signal, this.prepared);
  authorize = (_: AttemptOrder, signal: AbortSignal) => this.ask('authorize', signal, this.moved);
  capture = (_: AttemptOrder, signal: AbortSignal) => this.ask('capture', signal, this.moved);
  void = (_: AttemptOrder, signal: AbortSignal) => this.ask('void', signal, this.moved);
  fence = (_: AttemptOrder, signal: AbortSignal) => this.ask('fence', signal, this.moved);
  lookUp = (_: AttemptOrder, signal: AbortSignal) => this.ask('lookUp', signal, this.found);
  refund = (_: AttemptOrder, signal: AbortSignal) => this.ask('refund', signal, this.refunded);
  lookUpRefund = (_: AttemptOrder, signal: AbortSignal) =>
    this.ask('lookUpRefund', signal, this.refundFound);
  ping = (signal: AbortSignal) => this.ask('ping', signal, this.pinged);
  listed: () => Answer<ListAnswer> = () => ({ kind: 'listed', records: [], next: null });
  list = (_window: BooksWindow, _cursor: string | null, signal: AbortSignal) =>
    this.ask('list', signal, this.listed);
  provision = () => Promise.reject(new Error('not scripted'));

  count = (call: string) => this.asked.filter((each) => each === call).length;

  private async ask<T>(call: string, signal: AbortSignal, answer: () => Answer<T>): Promise<T> {
    this.asked.push(call);
    this.lastSignal = signal;
    return answer();
  }
}

const SUCCEEDED = {
  kind: 'succeeded',
  reference: 'ch_1',
  amountMinor: 4_200,
  currency: 'EUR',
} as const;
const DECLINED: Outcome = { kind: 'declined', category: 'soft', code: 'insufficient_funds' };
const REFUSED = { kind: 'not_executed', evidence: 'connection_refused' } as const;
const LOST: Outcome = { kind: 'unknown', evidence: 'http_500' };
const ORDER: AttemptOrder = {
  key: 'pi_1-1',
  amountMinor: 4_200,
  currency: 'EUR',
  paymentMethod: 'pm_sandbox_visa',
  reference: 'ch_1',
};
const REFUND: AttemptOrder = { ...ORDER, amountMinor: 200, refund: { key: 'pi_1-1-r1' } };
const ACCEPTED: RefundOutcome = { kind: 'accepted', reference: 're_1' };
const STANDING: MoneyCall[] = ['capture', 'void', 'fence'];

/** An answer that a test gives when it wants to. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((given) => (resolve = given));
  return { promise, resolve };
}

const never = () => new Promise<never>(() => {});

let clock: VirtualClock;
let time: VirtualTimers;
let scripted: ScriptedProcessor;
let guarded: GuardedProcessor;

const guard = (options: Partial<GuardOptions> = {}) =>
  new GuardedProcessor(scripted, options, { clock, timers: time });

beforeEach(() => {
  clock = new VirtualClock();
  time = new VirtualTimers(clock);
  scripted = new ScriptedProcessor();
  guarded = guard();
});
afterEach(() => guarded.stop());

const authorize = async () => (await guarded.call('authorize', ORDER)).outcome;

describe('time limits', () => {
  it('passes an answer in time on, with how long it took, and leaves no timer behind', async () => {
    const answer = deferred<Outcome>();
    scripted.moved = () => answer.promise;
    const pending = guarded.call('authorize', ORDER);
    await time.advance(40);
    answer.resolve(SUCCEEDED);
    expect(await pending).toEqual({ outcome: SUCCEEDED, durationMs: 40 });
    expect(time.nextDueMs()).toBeUndefined();
  });

  it('answers unknown at the soft deadline and keeps the connection open', async () => {
    scripted.moved = never;
    const pending = guarded.call('authorize', ORDER);
    await time.advance(1_000);
    expect(await pending).toEqual({
      outcome: { kind: 'unknown', evidence: 'soft_deadline' },
      durationMs: 1_000,
    });
    await time.advance(28_999);
    expect(scripted.lastSignal?.aborted).toBe(false);
    await time.advance(1);
    expect(scripted.lastSignal?.aborted).toBe(true);
  });

  it('are the processor’s own where it states some', async () => {
    const timeLimits = {
      softDeadlineMs: 4_000,
      hardDeadlineMs: 50_000,
      harmlessDeadlineMs: 2_000,
    };
    Object.assign(scripted, { capabilities: { ...scripted.capabilities, timeLimits } });
    const patient = guard();
    scripted.moved = never;
    scripted.found = never;
    const settled: string[] = [];
    void patient.call('authorize', ORDER).then(() => settled.push('authorize'));
    void patient.lookUp(ORDER).then(() => settled.push('lookUp'));
    await time.advance(1_999);
    expect(settled).toEqual([]);
    await time.advance(1);
    expect(settled).toEqual(['lookUp']);
    await time.advance(2_000);
    expect(settled).toEqual(['lookUp', 'authorize']);
    patient.stop();
  });

  it.each([SUCCEEDED, DECLINED])(
    'tells a late definite answer exactly once: $kind',
    async (late) => {
      const answer = deferred<Outcome>();
      const told: Outcome[] = [];
      scripted.moved = () => answer.promise;
      const pending = guarded.call('authorize', ORDER, (outcome) => told.push(outcome));
      await time.advance(5_000);
      expect((await pending).outcome.kind).toBe('unknown');
      expect(told).toEqual([]);
      answer.resolve(late);
      await time.advance(60_000);
      expect(told).toEqual([late]);
    },
  );

  it('tells nothing late when the late answer is unknown, or when the answer was in time', async () => {
    const answer = deferred<Outcome>();
    const told: Outcome[] = [];
    scripted.moved = () => answer.promise;
    const pending = guarded.call('capture', ORDER, (outcome) => told.push(outcome));
    await time.advance(2_000);
    await pending;
    answer.resolve(LOST);
    scripted.moved = () => SUCCEEDED;
    await guarded.call('capture', ORDER, (outcome) => told.push(outcome));
    await time.advance(60_000);
    expect(told).toEqual([]);
  });

  it('gives a preparation up after its limit, as not executed', async () => {
    scripted.prepared = never;
    const pending = guarded.call('prepare', ORDER);
    await time.advance(500);
    expect(await pending).toEqual({
      outcome: { kind: 'not_executed', evidence: 'timeout' },
      durationMs: 500,
    });
    expect(scripted.lastSignal?.aborted).toBe(true);
  });

  it('gives a look-up up after its limit, as unproven', async () => {
    scripted.found = never;
    const pending = guarded.lookUp(ORDER);
    await time.advance(500);
    expect(await pending).toEqual({ state: 'unproven', evidence: 'timeout' });
    expect(scripted.lastSignal?.aborted).toBe(true);
  });

  it('takes an exception of a connector as unknown, of a preparation as not executed', async () => {
    const broken = () => Promise.reject(new Error('defect'));
    Object.assign(scripted, { moved: broken, prepared: broken, found: broken });
    Object.assign(scripted, { refunded: broken, refundFound: broken });
    expect(await authorize()).toEqual({ kind: 'unknown', evidence: 'connector_failed' });
    expect((await guarded.call('prepare', ORDER)).outcome.kind).toBe('not_executed');
    expect((await guarded.lookUp(ORDER)).state).toBe('unproven');
    const failed = { kind: 'unknown', evidence: 'connector_failed' };
    expect((await guarded.call('refund', REFUND)).outcome).toEqual(failed);
    expect((await guarded.lookUpRefund(REFUND)).outcome).toEqual(failed);
  });

  it('holds a refund to the same limits, and tells late that it was accepted', async () => {
    const answer = deferred<RefundOutcome>();
    const told: RefundOutcome[] = [];
    scripted.refunded = () => answer.promise;
    const pending = guarded.call('refund', REFUND, (outcome) => told.push(outcome));
    await time.advance(1_000);
    expect(await pending).toEqual({
      outcome: { kind: 'unknown', evidence: 'soft_deadline' },
      durationMs: 1_000,
    });
    answer.resolve(ACCEPTED);
    await time.advance(60_000);
    expect(told).toEqual([ACCEPTED]);
  });

  it('gives the look-up of a refund up after its limit, as unknown', async () => {
    scripted.refundFound = never;
    const pending = guarded.lookUpRefund(REFUND);
    await time.advance(500);
    expect(await pending).toEqual({
      outcome: { kind: 'unknown', evidence: 'timeout' },
      durationMs: 500,
    });
    expect(scripted.lastSignal?.aborted).toBe(true);
  });

  it('passes what a look-up of a refund found on, with how long it took', async () => {
    const answer = deferred<RefundOutcome>();
    scripted.refundFound = () => answer.promise;
    const pending = guarded.lookUpRefund(REFUND);
    await time.advance(40);
    answer.resolve(ACCEPTED);
    expect(await pending).toEqual({ outcome: ACCEPTED, durationMs: 40 });
  });

  it('aborts what is open when it stops', async () => {
    scripted.moved = never;
    void guarded.call('authorize', ORDER);
    await settle();
    guarded.stop();
    expect(scripted.lastSignal?.aborted).toBe(true);
  });
});

describe('circuit breaking', () => {
  it('opens at the first refused connection, and then sends nothing for new attempts', async () => {
    scripted.moved = () => REFUSED;
    expect(await authorize()).toEqual(REFUSED);
    expect(guarded.availability()).toBe('open');
    const skipped = { kind: 'not_executed', evidence: 'breaker_open' };
    expect(await guarded.call('authorize', ORDER)).toEqual({ outcome: skipped, durationMs: 0 });
    expect(await guarded.call('prepare', ORDER)).toEqual({ outcome: skipped, durationMs: 0 });
    expect(scripted.asked).toEqual(['authorize']);
  });

  it('opens at a refused preparation too', async () => {
    scripted.prepared = () => REFUSED;
    await guarded.call('prepare', ORDER);
    expect(guarded.availability()).toBe('open');
  });

  it('opens at the third failure in a row, although preparations succeed in between', async () => {
    scripted.moved = () => LOST;
    for (const state of ['closed', 'closed', 'open']) {
      await guarded.call('prepare', ORDER);
      await authorize();
      expect(guarded.availability()).toBe(state);
    }
  });

  it('opens at three time-outs', async () => {
    scripted.moved = never;
    const pending = [1, 2, 3].map(() => guarded.call('authorize', ORDER));
    await time.advance(1_000);
    await Promise.all(pending);
    expect(guarded.availability()).toBe('open');
  });

  it('opens at three lost preparations, and at three failed look-ups', async () => {
    scripted.prepared = () => ({ kind: 'not_executed', evidence: 'connection_reset' });
    for (let call = 0; call < 3; call += 1) await guarded.call('prepare', ORDER);
    expect(guarded.availability()).toBe('open');

    const other = guard();
    scripted.found = () => ({ state: 'unproven', evidence: 'http_503' });
    for (let call = 0; call < 3; call += 1) await other.lookUp(ORDER);
    expect(other.availability()).toBe('open');
    other.stop();
  });

  it('takes a decline as a sign of health', async () => {
    for (const outcome of [LOST, LOST, DECLINED, LOST, LOST]) {
      scripted.moved = () => outcome;
      await authorize();
    }
    expect(guarded.availability()).toBe('closed');
  });

  it('takes no sign of health from a decline of a token that nobody had to be asked about', async () => {
    for (const outcome of [LOST, LOST, UNKNOWN_METHOD, LOST]) {
      scripted.moved = () => outcome;
      await authorize();
    }
    expect(guarded.availability()).toBe('open');
  });

  it.each(['http_400:validation_failed', 'http_409:idempotency_key_in_use', 'http_429'])(
    'does not take %s as a failure',
    async (evidence) => {
      scripted.moved = () => ({ kind: 'unknown', evidence });
      for (let call = 0; call < 5; call += 1) await authorize();
      expect(guarded.availability()).toBe('closed');
    },
  );

  it('does not take an unproven look-up as a failure', async () => {
    for (let call = 0; call < 5; call += 1) await guarded.lookUp(ORDER);
    expect(guarded.availability()).toBe('closed');
  });

  it.each(STANDING)('lets %s through while open, because it has to be resolved', async (call) => {
    scripted.moved = () => REFUSED;
    await authorize();
    scripted.moved = () => SUCCEEDED;
    expect((await guarded.call(call, ORDER)).outcome).toEqual(SUCCEEDED);
    await guarded.lookUp(ORDER);
    expect(scripted.asked).toEqual(['authorize', call, 'lookUp']);
  });

  it('lets refunds and their look-ups through while open', async () => {
    scripted.moved = () => REFUSED;
    await authorize();
    scripted.refunded = () => ACCEPTED;
    expect((await guarded.call('refund', REFUND)).outcome).toEqual(ACCEPTED);
    await guarded.lookUpRefund(REFUND);
    expect(scripted.asked).toEqual(['authorize', 'refund', 'lookUpRefund']);
  });

  it('counts the failures of refunds and of their look-ups, and an accepted refund as health', async () => {
    const lost: RefundOutcome = { kind: 'unknown', evidence: 'http_500' };
    scripted.refundFound = () => lost;
    for (const outcome of [lost, ACCEPTED, lost, lost]) {
      scripted.refunded = () => outcome;
      await guarded.call('refund', REFUND);
    }
    expect(guarded.availability()).toBe('closed');
    await guarded.lookUpRefund(REFUND);
    expect(guarded.availability()).toBe('open');
  });

  it('does not take a refund that was not found as a failure', async () => {
    for (let call = 0; call < 5; call += 1) await guarded.lookUpRefund(REFUND);
    expect(guarded.availability()).toBe('closed');
  });

  it('lets the repetition of an unknown authorization through while open', async () => {
    scripted.moved = () => REFUSED;
    await authorize();
    scripted.moved = () => SUCCEEDED;
    expect((await guarded.call('resend', ORDER)).outcome).toEqual(SUCCEEDED);
    expect(scripted.asked).toEqual(['authorize', 'authorize']);
  });

  it('never takes a repetition that was not executed as proof about the original', async () => {
    scripted.moved = () => REFUSED;
    const told: Outcome[] = [];
    const { outcome } = await guarded.call('resend', ORDER, (late) => told.push(late));
    expect(outcome).toEqual({ kind: 'unknown', evidence: 'connection_refused' });
    expect(guarded.availability()).toBe('open');

    const answer = deferred<Outcome>();
    scripted.moved = () => answer.promise;
    const pending = guarded.call('resend', ORDER, (late) => told.push(late));
    await time.advance(1_000);
    expect((await pending).outcome.kind).toBe('unknown');
    answer.resolve(REFUSED);
    await time.advance(1_000);
    expect(told).toEqual([]);
  });

  it.each(STANDING)('counts the failures of %s', async (call) => {
    scripted.moved = () => LOST;
    for (let failure = 0; failure < 3; failure += 1) await guarded.call(call, ORDER);
    expect(guarded.availability()).toBe('open');
  });
});

describe('probing', () => {
  const open = async (outcome: Outcome = REFUSED) => {
    scripted.moved = () => outcome;
    while (guarded.availability() === 'closed') await authorize();
  };

  it('closes when a ping is answered', async () => {
    await open();
    await time.advance(249);
    expect(scripted.count('ping')).toBe(0);
    await time.advance(1);
    expect(guarded.availability()).toBe('closed');
    scripted.moved = () => SUCCEEDED;
    expect(await authorize()).toEqual(SUCCEEDED);
    expect(time.nextDueMs()).toBeUndefined();
  });

  it('is half open while a ping is under way, and still sends no new attempt', async () => {
    const answer = deferred<void>();
    scripted.pinged = () => answer.promise;
    await open();
    await time.advance(250);
    expect(guarded.availability()).toBe('half_open');
    expect(await authorize()).toMatchObject({ evidence: 'breaker_open' });
    answer.resolve();
    await settle();
    expect(guarded.availability()).toBe('closed');
  });

  it('waits twice as long after each failed ping, and never longer than the maximum', async () => {
    scripted.pinged = () => Promise.reject(new Error('refused'));
    await open();
    const gaps: number[] = [];
    for (let probe = 1; probe <= 7; probe += 1) {
      const from = clock.now();
      while (scripted.count('ping') < probe) await time.advance(10);
      gaps.push(clock.now() - from);
    }
    expect(gaps).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(guarded.availability()).toBe('open');
  });

  it('gives a ping without an answer up and tries again', async () => {
    scripted.pinged = never;
    await open();
    await time.advance(250 + 500);
    expect(guarded.availability()).toBe('open');
    scripted.pinged = () => undefined;
    await time.advance(500);
    expect(guarded.availability()).toBe('closed');
  });

  it('starts again with the short wait after a refusal has healed', async () => {
    scripted.pinged = () => Promise.reject(new Error('refused'));
    await open();
    await time.advance(2_000);
    scripted.pinged = () => undefined;
    await time.advance(5_000);
    expect(guarded.availability()).toBe('closed');
    await open();
    await time.advance(250);
    expect(guarded.availability()).toBe('closed');
  });

  it('trusts a ping little where money calls failed: one more failure, and it waits longer', async () => {
    await open(LOST);
    await time.advance(250);
    expect(guarded.availability()).toBe('closed');
    expect(await authorize()).toEqual(LOST);
    expect(guarded.availability()).toBe('open');
    await time.advance(499);
    expect(guarded.availability()).toBe('open');
    await time.advance(1);
    expect(guarded.availability()).toBe('closed');
    scripted.moved = () => SUCCEEDED;
    await authorize();
    scripted.moved = () => LOST;
    await authorize();
    await authorize();
    expect(guarded.availability()).toBe('closed');
    await authorize();
    await time.advance(250);
    expect(guarded.availability()).toBe('closed');
  });

  it('does not hold a late failure against a processor that recovered since', async () => {
    scripted.moved = never;
    const old = [1, 2, 3].map(() => guarded.call('capture', ORDER));
    await time.advance(600);
    await open();
    await time.advance(250);
    expect(guarded.availability()).toBe('closed');
    await time.advance(150);
    expect((await Promise.all(old)).map(({ outcome }) => outcome.kind)).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
    expect(guarded.availability()).toBe('closed');
  });

  it('ends when it is stopped', async () => {
    await open();
    guarded.stop();
    await time.advance(60_000);
    expect(scripted.count('ping')).toBe(0);
    expect(time.nextDueMs()).toBeUndefined();
  });

  it('ends when it is stopped during a ping', async () => {
    scripted.pinged = never;
    await open();
    await time.advance(250);
    guarded.stop();
    await time.advance(60_000);
    expect(scripted.count('ping')).toBe(1);
    expect(time.nextDueMs()).toBeUndefined();
  });
});

describe('health', () => {
  it('starts with nothing to tell', () => {
    expect(guarded.health()).toEqual({
      name: 'scripted',
      breaker: 'closed',
      consecutiveFailures: 0,
      lastFailure: null,
      calls: 0,
      failures: 0,
      lastLatencyMs: null,
    });
  });

  it('counts calls and failures and names the last failure', async () => {
    for (const outcome of [SUCCEEDED, LOST, DECLINED, LOST]) {
      scripted.moved = () => outcome;
      await authorize();
    }
    expect(guarded.health()).toMatchObject({
      calls: 4,
      failures: 2,
      consecutiveFailures: 1,
      lastFailure: { evidence: 'http_500', at: clock.now() },
      lastLatencyMs: 0,
    });
  });

  it('does not count what was not sent', async () => {
    scripted.moved = () => REFUSED;
    await authorize();
    await authorize();
    expect(guarded.health()).toMatchObject({ breaker: 'open', calls: 1, failures: 1 });
  });
});

describe('a list', () => {
  const list = () => guarded.list({ fromMs: 0, toMs: 1 }, null);

  it('is given as the processor gives it, breaker or not', async () => {
    const listed: ListAnswer = { kind: 'listed', records: [], next: 'a' };
    scripted.listed = () => listed;
    expect(await list()).toEqual(listed);
    expect(guarded.health().calls).toBe(0);
  });

  it('has failed when the connector throws, and is given up at the hard deadline', async () => {
    scripted.listed = () => Promise.reject(new Error('defect'));
    expect(await list()).toEqual({ kind: 'failed', evidence: 'connector_failed' });
    scripted.listed = never;
    const pending = list();
    await time.advance(DEFAULT_GUARD_OPTIONS.hardDeadlineMs);
    expect(await pending).toEqual({ kind: 'failed', evidence: 'timeout' });
    expect(scripted.lastSignal?.aborted).toBe(true);
  });
});
