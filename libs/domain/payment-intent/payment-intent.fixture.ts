import type {
  PaymentIntentCommand,
  PaymentIntentCommandOf,
  ProcessorFacts,
} from './payment-intent.commands.js';
import { paymentIntentDecider } from './payment-intent.decider.js';
import type {
  FraudScreening,
  PaymentIntentEvent,
  PaymentIntentEventData,
} from './payment-intent.events.js';
import { type PaymentIntentState, evolvePaymentIntent } from './payment-intent.state.js';
import type { Outcome } from './outcome.js';

/** A payment as a value: commands go in, the events they caused and the state come out. */
export interface Told {
  readonly state: PaymentIntentState;
  readonly events: readonly PaymentIntentEvent[];
}

export const NOW_MS = Date.UTC(2026, 2, 1, 12);
export const AT = '2026-03-01T12:00:00.000Z';
export const MONEY = { amountMinor: 4200, currency: 'USD' };

/** The answer's bytes name what they were made of. */
export const decider = paymentIntentDecider(({ id, status, revision, failure }) => ({
  status: status === 'succeeded' ? 201 : 409,
  body: JSON.stringify({ id, status, revision, failure: failure?.code ?? null }),
}));

export function processor(name: string, facts: Partial<ProcessorFacts> = {}): ProcessorFacts {
  return {
    name,
    breaker: 'closed',
    authorization: 'one_step',
    fence: false,
    lookUp: true,
    keySafeForMs: 86_400_000,
    currencies: 'all',
    ...facts,
  };
}

export const ONE_STEP = [processor('one'), processor('two')];
export const TWO_STEP = [
  processor('one', { authorization: 'two_step', fence: true }),
  processor('two'),
];

export const REQUEST: PaymentIntentCommandOf<'RequestPayment'> = {
  type: 'RequestPayment',
  nowMs: NOW_MS,
  id: 'abc',
  tenant: 'tnt_1',
  agent: 'agt_1',
  mandate: 'mnd_1',
  request: {
    amount: 4200,
    currency: 'USD',
    payee: { id: 'acme-books' },
    payment_method: 'pm_1',
    order_reference: 'PO-1',
  },
};

export function fraud(
  stage: FraudScreening['stage'],
  verdict: FraudScreening['verdict'] = 'allow',
): FraudScreening {
  return {
    stage,
    verdict,
    reason: 'fraud',
    score: 1,
    provider: 'rules@1',
    rules: [],
    failMode: null,
    error: null,
  };
}

type Acting = { nowMs?: number; processors?: readonly ProcessorFacts[] };
const acting = ({ nowMs = NOW_MS, processors = ONE_STEP }: Acting) => ({
  nowMs,
  processors,
  sender: 'saga-1',
});

export function judge(options: Acting = {}): PaymentIntentCommandOf<'JudgePayment'> {
  return {
    type: 'JudgePayment',
    ...acting(options),
    policy: { decision: 'allow', bundle: 'b1', determining: ['small'], rules: [], inputs: {} },
    fraud: fraud('authorization'),
    mandate: { mandate: 'mnd_1', decision: 'reserved', code: null, rules: [] },
    refusal: null,
  };
}

export const PREPARED = { kind: 'prepared', reference: 'ch_1' } as const;
export const SUCCEEDED: Outcome = { kind: 'succeeded', reference: 'ch_1', ...MONEY };
export const SOFT: Outcome = { kind: 'declined', category: 'soft', code: 'insufficient_funds' };
export const HARD: Outcome = { kind: 'declined', category: 'hard', code: 'stolen_card' };
export const NOT_EXECUTED: Outcome = { kind: 'not_executed', evidence: 'connection_refused' };
export const UNKNOWN: Outcome = { kind: 'unknown', evidence: 'soft_deadline' };
export const FENCED: Outcome = { kind: 'fenced', evidence: 'cancelled' };

export function prepare(
  outcome: PaymentIntentCommandOf<'RecordPreparation'>['outcome'],
  options: Acting & { number?: number } = {},
): PaymentIntentCommand {
  const { number = 1 } = options;
  return { type: 'RecordPreparation', ...acting(options), number, outcome, durationMs: 5 };
}

type Recorded = Acting & { number?: number; probe?: number; firstSend?: boolean };

/** The first call's outcome, or with `probe` what that probe learned. */
export function authorize(outcome: Outcome, options: Recorded = {}): PaymentIntentCommand {
  const { number = 1, probe, firstSend = probe === undefined } = options;
  const recorded = { number, probe, outcome, firstSend, durationMs: 7 };
  return { type: 'RecordAuthorization', ...acting(options), ...recorded };
}

export function decideCapture(
  verdict: FraudScreening['verdict'] = 'allow',
  options: Recorded = {},
): PaymentIntentCommand {
  const { number = 1 } = options;
  return { type: 'DecideCapture', ...acting(options), number, fraud: fraud('capture', verdict) };
}

export function capture(outcome: Outcome, options: Recorded = {}): PaymentIntentCommand {
  const { number = 1, probe } = options;
  return { type: 'RecordCapture', ...acting(options), number, probe, outcome };
}

export function letGo(outcome: Outcome, options: Recorded = {}): PaymentIntentCommand {
  const { number = 1, probe } = options;
  return { type: 'RecordVoid', ...acting(options), number, probe, outcome };
}

export const UNPARK: PaymentIntentCommand = {
  type: 'UnparkPayment',
  operation: 'op-1',
  nowMs: NOW_MS,
  tenant: 'tnt_1',
  by: 'operator-1',
};

/** Sends the commands one after the other; `events` are those of the last one. A refusal is a mistake of the test. */
export function after(...commands: readonly PaymentIntentCommand[]): Told {
  return commands.reduce<Told>(tell, { state: decider.initial(), events: [] });
}

export function tell({ state }: Told, command: PaymentIntentCommand): Told {
  const decision = decider.decide(command, state);
  if (!decision.ok) throw new Error(`${command.type} was refused: ${decision.code}`);
  return { state: decision.events.reduce(evolvePaymentIntent, state), events: decision.events };
}

export function types({ events }: Pick<Told, 'events'>): string[] {
  return events.map(({ type }) => type);
}

/** The only event of its type among the last ones. */
export function only<T extends PaymentIntentEvent['type']>(
  { events }: Told,
  type: T,
): PaymentIntentEventData<T> {
  const [found, ...others] = events.filter((event) => event.type === type);
  if (!found || others.length > 0) throw new Error(`not exactly one ${type}`);
  return found.data as PaymentIntentEventData<T>;
}
