import { describe, expect, it } from 'vitest';
import { Bus } from '#bus';
import type { Messages, ProcessorCall } from '#contracts';
import type { MoneyOperation, Outcome, RefundOutcome } from '#domain';
import { SeededRandom, VirtualClock, VirtualTimers } from '#platform/memory';
import {
  type AttemptOrder,
  GuardedProcessor,
  type LookUpAnswer,
  Processor,
  ProcessorRegistry,
} from '#processors';
import { CvcMemory } from '#vault';
import { MemoryVault } from '#vault/memory';
import { ProcessorCards } from './processor-cards.js';
import { ProcessorEffects, meaningOf } from './processor-effects.js';

const MONEY = { amountMinor: 4200, currency: 'USD' };
const SUCCEEDED: Outcome = { kind: 'succeeded', reference: 'ch_1', ...MONEY };
const REFUNDED: RefundOutcome = { kind: 'succeeded', reference: 're_1', ...MONEY };
const SAFE_MS = 60_000;

/** Notes what is sent to it; money calls are answered by hand. */
class ScriptedProcessor extends Processor {
  readonly name = 'one';
  readonly capabilities = {
    authorization: 'two_step',
    fence: true,
    lookUp: true,
    idempotencyKey: { lengthMax: 40, safeForMs: SAFE_MS },
    currencies: ['USD'],
    minorUnits: {},
    methods: ['card'],
    amountMax: null,
    decidesLater: [],
    authorizationValidForMs: 1_000_000,
  } as const;
  readonly sent: [string, AttemptOrder][] = [];
  answer: Promise<Outcome> = Promise.resolve(SUCCEEDED);
  found: LookUpAnswer = { state: 'unproven', evidence: 'not_found' };
  refunded: Promise<RefundOutcome> = Promise.resolve(REFUNDED);

  private note(call: string, order: AttemptOrder): Promise<Outcome> {
    this.sent.push([call, order]);
    return this.answer;
  }

  private noteRefund(call: string, order: AttemptOrder): Promise<RefundOutcome> {
    this.sent.push([call, order]);
    return this.refunded;
  }

  async prepare(order: AttemptOrder) {
    await this.note('prepare', order);
    return { kind: 'prepared', reference: 'ch_1' } as const;
  }
  authorize = (order: AttemptOrder) => this.note('authorize', order);
  capture = (order: AttemptOrder) => this.note('capture', order);
  void = (order: AttemptOrder) => this.note('void', order);
  fence = (order: AttemptOrder) => this.note('fence', order);
  refund = (order: AttemptOrder) => this.noteRefund('refund', order);
  lookUpRefund = (order: AttemptOrder) => this.noteRefund('look_up_refund', order);
  async lookUp(order: AttemptOrder): Promise<LookUpAnswer> {
    this.sent.push(['look_up', order]);
    return this.found;
  }
  async ping(): Promise<void> {}
  list = () => Promise.reject(new Error('not scripted'));
  provision = () => Promise.reject(new Error('not scripted'));
}

class NotingBus extends Bus<Messages> {
  readonly asked: [string, unknown][] = [];
  broken = false;

  override async request<Subject extends keyof Messages & string>(
    subject: Subject,
    payload: Messages[Subject]['request'],
  ): Promise<Messages[Subject]['reply']> {
    this.asked.push([subject, payload]);
    if (this.broken) throw new Error('the bus is away');
    return { ok: true, code: null, revision: 1 };
  }
}

