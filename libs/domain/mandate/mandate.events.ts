import type { OperationConcluded } from '../shared/operation.js';

/** Minor units by ISO 4217 code. A currency that is absent is not allowed. */
export type AmountsByCurrency = Readonly<Record<string, number>>;

/** Either `calendar` (in `timezone`, default UTC) or `rolling`; a limit on the amount, on the count, or on both. */
export interface MandateWindow {
  readonly name: string;
  readonly calendar?: 'day' | 'week' | 'month';
  readonly timezone?: string;
  /** An ISO 8601 duration of weeks, days, hours, minutes or seconds: `PT1H`, `P7D`. */
  readonly rolling?: string;
  readonly amount?: AmountsByCurrency;
  readonly count?: number;
}

/** What an agent may spend, as the operator wrote it (`POST /v1/mandates`). */
export interface MandateTerms {
  readonly agent: string;
  /** The mandate above (`mnd_…`): every payment must pass there too, and counts there too. */
  readonly parent?: string | null;
  readonly valid_from?: string;
  readonly valid_until?: string;
  readonly limits: {
    readonly per_payment?: AmountsByCurrency;
    readonly windows?: readonly MandateWindow[];
    readonly lifetime?: AmountsByCurrency;
  };
  readonly payees?: { readonly allow?: readonly string[]; readonly deny?: readonly string[] };
  readonly categories?: { readonly deny?: readonly string[] };
  readonly approval?: { readonly above?: AmountsByCurrency };
  readonly velocity?: { readonly default?: boolean };
}

export type MandateRefusal =
  | 'not_found'
  | 'invalid_transition'
  | 'idempotency_key_reused'
  | 'mandate_required'
  | 'mandate_revoked'
  | 'mandate_expired'
  | 'mandate_limit_exceeded'
  | 'payee_not_allowed'
  | 'category_not_allowed'
  | 'currency_not_allowed';

export type MandateEvent =
  | {
      type: 'MandateGranted';
      data: { id: string; tenant: string; terms: MandateTerms; by: string; at: string };
    }
  | {
      type: 'BudgetReserved';
      data: { intent: string; amountMinor: number; currency: string; at: string };
    }
  /** Also recorded for an intent that never reserved: it then counts at its own instant, in every currency. */
  | { type: 'SpendCommitted'; data: { intent: string; amountMinor: number; at: string } }
  /** Also recorded for an intent that never reserved: the later reservation is then refused. */
  | { type: 'BudgetReleased'; data: { intent: string; at: string } }
  | { type: 'MandateRevoked'; data: { by: string; at: string } }
  | OperationConcluded;
