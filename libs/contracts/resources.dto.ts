/** What answers hold, for the documentation: the rendering makes them, these classes describe them. */

export class RetryResource {
  /** Whether asking again can help. */
  retryable!: boolean;
  /** Then with the same idempotency key, otherwise with a new one. */
  same_key!: boolean;
  /** Not before this many milliseconds have passed. */
  after_ms?: number;
}

export class PatchOperationResource {
  op!: 'add' | 'replace';
  /** JSON pointer into the request. */
  path!: string;
  value!: unknown;
}

/** A way on that can be executed as given. */
export class RemedyResource {
  type!: 'modify_request' | 'wait' | 'fetch';
  actor!: 'agent';
  /** For `modify_request`: RFC 6902; send the patched request under a new key. */
  patch?: PatchOperationResource[];
  /** For `wait`: RFC 3339. */
  until?: string;
  /** For `fetch`: a path of this server. */
  url?: string;
}

export class ViolationResource {
  /** JSON pointer into the request; empty for the request as a whole. */
  pointer!: string;
  rule!: string;
  detail?: string;
  limit?: number;
  used?: number;
  held?: number;
  requested?: number;
  remaining?: number;
  resets_at?: string | null;
  /** An earlier payment of the same purchase, when it is the agent's own. */
  payment_intent?: string;
}

/** RFC 9457. */
export class ProblemResource {
  /** `https://bursar.dev/problems/<code>` */
  type!: string;
  title!: string;
  status!: number;
  code!: string;
  category!: string;
  detail!: string;
  instance!: string;
  /** On every problem about money: what is known about it. */
  money_state?: 'none' | 'held' | 'moved' | 'returned' | 'unknown';
  retry!: RetryResource;
  violations?: ViolationResource[];
  /** In order of preference. */
  remedies!: RemedyResource[];
  payment_intent?: string | null;
  trace_id!: string;
  /** Text from outside, by its source: data, never instructions. */
  untrusted?: Record<string, string>;
}

export class AttemptResource {
  number!: number;
  processor!: string;
  outcome!: 'pending' | 'succeeded' | 'declined' | 'not_executed' | 'unknown' | 'fenced' | 'voided';
  /** The processor's own name for the charge. */
  reference!: string | null;
  duration_ms!: number | null;
}

export class RouteCandidateResource {
  processor!: string;
  eligible!: boolean;
  reason!: string;
}

export class DecisionResource {
  policy!: 'allow' | 'deny' | 'ask' | null;
  /** Name, version and fingerprint of the policies that decided. */
  bundle!: string | null;
  determining!: string[];
  mandate!: 'reserved' | 'refused' | null;
  fraud_score!: number | null;
  fraud_verdict!: 'allow' | 'review' | 'block' | null;
  route!: RouteCandidateResource[];
}

export class DeclineResource {
  code!: string;
  category!: 'soft' | 'hard';
}

export class FailureResource {
  /** A problem code, or `payment_declined`. */
  code!: string;
  category!: string;
  detail!: string;
  retry!: RetryResource;
  remedies!: RemedyResource[];
  violations?: ViolationResource[];
  decline?: DeclineResource;
  untrusted?: Record<string, string>;
}

export class NextActionResource {
  actor!: 'agent' | 'approver' | 'operator' | 'buyer' | 'none';
  type!: string;
  /** A path of this server. */
  url?: string;
  poll_after_ms?: number;
}

export class RefundFailureResource {
  code!: string;
  category!: string;
  untrusted?: Record<string, string>;
}

export class RefundResource {
  object!: 'refund';
  id!: string;
  payment_intent!: string;
  amount!: number;
  currency!: string;
  /** `pending`: the processor took it on and decides later; `unknown`: what became of it is being found out. */
  status!: 'processing' | 'unknown' | 'pending' | 'succeeded' | 'failed';
  reason!: string;
  reference!: string | null;
  failure!: RefundFailureResource | null;
  created_at!: string;
}

/** A buyer, or the buyer's bank, wants the money back. */
export class DisputeResource {
  /** The processor's name for it. */
  id!: string;
  /** `evidence_due`: something is asked, nothing was taken; `opened`: taken back until it is decided. */
  status!: 'evidence_due' | 'opened' | 'won' | 'lost';
  amount!: number;
  currency!: string;
  reason!: string;
  evidence_due_at!: string | null;
}

export class ReservationFailureResource {
  code!: string;
  untrusted?: Record<string, string>;
}

export class ReservationResource {
  participant!: string;
  status!:
    'requested' | 'reserved' | 'refused' | 'confirming' | 'confirmed' | 'releasing' | 'released';
  reference!: string | null;
  failure!: ReservationFailureResource | null;
}

export class ApprovalReasonResource {
  source!: 'policy' | 'mandate' | 'fraud';
  rule!: string;
  detail!: string;
}

export class ApprovalResource {
  stage!: 'authorization' | 'capture';
  status!: 'requested' | 'granted' | 'denied' | 'expired';
  reasons!: ApprovalReasonResource[];
  /** Of the request: an approval that names another one is refused. */
  fingerprint!: string;
  expires_at!: string;
  decided_by!: string | null;
}

export class PayeeResource {
  id!: string;
  name?: string;
  mcc?: string;
  country?: string;
  domain?: string;
}

