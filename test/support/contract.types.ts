/** The wire as a caller sees it, written from the contract and not from the server's own types. */

export type PaymentStatus =
  | 'processing'
  | 'requires_approval'
  | 'requires_action'
  | 'requires_capture'
  | 'succeeded'
  | 'failed'
  | 'canceled';

export type MoneyState = 'none' | 'held' | 'moved' | 'returned' | 'unknown';

export interface PaymentRequest {
  amount: number;
  currency: string;
  payee: { id: string; name?: string; mcc?: string; country?: string; domain?: string };
  payment_method: string;
  order_reference: string;
  purpose?: string;
  mandate?: string;
  capture_method?: 'automatic' | 'manual';
  reservation?: { participant: string; items: ReservedItem[] };
  /** Earlier payments that look alike and are known to be other purchases. */
  distinct_from?: string[];
  metadata?: Record<string, string>;
}

export interface ReservedItem {
  sku: string;
  quantity: number;
}

export interface Attempt {
  number: number;
  processor: string;
  outcome: string;
  reference: string | null;
  duration_ms: number | null;
}

export interface RouteCandidate {
  processor: string;
  eligible: boolean;
  reason: string;
}

export interface Retry {
  retryable: boolean;
  same_key: boolean;
  after_ms?: number | null;
}

export interface Remedy {
  type: string;
  actor: string;
  patch?: { op: 'replace' | 'add' | 'remove'; path: string; value?: unknown }[];
  until?: string;
}

export interface Failure {
  code: string;
  category: string;
  retry: Retry;
  remedies: Remedy[];
  decline?: { code: string; category: 'soft' | 'hard' };
}

export interface Approval {
  status: string;
  reasons: { source: 'policy' | 'mandate' | 'fraud'; rule: string; detail: string }[];
  fingerprint: string;
  expires_at: string;
}

export interface Reservation {
  participant: string;
  status: string;
  reference: string | null;
}

export interface Refund {
  object: 'refund';
  id: string;
  payment_intent: string;
  amount: number;
  currency: string;
  /** `processing` and `unknown` while the processor has not answered. */
  status: 'processing' | 'unknown' | 'pending' | 'succeeded' | 'failed';
  reason: string;
  reference: string | null;
  failure: { code: string } | null;
  created_at: string;
}

export interface PaymentIntent {
  object: 'payment_intent';
  id: string;
  status: PaymentStatus;
  money_state: MoneyState;
  amount: number;
  currency: string;
  amount_authorized: number;
  amount_captured: number;
  amount_refunded: number;
  agent: string;
  mandate: string | null;
  payee: { id: string };
  order_reference: string;
  payment_method: string;
  quote: string | null;
  processor: string | null;
  attempts: Attempt[];
  decision: {
    policy: string;
    bundle: string;
    determining: string[];
    fraud_score: number;
    fraud_verdict: string;
    route: RouteCandidate[];
  };
  approval: Approval | null;
  reservation: Reservation | null;
  refunds: Refund[];
  disputes: { id: string; status: string; amount: number; currency: string; reason: string }[];
  failure: Failure | null;
  next_action: { actor: string; type: string; url?: string; poll_after_ms?: number } | null;
  created_at: string;
  concluded_at: string | null;
  revision: number;
}

export interface Violation {
  pointer: string;
  rule: string;
  limit?: number;
  used?: number;
  held?: number;
  requested?: number;
  remaining?: number;
  resets_at?: string | null;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  category: string;
  detail: string;
  instance: string;
  money_state?: MoneyState;
  retry: Retry;
  violations?: Violation[];
  remedies?: Remedy[];
  payment_intent?: string | null;
  trace_id: string;
}

export interface PaymentMethod {
  object: 'payment_method';
  id: string;
  status: 'active' | 'erased';
  card: { brand: string; last4: string; exp_month: number; exp_year: number } | null;
  agent: string | null;
  created_at: string;
  erased_at: string | null;
}

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

/** CloudEvents 1.0. */
export interface WorldEvent {
  specversion: string;
  id: string;
  source: string;
  type: string;
  subject: string;
  time: string;
  datacontenttype: string;
  sequence: number;
  data: Record<string, unknown>;
}

export interface StreamEvent {
  id: string;
  type: string;
  revision: number;
  position: number;
  recorded_at: string;
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

export interface ExplainedRule {
  source: string;
  rule: string;
  result: string;
}

export interface Explanation {
  object: 'explanation';
  payment_intent: string;
  outcome: string;
  rules: ExplainedRule[];
  sentences: string[];
}

/** Debit positive, credit negative, in minor units. */
export interface LedgerEntry {
  object: 'ledger_entry';
  id: string;
  payment_intent: string;
  account: string;
  amount: number;
  currency: string;
  posted_at: string;
}

export interface LedgerAccount {
  account: string;
  currency: string;
  balance: number;
}

export interface ProcessorHealth {
  name: string;
  breaker: 'closed' | 'open' | 'half_open';
}

export interface Operation {
  method: string;
  path: string;
  status: number | null;
  resource: string | null;
  concluded_at: string | null;
}

export interface MandateRequest {
  agent: string;
  valid_from?: string;
  valid_until?: string;
  limits: {
    per_payment?: Record<string, number>;
    windows?: {
      name: string;
      calendar?: string;
      rolling?: string;
      timezone?: string;
      amount?: Record<string, number>;
      count?: number;
    }[];
    lifetime?: Record<string, number>;
  };
  payees?: { allow?: string[]; deny?: string[] };
  /** Payments above this, in minor units per currency, need a human to agree. */
  approval?: { above: Record<string, number> };
  velocity?: { default: boolean };
}

export interface Mandate extends MandateRequest {
  id: string;
  status: string;
}

export interface CreatedAgent {
  id: string;
  key: string;
}

export interface Credentials {
  base_url: string;
  tenant: string;
  agent: { id: string; key: string; mandate: string };
  operator: { key: string };
  approver: { key: string };
  auditor: { key: string };
}
