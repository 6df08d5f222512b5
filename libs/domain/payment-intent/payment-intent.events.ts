import type { JsonRecord } from '../shared/json.js';
import type { Posting } from '../money/postings.js';

/** The money operations of an attempt whose answer can be lost. */
export type MoneyOperation = 'authorize' | 'capture' | 'void';
/** How a probe tries to learn what became of an operation. */
export type Rung = 'resend' | 'look_up' | 'fence';

/** One rule that a judge looked at, with what it saw. `limit` and `observed` are in the rule's own unit. */
export interface RuleResult {
  readonly rule: string;
  readonly result: string;
  readonly [detail: string]: string | number | boolean | null | undefined;
}

/** All that a connector is told for a call about an attempt. */
export interface CallFacts {
  readonly processor: string;
  /** Every idempotency key of the attempt derives from this one. */
  readonly key: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
  /** The processor's own id, once known. */
  readonly reference: string | null;
  /** RFC 3339. After this instant nothing that could be a new charge is sent. */
  readonly keySafeUntil: string;
}

export interface ScreeningFacts {
  readonly tenant: string;
  readonly agent: string;
  readonly mandate: string | null;
  readonly payee: { readonly id: string; readonly mcc?: string; readonly country?: string };
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
}

/** What becomes of the budget when a payment ends. */
interface BudgetEnd {
  /** Null when the mandate certainly holds nothing for this payment. */
  readonly mandate: string | null;
  readonly spentMinor: number;
}

export interface RouteCandidate {
  readonly processor: string;
  readonly eligible: boolean;
  readonly reason: string;
}

/** Why a payment failed. `code` is a problem code or `payment_declined`. */
export interface Failure {
  readonly code: string;
  readonly detail: string;
  /** Which limits were in the way; the shape is the wire's. */
  readonly violations: readonly JsonRecord[];
  /** A decline's own code and category, and the processor's words (data from outside). */
  readonly decline: { code: string; category: 'soft' | 'hard'; message: string | null } | null;
}

interface Judged {
  readonly at: string;
}

export type PaymentIntentEvent =
  | {
      type: 'PaymentIntentRequested';
      data: {
        /** The 26 characters derived from the idempotency key; `pi_<id>` outside. */
        id: string;
        tenant: string;
        agent: string;
        mandate: string | null;
        /** The request's JSON as it came, validated. */
        request: JsonRecord;
        at: string;
      };
    }
  | {
      type: 'PolicyDecided';
      data: Judged & {
        decision: 'allow' | 'deny' | 'ask';
        bundle: string;
        determining: readonly string[];
        rules: readonly RuleResult[];
        inputs: JsonRecord;
      };
    }
  | {
      type: 'FraudScreened';
      data: Judged & {
        stage: 'authorization' | 'capture';
        verdict: 'allow' | 'review' | 'block';
        reason: 'fraud' | 'velocity';
        score: number;
        provider: string;
        rules: readonly RuleResult[];
        /** Set when the provider gave no usable answer and its fail mode decided. */
        failMode: 'open' | 'closed' | null;
        error: string | null;
      };
    }
  | {
      type: 'MandateDecided';
      data: Judged & {
        mandate: string | null;
        decision: 'reserved' | 'refused';
        code: string | null;
        rules: readonly RuleResult[];
      };
    }
  | { type: 'RouteChosen'; data: { candidates: readonly RouteCandidate[]; at: string } }
  | {
      type: 'AttemptStarted';
      data: {
        number: number;
        agent: string;
        processor: string;
        authorization: 'one_step' | 'two_step';
        fence: boolean;
        lookUp: boolean;
        /** Every idempotency key of the attempt derives from this one. */
        key: string;
        amountMinor: number;
        currency: string;
        paymentMethod: string;
        /** After this instant the key is never sent again. */
        keySafeUntil: string;
        /** The saga process that may treat its own first call as the first one sent. */
        sender: string;
        at: string;
      };
    }
  | {
      type: 'AttemptPrepared';
      data: { number: number; reference: string; call: CallFacts; sender: string; at: string };
    }
  | {
      type: 'PaymentAuthorized';
      data: {
        number: number;
        processor: string;
        reference: string;
        amountMinor: number;
        currency: string;
        durationMs: number | null;
        /** What the second fraud screen is asked about. */
        screening: ScreeningFacts;
        at: string;
      };
    }
  | {
      type: 'AttemptDeclined';
      data: {
        number: number;
        code: string;
        category: 'soft' | 'hard';
        message: string | null;
        durationMs: number | null;
        at: string;
      };
    }
  | {
      type: 'AttemptNotExecuted';
      data: { number: number; evidence: string; durationMs: number | null; at: string };
    }
  | {
      type: 'OutcomeUnknown';
      data: { number: number; operation: MoneyOperation; evidence: string; at: string };
    }
  | { type: 'AttemptFenced'; data: { number: number; evidence: string; at: string } }
  | {
      type: 'ProbeScheduled';
      data: {
        number: number;
        operation: MoneyOperation;
        probe: number;
        rung: Rung;
        dueAt: string;
        /** What the try before this one saw. */
        after: string;
        at: string;
      };
    }
  | {
      type: 'CaptureStarted';
      data: { number: number; amountMinor: number; call: CallFacts; sender: string; at: string };
    }
  | {
      type: 'PaymentCaptured';
      data: {
        number: number;
        processor: string;
        reference: string;
        amountMinor: number;
        currency: string;
        at: string;
      };
    }
  | { type: 'CaptureDeclined'; data: { number: number; code: string; at: string } }
  | {
      type: 'VoidStarted';
      data: {
        number: number;
        /** Becomes the payment's failure once nothing is held any more. */
        failure: Failure;
        call: CallFacts;
        sender: string;
        at: string;
      };
    }
  | { type: 'AuthorizationVoided'; data: { number: number; amountMinor: number; at: string } }
  | { type: 'LedgerPosted'; data: { cause: string; postings: readonly Posting[]; at: string } }
  | { type: 'PaymentSucceeded'; data: BudgetEnd & { at: string } }
  | { type: 'PaymentFailed'; data: BudgetEnd & { failure: Failure; at: string } }
  | { type: 'PaymentParked'; data: { number: number; reason: string; at: string } }
  /** `operation`: derived from the operator's idempotency key. */
  | { type: 'PaymentUnparked'; data: { operation: string; by: string; at: string } }
  | {
      /** The processor says something else than what was recorded as proven: a human must look. */
      type: 'OutcomeContradicted';
      data: { number: number; recorded: string; reported: string; at: string };
    }
  | {
      /** The exact bytes the request is answered with, first and every later time. */
      type: 'RequestConcluded';
      data: { status: number; body: string; at: string };
    };

export type PaymentIntentEventType = PaymentIntentEvent['type'];
export type PaymentIntentEventData<T extends PaymentIntentEventType> = Extract<
  PaymentIntentEvent,
  { type: T }
>['data'];

/** A judgement of the fraud screen as it is recorded, before it has a time. */
export type FraudScreening = Omit<PaymentIntentEventData<'FraudScreened'>, 'at'>;
export type PolicyJudgement = Omit<PaymentIntentEventData<'PolicyDecided'>, 'at'>;
export type MandateJudgement = Omit<PaymentIntentEventData<'MandateDecided'>, 'at'>;