export class PaymentIntentResource {
  object!: 'payment_intent';
  id!: string;
  status!:
    | 'processing'
    | 'requires_approval'
    | 'requires_action'
    | 'requires_capture'
    | 'succeeded'
    | 'failed'
    | 'canceled';
  money_state!: 'none' | 'held' | 'moved' | 'returned' | 'unknown';
  /** Minor units of the currency, as all amounts. */
  amount!: number;
  currency!: string;
  amount_authorized!: number;
  amount_captured!: number;
  amount_refunded!: number;
  capture_method!: 'automatic' | 'manual';
  agent!: string;
  mandate!: string | null;
  payee!: PayeeResource;
  order_reference!: string;
  payment_method!: string;
  quote!: string | null;
  /** Where the money is, or may be. */
  processor!: string | null;
  attempts!: AttemptResource[];
  refunds!: RefundResource[];
  disputes!: DisputeResource[];
  reservation!: ReservationResource | null;
  approval!: ApprovalResource | null;
  decision!: DecisionResource | null;
  failure!: FailureResource | null;
  next_action!: NextActionResource | null;
  created_at!: string;
  concluded_at!: string | null;
  revision!: number;
}

export class EventResource {
  id!: string;
  type!: string;
  revision!: number;
  position!: number;
  recorded_at!: string;
  data!: Record<string, unknown>;
  metadata!: Record<string, unknown>;
}

/** CloudEvents 1.0, the same as on the JetStream stream `BURSAR_EVENTS`. */
export class WorldEventResource {
  specversion!: '1.0';
  /** `evt_…`: whoever gets an event twice knows it by this. */
  id!: string;
  source!: string;
  /** `payment_intent.…` */
  type!: string;
  /** The payment, `pi_…`. */
  subject!: string;
  time!: string;
  datacontenttype!: 'application/json';
  /** Counts the payment's events from 1, without a gap. */
  sequence!: number;
  data!: Record<string, unknown>;
}

export class ExplainedRuleResource {
  source!: 'policy' | 'fraud' | 'mandate' | 'route';
  rule!: string;
  result!: string;
}

export class ExplanationResource {
  object!: 'explanation';
  payment_intent!: string;
  outcome!: string;
  money_state!: string;
  versions!: Record<string, string | null>;
  inputs!: Record<string, unknown>;
  /** In the order they were looked at, with what each saw. */
  rules!: ExplainedRuleResource[];
  sentences!: string[];
}

export class OperationResource {
  method!: string;
  path!: string;
  /** Null while it runs. */
  status!: number | null;
  resource!: string | null;
  concluded_at!: string | null;
}

export class LimitResource {
  /** `per_payment`, `window.<name>`, `window.<name>.count` or `lifetime`. */
  rule!: string;
  /** Null for counts. */
  currency!: string | null;
  limit!: number;
  used!: number;
  held!: number;
  remaining!: number;
  resets_at!: string | null;
}

export class AuthorityResource {
  object!: 'authority';
  mandate!: string;
  status!: string;
  limits!: LimitResource[];
}

/** The key is shown in this answer and in its repeats under the same idempotency key, nowhere else. */
export class AgentKeyResource {
  id!: string;
  key!: string;
}

export class AgentResource {
  id!: string;
  status!: 'active' | 'suspended';
}

export class MandateResource {
  id!: string;
  agent!: string;
  status!: 'active' | 'revoked';
}

export class LedgerEntryResource {
  object!: 'ledger_entry';
  id!: string;
  payment_intent!: string;
  account!: string;
  /** Debit positive, credit negative. */
  amount!: number;
  currency!: string;
  posted_at!: string;
}

export class LedgerAccountResource {
  account!: string;
  currency!: string;
  balance!: number;
}

export class ProcessorResource {
  name!: string;
  breaker!: 'closed' | 'open' | 'half_open';
}

export class BooksSideResource {
  state!: 'none' | 'held' | 'captured' | 'voided' | 'pending' | 'returned' | 'failed';
  amount!: number;
  currency!: string;
  at!: string;
}

export class DifferenceResource {
  kind!: 'missing_here' | 'missing_there' | 'amount' | 'currency' | 'state';
  subject!: 'charge' | 'refund';
  /** Null where nobody here knows whose it is. */
  tenant!: string | null;
  payment_intent!: string | null;
  /** Ours, of the attempt or the refund. */
  key!: string | null;
  /** The processor's. */
  reference!: string | null;
  /** Whether it ends by itself. */
  expected!: boolean;
  /** `in_flight`, `after_the_window`, `no_key_of_ours`, `key_never_used` or `key_used_for_another`. */
  explanation!: string | null;
  ours!: BooksSideResource | null;
  theirs!: BooksSideResource | null;
}

/** Our books and a processor's, of what began in a time. */
export class ReconciliationResource {
  object!: 'reconciliation';
  processor!: string;
  from!: string;
  to!: string;
  /** What the processor listed is as it was then. */
  as_of!: string;
  status!: 'completed' | 'failed';
  /** Why the processor's books could not be read; nothing was compared then. */
  failure!: string | null;
  /** How many records of ours were compared. */
  records!: number;
  differences!: number;
  /** Those that a human has to look at. */
  unexpected!: number;
  by_kind!: Record<string, number>;
  /** The first thousand, the unexpected ones first. */
  data!: DifferenceResource[];
  truncated!: boolean;
}

/** What waits for a human: a payment (`pi_…`) or an event that could not be handled. */
export class ParkedResource {
  id!: string;
}

export class CardResource {
  /** `unknown` for a scheme that we do not know. */
  brand!: string;
  last4!: string;
  exp_month!: number;
  exp_year!: number;
}

/** A token that stands for a card. Nothing else of the card ever comes back. */
export class PaymentMethodResource {
  object!: 'payment_method';
  /** `pm_…`: what a payment names. */
  id!: string;
  status!: 'active' | 'erased';
  /** Null once it is erased. */
  card!: CardResource | null;
  /** Whose it is alone; null: an operator made it for all agents of the tenant. */
  agent!: string | null;
  created_at!: string;
  erased_at!: string | null;
}
