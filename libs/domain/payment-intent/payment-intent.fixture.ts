import type {
  AuthorityNow,
  PaymentIntentCommand,
  PaymentIntentCommandOf,
  ProcessorFacts,
} from './payment-intent.commands.js';
import { paymentIntentDecider } from './payment-intent.decider.js';
import type {
  ApprovalReason,
  FraudScreening,
  PaymentIntentEvent,
  PaymentIntentEventData,
} from './payment-intent.events.js';
import {
  type AttemptState,
  type PaymentIntentState,
  evolvePaymentIntent,
} from './payment-intent.state.js';
import type { JsonRecord } from '../shared/json.js';
import type { DisputeNotice, NoticeMeaning } from './processor-notice.js';
import type {
  Outcome,
  RefundOutcome,
  ReservationOperation,
  ReservationOutcome,
} from './outcome.js';

/** A payment as a value: commands go in, the events they caused and the state come out. */
export interface Told {
  readonly state: PaymentIntentState;
  readonly events: readonly PaymentIntentEvent[];
}

export const NOW_MS = Date.UTC(2026, 2, 1, 12);
export const AT = '2026-03-01T12:00:00.000Z';
/** Until when a human may answer. */
export const DUE_AT = '2026-03-02T12:00:00.000Z';
export const MONEY = { amountMinor: 4200, currency: 'USD' };

/** The answer's bytes name what they were made of. */
export const decider = paymentIntentDecider({
  request: ({ id, status, revision, failure }) => ({
    status: status === 'succeeded' ? 201 : 409,
    body: JSON.stringify({ id, status, revision, failure: failure?.code ?? null }),
  }),
  operation: ({ status, revision }, { kind }) => ({
    status: 200,
    body: JSON.stringify({ kind, status, revision }),
  }),
});

