import type { JsonRecord } from '../shared/json.js';
import type { OperationConcluded } from '../shared/operation.js';
import type { Posting } from '../money/postings.js';
import type { ProcessorRisk, ReservationCall, ReservationOperation } from './outcome.js';

/** The money operations of an attempt whose answer can be lost. */
export type MoneyOperation = 'authorize' | 'capture' | 'void' | 'refund';
/** What people and agents can want done about a payment. */
export type OperationKind = 'capture' | 'cancel' | 'refund' | 'approve' | 'deny';
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
  /** For a refund: its own key, and the processor's id of it once known. */
  readonly refund?: { readonly key: string; readonly reference: string | null };
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

interface DisputeFacts {
  /** The processor's name for it. */
  readonly dispute: string;
  readonly number: number;
  readonly amountMinor: number;
  readonly currency: string;
  readonly reason: string;
  /** RFC 3339; null when no evidence is asked for. */
  readonly evidenceDueAt: string | null;
  /** When the processor said so, RFC 3339. */
  readonly toldAt: string;
  readonly at: string;
}

/** What becomes of the budget when a payment ends. */
interface BudgetEnd {
  /** Null when the request had none. */
  readonly mandate: string | null;
  readonly spentMinor: number;
}

/** What becomes of budget and purchase when a payment ends without its purchase. */
interface Undone extends BudgetEnd {
  /** The claim to free; null when money moved. */
  readonly purchase?: string | null;
}

/** One reason why a human is asked. */
export interface ApprovalReason {
  readonly source: 'policy' | 'mandate' | 'fraud';
  readonly rule: string;
  readonly detail: string;
}

/** What an approval is bound to, and how long it may be given. */
export interface ApprovalTerms {
  /** Of the request. */
  readonly fingerprint: string;
  /** RFC 3339. */
  readonly dueAt: string;
}

/** Before authorization, or with the money held before capture. */
export type ApprovalStage = 'authorization' | 'capture';

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

export type CancelReason = 'requested' | 'authorization_expired';

/** The request and whose it is: what the judges are asked about. */
export interface RequestedFacts {
  /** The 26 characters derived from the idempotency key; `pi_<id>` outside. */
  readonly id: string;
  readonly tenant: string;
  readonly agent: string;
  readonly mandate: string | null;
  /** The request's JSON as it came, validated. */
  readonly request: JsonRecord;
  /** Id of the stream in which the purchase is claimed. */
  readonly purchase?: string;
  /** SHA-256 over the canonical JSON of the request, hex: what an approval is bound to. */
  readonly fingerprint?: string;
}