function started() {
  const clock = new VirtualClock();
  const timers = new VirtualTimers(clock);
  const processor = new ScriptedProcessor();
  const options = { softDeadlineMs: 100, hardDeadlineMs: 1_000 };
  const guarded = new GuardedProcessor(processor, options, { clock, timers });
  const bus = new NotingBus();
  const troubles: string[] = [];
  const trouble = { report: (message: string) => void troubles.push(message) };
  const vault = new MemoryVault(clock, new SeededRandom(1));
  const cards = new ProcessorCards(vault, new CvcMemory(timers), trouble);
  const registry = new ProcessorRegistry([guarded]);
  const effects = new ProcessorEffects(registry, bus, clock, trouble, cards);
  const call = (
    operation: ProcessorCall['operation'],
    more: Partial<ProcessorCall> & { processor?: string } = {},
  ): ProcessorCall => ({
    intent: 'abc',
    number: 1,
    operation,
    about: 'authorize',
    refund: null,
    resend: false,
    order: {
      processor: more.processor ?? 'one',
      key: 'abc-1',
      ...MONEY,
      paymentMethod: 'pm_1',
      reference: 'ch_1',
      keySafeUntil: new Date(clock.now() + SAFE_MS).toISOString(),
    },
    cause: {
      causationId: 'event-1',
      correlationId: 'pi_abc',
      tenant: 'tnt_1',
      traceparent: '00-1-2-01',
    },
    ...more,
  });
  return { clock, timers, processor, bus, troubles, effects, call };
}

describe('the processors', () => {
  it('are told in order of preference with what routing must know, breakers as they are now', async () => {
    const { effects, processor, call } = started();
    const facts = {
      ...{ name: 'one', authorization: 'two_step', fence: true, lookUp: true, currencies: ['USD'] },
      ...{ keySafeForMs: SAFE_MS, authorizationValidForMs: 1_000_000 },
    };
    expect(effects.facts()).toEqual([{ ...facts, breaker: 'closed' }]);
    processor.answer = Promise.resolve({ kind: 'unknown', evidence: 'status_500' });
    for (let count = 0; count < 20; count += 1) await effects.call(call('authorize'));
    expect(effects.facts()).toEqual([{ ...facts, breaker: 'open' }]);
  });
});

describe('a call to a processor', () => {
  it('tells what came of it and how long it took', async () => {
    const { effects, processor, timers, call } = started();
    processor.answer = new Promise((resolve) => timers.after(40, () => resolve(SUCCEEDED)));
    const told = effects.call(call('capture', { about: 'capture' }));
    await timers.advance(40);
    expect(await told).toEqual({ outcome: SUCCEEDED, durationMs: 40 });
    const order = { key: 'abc-1', ...MONEY, paymentMethod: 'pm_1', reference: 'ch_1' };
    expect(processor.sent).toEqual([['capture', order]]);
  });

  it('that only asks learns what the look-up proves', async () => {
    const { effects, processor, call } = started();
    processor.found = { state: 'authorized', reference: 'ch_1', ...MONEY };
    expect(await effects.call(call('look_up'))).toMatchObject({ outcome: SUCCEEDED });
    expect(processor.sent.map(([what]) => what)).toEqual(['look_up']);
  });

  it('whose repetition was not executed leaves the original unknown', async () => {
    const { effects, processor, call } = started();
    processor.answer = Promise.resolve({ kind: 'not_executed', evidence: 'connection_refused' });
    const again = await effects.call(call('authorize', { resend: true }));
    expect(again.outcome).toEqual({ kind: 'unknown', evidence: 'connection_refused' });
    const first = await effects.call(call('authorize'));
    expect(first.outcome.kind).toBe('not_executed');
  });

  it.each(['authorize', 'capture', 'void', 'refund'] as const)(
    'past the safe age of its key is not sent: %s stays unknown',
    async (operation) => {
      const { effects, processor, call, clock } = started();
      const late = call(operation, { about: operation });
      clock.moveTo(SAFE_MS);
      const unsent = { kind: 'unknown', evidence: 'key_past_safe_age' };
      expect((await effects.call(late)).outcome).toEqual(unsent);
      expect(processor.sent).toEqual([]);
    },
  );

  it('past the safe age of its key that prepares is not sent and proves that no money moved', async () => {
    const { effects, processor, call, clock } = started();
    const late = call('prepare');
    clock.moveTo(SAFE_MS);
    expect((await effects.call(late)).outcome.kind).toBe('not_executed');
    expect(processor.sent).toEqual([]);
  });

  it.each(['fence', 'look_up'] as const)(
    'past the safe age of its key that takes no money is sent: %s',
    async (operation) => {
      const { effects, processor, call, clock } = started();
      const late = call(operation);
      clock.moveTo(SAFE_MS);
      await effects.call(late);
      expect(processor.sent.map(([what]) => what)).toEqual([operation]);
    },
  );

  it('is sent up to the last millisecond in which its key is safe', async () => {
    const { effects, processor, call, clock } = started();
    const last = call('authorize');
    clock.moveTo(SAFE_MS - 1);
    await effects.call(last);
    expect(processor.sent).toHaveLength(1);
  });

  it('to a processor that is not configured any more is not sent', async () => {
    const { effects, call } = started();
    const order = { ...call('authorize').order, processor: 'gone' };
    const told = await effects.call(call('authorize', { order }));
    expect(told.outcome).toEqual({ kind: 'unknown', evidence: 'processor_not_configured' });
    const prepared = await effects.call(call('prepare', { order }));
    expect(prepared.outcome.kind).toBe('not_executed');
  });
});

