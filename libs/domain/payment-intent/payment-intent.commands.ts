import type { JsonRecord } from '../shared/json.js';
import type {
  Outcome,
  PrepareOutcome,
  RefundOutcome,
  ReservationOperation,
  ReservationOutcome,
} from './outcome.js';
import type {
  ApprovalReason,
  Failure,
  FraudScreening,
  MandateJudgement,
  PolicyJudgement,
} from './payment-intent.events.js';
import type { ProcessorNotice } from './processor-notice.js';

/** What routing knows about a processor at the moment of a decision. */
export interface ProcessorFacts {
  readonly name: string;
  readonly breaker: 'closed' | 'open' | 'half_open';
  readonly authorization: 'one_step' | 'two_step';
  readonly fence: boolean;
  readonly lookUp: boolean;
  readonly keySafeForMs: number;
  /** How long a hold lasts. */
  readonly authorizationValidForMs: number;
  readonly currencies: 'all' | readonly string[];
}

/** `nowMs`: when the decision is made, epoch milliseconds. `sender`: the process that will act on the events. */
interface Timed {
  readonly nowMs: number;
}
interface Acting extends Timed {
  readonly sender: string;
}
/** A command that begins to take money, if the agent may. */
interface Guarded extends Acting {
  /** As it is when the decision is made. */
  readonly authority: AuthorityNow;
}
/** A command that starts an attempt. */
interface Routing extends Guarded {
  /** All processors in order of preference, with their state now. */
  readonly processors: readonly ProcessorFacts[];
}

/** What a person or an agent asks for. */
interface ByCaller extends Acting {
  /** Derived from the idempotency key. */
  readonly operation: string;
  readonly tenant: string;
  /** The agent who asks, and then about its own payments only; null for people. */
  readonly agent: string | null;
  readonly by: string;
  readonly request: JsonRecord;
}

/** What is known about capturing what is held. */
export interface CaptureJudgement {
  readonly fraud: FraudScreening;
  /** RFC 3339: until when a human may answer, if one is asked. */
  readonly approvalDueAt: string;
}

/** Whether the agent may still pay; otherwise the code of why not. */
export type AuthorityNow = 'active' | 'agent_suspended' | 'mandate_revoked';

interface Recording extends Acting {
  readonly number: number;
  readonly outcome: Outcome;
  /** Which probe asked; absent for the first call and for an answer that came late. */
  readonly probe?: number;
}

export type PaymentIntentCommand =
  | (Timed & {
      type: 'RequestPayment';
      id: string;
      tenant: string;
      agent: string;
      mandate: string | null;
      request: JsonRecord;
      /** Id of the stream in which the purchase is claimed. */
      purchase: string;
      /** SHA-256 over the canonical JSON of the request, hex. */
      fingerprint: string;
    })
  | (Routing & {
      type: 'JudgePayment';
      policy: PolicyJudgement | null;
      fraud: FraudScreening | null;
      mandate: MandateJudgement | null;
      /** The first reason to refuse, or null when the payment may go on. */
      refusal: Failure | null;
      /** Why a human is to be asked first; none: nobody is. */
      reasons: readonly ApprovalReason[];
      /** RFC 3339: until when a human may answer. */
      approvalDueAt: string;
    })
  | (Routing & { type: 'RouteAttempt' })
  | (Acting & {
      type: 'RecordReservation';
      operation: ReservationOperation;
      /** Which try this was: 0 for the first. */
      try: number;
      outcome: ReservationOutcome;
    })
  | (Acting & {
      type: 'RecordPreparation';
      number: number;
      outcome: PrepareOutcome;
      durationMs: number;
    })
  | (Acting & { type: 'TakeOverAttempt'; number: number })
  | (Recording & {
      type: 'RecordAuthorization';
      durationMs: number | null;
      /** True only when no call of this operation can have been sent before: then "not executed" is proof for the attempt. */
      firstSend: boolean;
      /** The judgement before capture, when whoever reports has asked for it already: one append instead of two. */
      capture?: CaptureJudgement;
      /** Without it nothing is captured yet. */
      authority?: AuthorityNow;
    })
  | (Guarded & CaptureJudgement & { type: 'DecideCapture'; number: number })
  | (Recording & { type: 'RecordCapture' })
  | (Recording & { type: 'RecordVoid' })
  | (Acting & {
      type: 'RecordRefund';
      refund: string;
      outcome: RefundOutcome;
      /** Which probe asked; absent for the first call and for an answer that came late. */
      probe?: number;
    })
  /** What a processor told unasked. */
  | (Acting & { type: 'TakeNotice'; processor: string; notice: ProcessorNotice })
  | (ByCaller & {
      type: 'CapturePayment';
      /** Null: all that is held. */
      amountMinor: number | null;
      /** The agent's mandates that are not revoked. */
      activeMandates: readonly string[];
    })
  | (ByCaller & { type: 'CancelPayment' })
  | (ByCaller & {
      type: 'RefundPayment';
      /** Null: all that is left. */
      amountMinor: number | null;
      reason: string;
    })
  | (ByCaller & { type: 'ApprovePayment'; fingerprint: string | null })
  | (ByCaller & { type: 'DenyPayment' })
  | (Acting & { type: 'ExpireApproval' })
  | (Acting & { type: 'ExpireAuthorization' })
  | (Timed & { type: 'UnparkPayment'; operation: string; tenant: string; by: string });

export type PaymentIntentCommandType = PaymentIntentCommand['type'];
export type PaymentIntentCommandOf<T extends PaymentIntentCommandType> = Extract<
  PaymentIntentCommand,
  { type: T }
>;

/** What people and agents ask for. */
export type CallerCommand = Extract<PaymentIntentCommand, ByCaller>;