export type PaymentIntentEvent =
  | {
      type: 'PaymentIntentRequested';
      data: RequestedFacts & { at: string };
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
  | {
      type: 'ApprovalRequested';
      data: Judged & ApprovalTerms & { stage: ApprovalStage; reasons: readonly ApprovalReason[] };
    }
  | {
      /** The judges are asked again, about the payment or, at capture, about what is held. */
      type: 'ApprovalGranted';
      data: Judged & {
        stage: ApprovalStage;
        fingerprint: string;
        by: string;
        payment: RequestedFacts;
        held: { readonly number: number; readonly screening: ScreeningFacts } | null;
      };
    }
  | { type: 'ApprovalDenied'; data: Judged & { by: string } }
  | { type: 'ApprovalExpired'; data: Judged }
  | { type: 'ReservationStarted'; data: { call: ReservationCall; at: string } }
  | { type: 'ReservationMade'; data: { reference: string; at: string } }
  | { type: 'ReservationRefused'; data: { code: string; message: string | null; at: string } }
  | { type: 'ReservationConfirmStarted'; data: { call: ReservationCall; at: string } }
  | { type: 'ReservationConfirmed'; data: { at: string } }
  | { type: 'ReservationReleaseStarted'; data: { call: ReservationCall; at: string } }
  | { type: 'ReservationReleased'; data: { at: string } }
  | {
      type: 'ReservationRetryScheduled';
      data: {
        operation: ReservationOperation;
        try: number;
        dueAt: string;
        /** What the try before this one saw. */
        after: string;
        call: ReservationCall;
        at: string;
      };
    }
  /** A processor is to be chosen, the first one or another one: whoever does it asks first whether the agent still may. */
  | {
      type: 'RouteRequested';
      data: {
        tenant: string;
        agent: string;
        mandate: string | null;
        currency: string;
        at: string;
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
        /** How long a hold lasts at this processor. */
        authorizationValidForMs?: number;
        /** What the fraud screen before capture is asked about; null when nothing is captured at once. */
        screening?: ScreeningFacts | null;
        /** The saga process that may treat its own first call as the first one sent. */
        sender: string;
        at: string;
      };
    }
  | {
      type: 'AttemptPrepared';
      data: {
        number: number;
        reference: string;
        call: CallFacts;
        screening?: ScreeningFacts | null;
        sender: string;
        at: string;
      };
    }
  /** Somebody else than its sender is about to send the call: from now on the sender's "not executed" proves nothing. */
  | { type: 'AttemptTakenOver'; data: { number: number; sender: string; at: string } }
  | {
      type: 'PaymentAuthorized';
      data: {
        number: number;
        processor: string;
        reference: string;
        amountMinor: number;
        currency: string;
        durationMs: number | null;
        /** What the fraud screen before capture is still to be asked about; null when it was, or when nothing is captured now. */
        screening: ScreeningFacts | null;
        /** What the processor's own fraud screen said. */
        risk?: ProcessorRisk;
        at: string;
      };
    }
  /** Nothing is held before the buyer did something at `url`, until `dueAt` at most. */
  | {
      type: 'BuyerActionRequired';
      data: { number: number; reference: string; url: string; dueAt: string; at: string };
    }
  /** It is not waited for any more: the attempt is to take no money. */
  | { type: 'BuyerActionExpired'; data: { number: number; at: string } }
  /** Manual capture: the hold waits for the agent, until `dueAt` at most. */
  | { type: 'CaptureAwaited'; data: { number: number; dueAt: string; at: string } }
  | {
      type: 'CaptureRequested';
      data: { number: number; amountMinor: number; screening: ScreeningFacts; at: string };
    }
  | { type: 'AuthorizationExpired'; data: { number: number; at: string } }
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
      data: {
        number: number;
        operation: MoneyOperation;
        refund?: string;
        evidence: string;
        at: string;
      };
    }
  | { type: 'AttemptFenced'; data: { number: number; evidence: string; at: string } }
  | {
      type: 'ProbeScheduled';
      data: {
        number: number;
        operation: MoneyOperation;
        refund?: string;
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
  /** The processor took the capture on and carries it out later. */
  | { type: 'CaptureAccepted'; data: { number: number; reference: string; at: string } }
  | { type: 'CaptureDeclined'; data: { number: number; code: string; at: string } }
  | {
      type: 'VoidStarted';
      data: {
        number: number;
        /** Becomes the payment's failure once nothing is held any more; null: it is canceled then. */
        failure: Failure | null;
        call: CallFacts;
        sender: string;
        at: string;
      };
    }
  /** The processor took the void on and carries it out later. */
  | { type: 'VoidAccepted'; data: { number: number; reference: string; at: string } }
  | { type: 'AuthorizationVoided'; data: { number: number; amountMinor: number; at: string } }
  | { type: 'CancelRequested'; data: { by: string; at: string } }
  | {
      type: 'RefundStarted';
      data: {
        /** The operation that asked for it, or `cancel`. */
        refund: string;
        number: number;
        /** Counts the refunds of the payment, from 1. */
        sequence: number;
        amountMinor: number;
        currency: string;
        reason: string;
        call: CallFacts;
        sender: string;
        at: string;
      };
    }
  /** The processor took the refund on and decides later. */
  | { type: 'RefundAccepted'; data: { refund: string; reference: string; at: string } }
  | {
      type: 'RefundSucceeded';
      data: {
        refund: string;
        number: number;
        processor: string;
        reference: string;
        amountMinor: number;
        currency: string;
        at: string;
      };
    }
  | {
      type: 'RefundFailed';
      data: { refund: string; code: string; message: string | null; at: string };
    }
  | { type: 'DisputeEvidenceRequested'; data: DisputeFacts }
  /** The processor took the money back until the dispute is decided. */
  | { type: 'DisputeOpened'; data: DisputeFacts }
  | { type: 'DisputeWon'; data: DisputeFacts }
  | { type: 'DisputeLost'; data: DisputeFacts }
  | {
      /** The processor paid out what a charge or a refund came to, less its fee. */
      type: 'PaymentSettled';
      data: {
        number: number;
        processor: string;
        /** The processor's id of the notice that said so. */
        notice: string;
        batch: string;
        /** Negative for what was taken back. */
        amountMinor: number;
        feeMinor: number;
        currency: string;
        at: string;
      };
    }
  | { type: 'LedgerPosted'; data: { cause: string; postings: readonly Posting[]; at: string } }
  | { type: 'PaymentSucceeded'; data: BudgetEnd & { at: string } }
  | { type: 'PaymentFailed'; data: Undone & { failure: Failure; at: string } }
  | { type: 'PaymentCanceled'; data: Undone & { reason: CancelReason; at: string } }
  /** `number`: the attempt in question; null when it is about the merchant. `refund`: the refund in question. */
  | {
      type: 'PaymentParked';
      data: { number: number | null; refund?: string; reason: string; at: string };
    }
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
    }
  | {
      type: 'OperationRequested';
      data: {
        /** Derived from the idempotency key. */
        operation: string;
        kind: OperationKind;
        request: JsonRecord;
        by: string;
        at: string;
      };
    }
  | OperationConcluded;

export type PaymentIntentEventType = PaymentIntentEvent['type'];
export type PaymentIntentEventData<T extends PaymentIntentEventType> = Extract<
  PaymentIntentEvent,
  { type: T }
>['data'];

/** A judgement of the fraud screen as it is recorded, before it has a time. */
export type FraudScreening = Omit<PaymentIntentEventData<'FraudScreened'>, 'at'>;
export type PolicyJudgement = Omit<PaymentIntentEventData<'PolicyDecided'>, 'at'>;
export type MandateJudgement = Omit<PaymentIntentEventData<'MandateDecided'>, 'at'>;
