import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isBalanced } from '../money/postings.js';
import type { PaymentIntentCommand, ProcessorFacts } from './payment-intent.commands.js';
import type { PaymentIntentEvent } from './payment-intent.events.js';
import {
  FENCED,
  HARD,
  NOT_EXECUTED,
  NOW_MS,
  PREPARED,
  REQUEST,
  SOFT,
  SUCCEEDED,
  type Told,
  UNKNOWN,
  UNPARK,
  authorize,
  capture,
  decideCapture,
  decider,
  fraud,
  judge,
  letGo,
  prepare,
  processor,
  tell,
} from './payment-intent.fixture.js';
import {
  type AttemptState,
  type PaymentIntentState,
  evolvePaymentIntent,
  moneyState,
} from './payment-intent.state.js';

const outcomes = fc.constantFrom(SUCCEEDED, SOFT, HARD, NOT_EXECUTED, UNKNOWN, FENCED);
const flag = fc.boolean();

const processorsOf = fc
  .tuple(flag, flag, flag, flag, flag)
  .map(([two, down, lookUp, safe, other]) => [
    processor('a', {
      authorization: two ? 'two_step' : 'one_step',
      fence: two,
      lookUp,
      keySafeForMs: safe ? 86_400_000 : 2_000,
    }),
    processor('b', { breaker: down ? 'open' : 'closed', lookUp }),
    processor('c', { authorization: other ? 'two_step' : 'one_step', fence: other }),
  ]);

/** Which command comes next; attempts and probes are chosen when it is sent, mostly the ones that are open. */
interface Step {
  kind: 'judge' | 'prepare' | 'authorize' | 'decide' | 'capture' | 'void' | 'unpark' | 'request';
  outcome: typeof SUCCEEDED;
  stray: boolean;
  late: boolean;
  block: boolean;
  waitMs: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    ...(['judge', 'prepare', 'authorize', 'authorize', 'authorize', 'decide'] as const),
    ...(['capture', 'capture', 'void', 'void', 'unpark', 'request'] as const),
  ),
  outcome: outcomes,
  stray: fc.integer({ min: 0, max: 5 }).map((roll) => roll === 0),
  late: flag,
  block: flag,
  waitMs: fc.integer({ min: 0, max: 1_000 }),
});

function commandOf(
  { kind, outcome, stray, late, block }: Step,
  { attempts, pending }: PaymentIntentState,
  nowMs: number,
  processors: readonly ProcessorFacts[],
): PaymentIntentCommand {
  const number = Math.max(1, stray ? attempts.length - 1 : attempts.length);
  const probes = pending?.probes ?? 0;
  const probe = late || probes === 0 ? undefined : stray ? probes - 1 : probes;
  const options = { nowMs, processors, number, probe, firstSend: probes === 0 && !late };
  switch (kind) {
    case 'judge':
      return { ...judge(options), ...(block && { fraud: fraud('authorization', 'block') }) };
    case 'prepare':
      return prepare(
        outcome.kind === 'declined' || outcome.kind === 'not_executed' ? outcome : PREPARED,
        options,
      );
    case 'authorize':
      return authorize(outcome, options);
    case 'decide':
      return decideCapture(block ? 'block' : 'allow', options);
    case 'capture':
      return capture(outcome, options);
    case 'void':
      return letGo(outcome, options);
    case 'unpark':
      return { ...UNPARK, operation: String(nowMs), nowMs } as PaymentIntentCommand;
    case 'request':
      return REQUEST;
  }
}

const MAY_HAVE_MONEY: readonly AttemptState['outcome'][] = [
  'started',
  'prepared',
  'authorized',
  'unknown',
  'captured',
];

