import type { OperationConcluded } from '../shared/operation.js';
import type { JsonRecord } from '../shared/json.js';

/** What is known of a card outside of the vault. */
export interface CardFacts {
  /** Such as `visa`; `unknown` for a scheme that we do not know. */
  brand: string;
  last4: string;
  expMonth: number;
  expYear: number;
  /** The same for the same number within a tenant: an HMAC under a key of the vault. */
  fingerprint: string;
}

/** What the fraud screen said about a card that was to be exchanged for a token. */
export interface CardScreening {
  verdict: 'allow' | 'review' | 'block';
  score: number;
  /** `name@version` */
  provider: string;
  /** Every rule that was looked at, matched or not. */
  rules: readonly JsonRecord[];
  failMode: 'open' | 'closed' | null;
  error: string | null;
}

export type PaymentMethodEvent =
  | { type: 'CardScreened'; data: CardScreening & { at: string } }
  | {
      type: 'PaymentMethodTokenized';
      data: {
        /** `pm_…` */
        id: string;
        tenant: string;
        /** Whose it is alone; null: for all agents of the tenant. */
        agent: string | null;
        by: string;
        card: CardFacts;
        at: string;
      };
    }
  /** There is no token, and under this key there never will be one. */
  | {
      type: 'PaymentMethodRefused';
      data: { tenant: string; agent: string | null; by: string; code: 'fraud_blocked'; at: string };
    }
  /** From now on nobody can pay with it; what the vault keeps of it is destroyed next. */
  | { type: 'PaymentMethodErased'; data: { id: string; tenant: string; by: string; at: string } }
  | OperationConcluded;