export function processor(name: string, facts: Partial<ProcessorFacts> = {}): ProcessorFacts {
  return {
    name,
    breaker: 'closed',
    authorization: 'one_step',
    fence: false,
    lookUp: true,
    keySafeForMs: 86_400_000,
    authorizationValidForMs: 7 * 86_400_000,
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
  purchase: 'purchase-1',
  fingerprint: 'f1',
};

/** Held until the agent says how much of it is to be taken. */
export const MANUAL: typeof REQUEST = {
  ...REQUEST,
  request: { ...REQUEST.request, capture_method: 'manual' },
};

/** The merchant keeps the items first. */
export const RESERVING: typeof REQUEST = {
  ...REQUEST,
  request: {
    ...REQUEST.request,
    reservation: { participant: 'warehouse', items: [{ sku: 'B-1', quantity: 2 }] },
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

interface Acting {
  nowMs?: number;
}
type Routing = Acting & { processors?: readonly ProcessorFacts[]; authority?: AuthorityNow };
const acting = ({ nowMs = NOW_MS }: Acting) => ({ nowMs, sender: 'saga-1' });
const routing = ({ processors = ONE_STEP, authority = 'active', ...options }: Routing) => ({
  ...acting(options),
  processors,
  authority,
});

/** The judges agree, unless `said` otherwise. */
export function judge(
  options: Routing = {},
  said: Partial<PaymentIntentCommandOf<'JudgePayment'>> = {},
): PaymentIntentCommandOf<'JudgePayment'> {
  return {
    type: 'JudgePayment',
    ...routing(options),
    policy: { decision: 'allow', bundle: 'b1', determining: ['small'], rules: [], inputs: {} },
    fraud: fraud('authorization'),
    mandate: { mandate: 'mnd_1', decision: 'reserved', code: null, rules: [] },
    refusal: null,
    reasons: [],
    approvalDueAt: DUE_AT,
    ...said,
  };
}

/** A processor is chosen, as happens by itself when one is asked for. */
export function route(options: Routing = {}): PaymentIntentCommandOf<'RouteAttempt'> {
  return { type: 'RouteAttempt', ...routing(options) };
}

/** A human is to be asked. */
export const LARGE: ApprovalReason = { source: 'mandate', rule: 'approval.above', detail: 'large' };
export const ODD: ApprovalReason = { source: 'policy', rule: 'odd-payee', detail: 'odd' };

type OutcomeOf<K extends Outcome['kind']> = Extract<Outcome, { kind: K }>;
export const PREPARED = { kind: 'prepared', reference: 'ch_1' } as const;
export const SUCCEEDED: OutcomeOf<'succeeded'> = { kind: 'succeeded', reference: 'ch_1', ...MONEY };
export const SOFT: OutcomeOf<'declined'> = {
  kind: 'declined',
  category: 'soft',
  code: 'insufficient_funds',
};
export const HARD: OutcomeOf<'declined'> = {
  kind: 'declined',
  category: 'hard',
  code: 'stolen_card',
};
export const NOT_EXECUTED: OutcomeOf<'not_executed'> = {
  kind: 'not_executed',
  evidence: 'connection_refused',
};
export const UNKNOWN: OutcomeOf<'unknown'> = { kind: 'unknown', evidence: 'soft_deadline' };
export const FENCED: OutcomeOf<'fenced'> = { kind: 'fenced', evidence: 'cancelled' };

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

/** Another process is about to send what authorizes. */
export function takeOver(
  options: { number?: number; nowMs?: number } = {},
): PaymentIntentCommandOf<'TakeOverAttempt'> {
  const { number = 1, nowMs = NOW_MS } = options;
  return { type: 'TakeOverAttempt', number, sender: 'saga-2', nowMs };
}

export function decideCapture(
  verdict: FraudScreening['verdict'] = 'allow',
  options: Recorded & { authority?: AuthorityNow } = {},
): PaymentIntentCommand {
  const { number = 1, authority = 'active' } = options;
  return {
    type: 'DecideCapture',
    ...acting(options),
    number,
    fraud: fraud('capture', verdict),
    authority,
    approvalDueAt: DUE_AT,
  };
}

export function capture(outcome: Outcome, options: Recorded = {}): PaymentIntentCommand {
  const { number = 1, probe } = options;
  return { type: 'RecordCapture', ...acting(options), number, probe, outcome };
}

export function letGo(outcome: Outcome, options: Recorded = {}): PaymentIntentCommand {
  const { number = 1, probe } = options;
  return { type: 'RecordVoid', ...acting(options), number, probe, outcome };
}

interface Asked {
  operation?: string;
  nowMs?: number;
}

const asked = ({ operation = 'op-1', nowMs = NOW_MS }: Asked, request: JsonRecord = {}) => ({
  operation,
  tenant: 'tnt_1',
  agent: 'agt_1',
  by: 'agt_1',
  request,
  nowMs,
  sender: 'operation',
});

export function captureNow(amountMinor: number | null = null, options: Asked = {}) {
  const activeMandates = ['mnd_1'];
  const request = { amount: amountMinor };
  return {
    type: 'CapturePayment',
    ...asked(options, request),
    amountMinor,
    activeMandates,
  } as const;
}

export function cancel(options: Asked = {}) {
  return { type: 'CancelPayment', ...asked(options) } as const;
}

export function refund(amountMinor: number | null = null, options: Asked = {}) {
  const request = { amount: amountMinor, reason: 'returned' };
  return {
    type: 'RefundPayment',
    ...asked(options, request),
    amountMinor,
    reason: 'returned',
  } as const;
}

const APPROVER = { agent: null, by: 'approver-1' };

export function approve(options: Asked & { fingerprint?: string } = {}) {
  const { fingerprint = null } = options;
  return { type: 'ApprovePayment', ...asked(options), ...APPROVER, fingerprint } as const;
}

export function deny(options: Asked = {}) {
  return { type: 'DenyPayment', ...asked(options), ...APPROVER } as const;
}

/** The time to answer is over. */
export function expireApproval(nowMs = Date.parse(DUE_AT)): PaymentIntentCommand {
  return { type: 'ExpireApproval', ...acting({ nowMs }) };
}

/** The processor is about to let the hold lapse. */
export function expireHold(nowMs = NOW_MS): PaymentIntentCommand {
  return { type: 'ExpireAuthorization', ...acting({ nowMs }) };
}

/** What a refund came to: that of the operation, or another one. */
export function refunded(
  outcome: RefundOutcome,
  options: { refund?: string; probe?: number; nowMs?: number } = {},
): PaymentIntentCommandOf<'RecordRefund'> {
  const { refund: id = 'op-1', probe } = options;
  return { type: 'RecordRefund', ...acting(options), refund: id, outcome, probe };
}

/** What the merchant answered. */
export function merchant(
  operation: ReservationOperation,
  outcome: ReservationOutcome,
  options: { try?: number; nowMs?: number } = {},
): PaymentIntentCommandOf<'RecordReservation'> {
  const { try: tried = 0 } = options;
  return { type: 'RecordReservation', ...acting(options), operation, outcome, try: tried };
}

/** What the processor of an attempt tells unasked. */
export function notice(
  {
    processor: name,
    key,
    reference,
  }: Pick<AttemptState, 'processor' | 'reference'> & {
    key: string | null;
  },
  meaning: NoticeMeaning,
  options: { id?: string; at?: string; nowMs?: number } = {},
): PaymentIntentCommandOf<'TakeNotice'> {
  const { id = 'evt_1', at = AT } = options;
  const told = { id, type: meaning.about, at, attemptKey: key, reference, meaning };
  return { type: 'TakeNotice', ...acting(options), processor: name, notice: told };
}

export function disputed(
  state: DisputeNotice['state'],
  reference = 'dp_1',
): Extract<NoticeMeaning, { about: 'dispute' }> {
  const evidenceDueAt = state === 'opened' || state === 'evidence_due' ? DUE_AT : null;
  const facts = { ...MONEY, reason: 'fraudulent', evidenceDueAt };
  return { about: 'dispute', dispute: { reference, state, ...facts } };
}

export const SETTLED = {
  about: 'settlement',
  ...{ amountMinor: 4_200, feeMinor: 152, currency: 'USD', batch: 'po_1' },
} as const satisfies NoticeMeaning;

export const UNPARK: PaymentIntentCommandOf<'UnparkPayment'> = {
  type: 'UnparkPayment',
  operation: 'op-1',
  nowMs: NOW_MS,
  tenant: 'tnt_1',
  by: 'operator-1',
};

/** What a payment is usually told until it is paid. */
export const PAID: readonly PaymentIntentCommand[] = [
  REQUEST,
  judge(),
  authorize(SUCCEEDED),
  decideCapture(),
  capture(SUCCEEDED),
];

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

/** With which code a command is refused; null when it is not. */
export function refusal({ state }: Told, command: PaymentIntentCommand): string | null {
  const decision = decider.decide(command, state);
  return decision.ok ? null : decision.code;
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