describe('a refund', () => {
  const whole = (operation: 'refund' | 'look_up', reference: string | null = null) => {
    const world = started();
    const { order, ...call } = world.call(operation, { about: 'refund', refund: 'op-1' });
    const refund = { key: 'abc-1-r1', reference };
    return { ...world, asked: { ...call, order: { ...order, refund } } };
  };

  it('is sent under its own key, with the charge it is about', async () => {
    const { effects, processor, asked } = whole('refund');
    expect(await effects.call(asked)).toEqual({ outcome: REFUNDED, durationMs: 0 });
    const charge = { key: 'abc-1', ...MONEY, paymentMethod: 'pm_1', reference: 'ch_1' };
    expect(processor.sent).toEqual([['refund', { ...charge, refund: { key: 'abc-1-r1' } }]]);
  });

  it('is looked up as a refund, by the processor’s own id once that is known', async () => {
    const { effects, processor, asked } = whole('look_up', 're_1');
    processor.refunded = Promise.resolve({ kind: 'accepted', reference: 're_1' });
    expect((await effects.call(asked)).outcome).toEqual({ kind: 'accepted', reference: 're_1' });
    expect(processor.sent).toMatchObject([
      ['look_up_refund', { refund: { key: 'abc-1-r1', reference: 're_1' } }],
    ]);
  });

  it('past the safe age of its key is still looked up', async () => {
    const { effects, processor, clock, asked } = whole('look_up');
    clock.moveTo(SAFE_MS);
    expect((await effects.call(asked)).outcome).toEqual(REFUNDED);
    expect(processor.sent).toHaveLength(1);
  });

  it('whose answer comes after the soft deadline is reported as this refund', async () => {
    const { effects, processor, timers, bus, asked } = whole('refund');
    let land: (outcome: RefundOutcome) => void = () => {};
    processor.refunded = new Promise((resolve) => (land = resolve));
    const told = effects.call(asked);
    await timers.advance(100);
    expect((await told).outcome).toEqual({ kind: 'unknown', evidence: 'soft_deadline' });
    land({ kind: 'accepted', reference: 're_1' });
    await timers.advance(0);
    expect(bus.asked).toMatchObject([
      [
        'commands.payment_intent.tell',
        {
          id: 'abc',
          commandId: 'event-1/late/refund/1',
          command: {
            type: 'RecordRefund',
            refund: 'op-1',
            outcome: { kind: 'accepted', reference: 're_1' },
            sender: 'late_answer',
          },
        },
      ],
    ]);
  });
});

