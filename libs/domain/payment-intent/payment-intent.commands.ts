import type { JsonRecord } from '../shared/json.js';
import type { Outcome, PrepareOutcome } from './outcome.js';
import type {
  Failure,
  FraudScreening,
  MandateJudgement,
  PolicyJudgement,
} from './payment-intent.events.js';

/** What routing knows about a processor at the moment of a decision. */
export interface ProcessorFacts {
  readonly name: string;
  readonly breaker: 'closed' | 'open' | 'half_open';
  readonly authorization: 'one_step' | 'two_step';
  readonly fence: boolean;
  readonly lookUp: boolean;
  readonly keySafeForMs: number;
  readonly currencies: 'all' | readonly string[];
}

/** `nowMs`: when the decision is made, epoch milliseconds. `sender`: the process that will act on the events. */
interface Timed {
  readonly nowMs: number;
}
interface Acting extends Timed {
  readonly sender: string;
}
/** A command that may lead to an attempt somewhere else. */
interface Routing extends Acting {
  /** All processors in order of preference, with their state now. */
  readonly processors: readonly ProcessorFacts[];
}

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
    })
  | (Routing & {
      type: 'JudgePayment';
      policy: PolicyJudgement | null;
      fraud: FraudScreening | null;
      mandate: MandateJudgement | null;
      /** The first reason to refuse, or null when the payment may go on. */
      refusal: Failure | null;
    })
  | (Routing & {
      type: 'RecordPreparation';
      number: number;
      outcome: PrepareOutcome;
      durationMs: number;
    })
  | (Routing &
      Recording & {
        type: 'RecordAuthorization';
        durationMs: number | null;
        /** True only when no call of this operation can have been sent before: then "not executed" is proof for the attempt. */
        firstSend: boolean;
      })
  | (Acting & {
      type: 'DecideCapture';
      number: number;
      fraud: FraudScreening;
    })
  | (Recording & { type: 'RecordCapture' })
  | (Recording & { type: 'RecordVoid' })
  | (Timed & { type: 'UnparkPayment'; operation: string; tenant: string; by: string });

export type PaymentIntentCommandType = PaymentIntentCommand['type'];
export type PaymentIntentCommandOf<T extends PaymentIntentCommandType> = Extract<
  PaymentIntentCommand,
  { type: T }
>;