/** Violations of what must be so after every single event. */
function broken(before: PaymentIntentState, event: PaymentIntentEvent, after: PaymentIntentState) {
  const open = after.attempts.filter(({ outcome }) => MAY_HAVE_MONEY.includes(outcome));
  const rules: Record<string, boolean> = {
    'at most one attempt may have money': open.length <= 1,
    'captured ≤ authorized ≤ amount':
      after.amountCapturedMinor <= after.amountAuthorizedMinor &&
      after.amountAuthorizedMinor <= after.amountMinor,
    'an attempt starts only when nothing is open':
      event.type !== 'AttemptStarted' ||
      (before.pending === null &&
        before.attempts.every(({ outcome }) =>
          ['declined', 'not_executed', 'fenced'].includes(outcome),
        ) &&
        before.attempts.every(({ decline }) => decline?.category !== 'hard')),
    'a call starts only when none is open':
      !['AttemptStarted', 'CaptureStarted', 'VoidStarted'].includes(event.type) ||
      before.pending === null,
    'what is unknown is never taken for not executed':
      event.type !== 'AttemptNotExecuted' || before.pending?.unknown === false,
    'a processor is tried once':
      new Set(after.attempts.map((a) => a.processor)).size === after.attempts.length,
    'an end is final': before.status === 'processing' || after.status === before.status,
    'after the end no money moves':
      before.status === 'processing' ||
      ['RequestConcluded', 'OutcomeContradicted'].includes(event.type),
    'the ledger is balanced': event.type !== 'LedgerPosted' || isBalanced(event.data.postings),
    'an open money call makes the money unknown':
      after.pending === null ||
      moneyState(after) === 'unknown' ||
      after.attempts.at(-1)?.outcome === 'started',
  };
  return Object.keys(rules).filter((rule) => !rules[rule]);
}

/** Sums over the whole ledger: held is what the state says is held, clearing what it says is captured. */
function ledgerAgrees(log: readonly PaymentIntentEvent[], state: PaymentIntentState): boolean {
  const sum = (suffix: string) =>
    log
      .flatMap((event) => (event.type === 'LedgerPosted' ? event.data.postings : []))
      .filter(({ account }) => account.endsWith(suffix) && account.startsWith('processor:'))
      .reduce((total, { amountMinor }) => total + amountMinor, 0);
  return sum(':held') === state.heldMinor && sum(':clearing') === 0 - state.amountCapturedMinor;
}

function follow(steps: readonly Step[], processors: readonly ProcessorFacts[]) {
  const log: PaymentIntentEvent[] = [];
  let told: Told = tell({ state: decider.initial(), events: [] }, REQUEST);
  let nowMs = NOW_MS;
  let probesWaiting = 0;
  for (const each of steps) {
    nowMs += each.waitMs;
    const decision = decider.decide(commandOf(each, told.state, nowMs, processors), told.state);
    if (!decision.ok) {
      expect(decision.code).toBe('invalid_transition');
      continue;
    }
    for (const event of decision.events) {
      const state = evolvePaymentIntent(told.state, event);
      expect(broken(told.state, event, state)).toEqual([]);
      told = { state, events: decision.events };
      log.push(event);
      if (event.type === 'ProbeScheduled') probesWaiting = event.data.probe;
    }
    const { pending, parked } = told.state;
    expect(ledgerAgrees(log, told.state)).toBe(true);
    if (pending?.unknown && !parked) expect(probesWaiting).toBe(pending.probes);
    if (pending?.unknown && !parked) expect(pending.probes).toBeGreaterThan(0);
  }
  return { log, state: told.state };
}

it('keeps every invariant under any commands in any order', () => {
  fc.assert(
    fc.property(processorsOf, fc.array(step, { maxLength: 40 }), (processors, steps) => {
      const first: Step = {
        kind: 'judge',
        outcome: SUCCEEDED,
        stray: false,
        late: false,
        block: false,
        waitMs: 0,
      };
      const { log, state } = follow([first, ...steps], processors);
      const count = (type: string) => log.filter((event) => event.type === type).length;
      expect(count('RequestConcluded')).toBe(state.status === 'processing' ? 0 : 1);
      expect(count('PaymentSucceeded') + count('PaymentFailed')).toBeLessThanOrEqual(1);
      expect(count('PaymentCaptured')).toBe(state.status === 'succeeded' ? 1 : 0);
      expect(count('AuthorizationVoided') + count('PaymentCaptured')).toBeLessThanOrEqual(1);
      if (state.status !== 'processing') expect(state.heldMinor).toBe(0);
    }),
    { numRuns: 1_000 },
  );
});

it('ends every payment whose probes get a definite answer at last', () => {
  fc.assert(
    fc.property(processorsOf, fc.array(step, { maxLength: 12 }), flag, (processors, steps, yes) => {
      const judged: Step = {
        kind: 'judge',
        outcome: SUCCEEDED,
        stray: false,
        late: false,
        block: false,
        waitMs: 0,
      };
      const settling = (['prepare', 'authorize', 'decide', 'capture', 'void'] as const).map(
        (kind) => ({
          ...judged,
          kind,
          outcome: yes || kind !== 'authorize' ? SUCCEEDED : HARD,
        }),
      );
      const { state } = follow([judged, ...steps, ...settling, ...settling], processors);
      expect(state.status).not.toBe('processing');
    }),
    { numRuns: 300 },
  );
});