describe('an answer after the soft deadline', () => {
  it.each<[Exclude<MoneyOperation, 'refund'>, string]>([
    ['authorize', 'RecordAuthorization'],
    ['capture', 'RecordCapture'],
    ['void', 'RecordVoid'],
  ])('of %s is reported once to the payment it belongs to', async (operation, type) => {
    const { effects, processor, call, timers, bus } = started();
    let land: (outcome: Outcome) => void = () => {};
    processor.answer = new Promise((resolve) => (land = resolve));
    const told = effects.call(call(operation, { about: operation }));
    await timers.advance(100);
    expect((await told).outcome).toEqual({ kind: 'unknown', evidence: 'soft_deadline' });
    expect(bus.asked).toEqual([]);
    land(SUCCEEDED);
    await timers.advance(2_000);
    expect(bus.asked).toMatchObject([
      [
        'commands.payment_intent.tell',
        {
          id: 'abc',
          commandId: `event-1/late/${operation}/1`,
          causationId: 'event-1',
          correlationId: 'pi_abc',
          tenant: 'tnt_1',
          command: { type, number: 1, outcome: SUCCEEDED, sender: 'late_answer' },
        },
      ],
    ]);
    const [, report] = bus.asked[0] as [string, { command: { firstSend?: boolean } }];
    expect(report.command.firstSend ?? false).toBe(false);
  });

  it('that never comes is not reported', async () => {
    const { effects, processor, call, timers, bus } = started();
    processor.answer = new Promise(() => {});
    const told = effects.call(call('authorize'));
    await timers.advance(60_000);
    expect((await told).outcome.kind).toBe('unknown');
    expect(bus.asked).toEqual([]);
  });

  it('that cannot be reported is trouble and nothing worse: a probe will find it out', async () => {
    const { effects, processor, call, timers, bus, troubles } = started();
    let land: (outcome: Outcome) => void = () => {};
    processor.answer = new Promise((resolve) => (land = resolve));
    bus.broken = true;
    const told = effects.call(call('authorize'));
    await timers.advance(100);
    await told;
    land(SUCCEEDED);
    await timers.advance(0);
    expect(troubles).toEqual(['a late answer about abc could not be reported']);
  });
});

describe('a look-up', () => {
  const charge = (state: 'authorized' | 'captured' | 'voided'): LookUpAnswer => ({
    state,
    reference: 'ch_1',
    ...MONEY,
  });
  const declined: LookUpAnswer = { state: 'declined', code: 'stolen_card', category: 'hard' };
  const unproven: LookUpAnswer = { state: 'unproven', evidence: 'not_found' };
  const unknown = (evidence: string): Outcome => ({ kind: 'unknown', evidence });

  it.each<[string, LookUpAnswer, Exclude<MoneyOperation, 'refund'>, Outcome]>([
    ['authorized', charge('authorized'), 'authorize', SUCCEEDED],
    ['captured', charge('captured'), 'authorize', SUCCEEDED],
    ['voided', charge('voided'), 'authorize', { kind: 'fenced', evidence: 'looked_up_voided' }],
    [
      'declined',
      declined,
      'authorize',
      { kind: 'declined', code: 'stolen_card', category: 'hard' },
    ],
    ['nothing', unproven, 'authorize', unknown('not_found')],
    ['authorized', charge('authorized'), 'capture', unknown('looked_up_authorized')],
    ['captured', charge('captured'), 'capture', SUCCEEDED],
    [
      'voided',
      charge('voided'),
      'capture',
      { kind: 'declined', category: 'hard', code: 'authorization_voided', reference: 'ch_1' },
    ],
    ['declined', declined, 'capture', unknown('looked_up_declined')],
    ['nothing', unproven, 'capture', unknown('not_found')],
    ['authorized', charge('authorized'), 'void', unknown('looked_up_authorized')],
    ['captured', charge('captured'), 'void', unknown('looked_up_captured')],
    ['voided', charge('voided'), 'void', SUCCEEDED],
    ['declined', declined, 'void', unknown('looked_up_declined')],
    ['nothing', unproven, 'void', unknown('not_found')],
  ])('that finds %s proves what it can about an operation', (_, answer, about, outcome) => {
    expect(meaningOf(answer, about)).toEqual(outcome);
  });
});
