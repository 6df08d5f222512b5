import type { QuoteRequest } from './quote.dto.js';
import type {
  AttemptFacts,
  BooksWindow,
  CallFacts,
  CardFacts,
  CardScreening,
  Difference,
  DifferenceKind,
  FraudScreening,
  JsonRecord,
  LimitFigures,
  MandateCheck,
  MandateTerms,
  MoneyOperation,
  Orphan,
  OurRecord,
  Outcome,
  PaymentIntentCommand,
  PrepareOutcome,
  ProcessorFacts,
  ProcessorNotice,
  ReconciliationSummary,
  RateEvidence,
  RefundOutcome,
  ReservationCall,
  ReservationOperation,
  ReservationOutcome,
  WebhookDuties,
  WebhookTry,
} from '#domain';

/** Who asks, as the credential says. */
export interface Principal {
  tenant: string;
  role: 'agent' | 'operator' | 'approver' | 'auditor';
  /** `agt_…` for an agent; the key id for people. */
  id: string;
  /** Id of the key it came with; empty where its connection says who it is. */
  key: string;
}

/** An answer for the edge to send as it is: status and exact bytes. */
export interface Answer {
  status: number;
  body: string;
  /** `application/problem+json` from status 400 on. */
  headers: Record<string, string>;
}

/** What every command of a caller carries. */
export interface Call {
  principal: Principal;
  /** Path and idempotency key as given (quotes removed). */
  path: string;
  idempotencyKey: string;
  /** The validated JSON of the request. */
  request: JsonRecord;
  /** 32 hex digits, W3C trace context. */
  traceId: string;
}

/** Internal commands derive their ids from the event that caused them, so that a repeat is the same command. */
export interface Caused {
  commandId: string;
  causationId: string;
  correlationId: string;
  tenant: string;
  /** W3C trace context of the request that started it all. */
  traceparent: string | null;
}

/** What the write side knows better than whoever asks. */
type Told<T> = T extends unknown ? Omit<T, 'nowMs' | 'authority'> : never;

/** Whose money a payment takes, and under which mandate. */
export interface Payer {
  tenant: string;
  agent: string;
  mandate: string | null;
}

/** A list page of rows that are already in wire format. */
export interface Page {
  data: JsonRecord[];
  next_cursor: string | null;
}

export interface PageRequest {
  tenant: string;
  limit: number;
  cursor: string | null;
}

/** Everything that is asked on the bus, by subject. */
export type Messages = {
  'commands.payment_intent.create': {
    request: Call & { mandate: string | null; waitMs: number };
    reply: Answer;
  };
  /** What a person or an agent wants done about a payment. `id`: `pi_…`. */
  'commands.payment_intent.operate': {
    request: Call & { id: string; waitMs: number; operation: PaymentOperation };
    reply: Answer;
  };
  /** From sagas and connectors: what happened outside, or what was decided about it. */
  'commands.payment_intent.tell': {
    request: Caused & {
      id: string;
      command: Told<PaymentIntentCommand>;
      /** Named with what may begin to take money: whether the payer still may is looked up, not told. */
      payer?: Payer;
    };
    reply: { ok: boolean; code: string | null; revision: number };
  };
  /** `purchase`: the id of its stream. */
  'commands.purchase.claim': {
    request: Caused & {
      purchase: string;
      intent: string;
      agent: string;
      distinctFrom: readonly string[];
    };
    reply: { claimed: boolean; code: string | null; earlier: EarlierClaim[] };
  };
  'commands.purchase.free': {
    request: Caused & { purchase: string; intent: string };
    reply: { ok: boolean };
  };
  /**
   * Reserves in the mandate and in every one above it, or in none. Asked again for the same intent it keeps what is reserved and
   * judges anew, but for the limits: then something may be held though it is refused, until it is settled. A check that
   * `asked` wants a human; rules of the mandates above begin with `parent.`.
   */
  'commands.mandate.reserve': {
    request: Caused & {
      mandate: string;
      agent: string;
      intent: string;
      amountMinor: number;
      currency: string;
      payee: { id: string; mcc: string | null };
    };
    reply: {
      decision: 'reserved' | 'refused';
      code: string | null;
      checks: MandateCheck[];
    };
  };
  /** Commits what was spent, or releases when it is nothing, in the mandate and in every one above it. Never refused. */
  'commands.mandate.settle': {
    request: Caused & { mandate: string; intent: string; spentMinor: number };
    reply: { ok: boolean };
  };
  'commands.mandate.grant': { request: Call & { terms: MandateTerms }; reply: Answer };
  'commands.mandate.revoke': { request: Call & { mandate: string }; reply: Answer };
  'commands.agent.register': { request: Call & { name: string }; reply: Answer };
  'commands.agent.issue_key': { request: Call & { agent: string }; reply: Answer };
  'commands.agent.revoke_key': { request: Call & { agent: string; key: string }; reply: Answer };
  'commands.agent.suspend': { request: Call & { agent: string }; reply: Answer };
  'commands.agent.resume': { request: Call & { agent: string }; reply: Answer };
  /** Idempotent by name. The keys are derived, so they come out the same each time. */
  'commands.tenant.create': {
    request: { name: string };
    reply: {
      tenant: string;
      operator: { key: string };
      approver: { key: string };
      auditor: { key: string };
    };
  };
  /**
   * What a card was exchanged for under this key, or the refusal of another card under it; null when the key is new. The request
   * is `{ card }`, the mark of number and expiry under a key of the vault. `paymentMethod`: the id that the call derives, `pm_…`.
   */
  'commands.payment_method.recall': {
    request: Call & { paymentMethod: string };
    reply: Answer | null;
  };
  /** The card is in the vault, or was refused by the screen. Nothing of it is in the message but what a token shows. */
  'commands.payment_method.tokenize': {
    request: Call & { paymentMethod: string; card: CardFacts; screening: CardScreening };
    reply: Answer;
  };
  /** `id`: `pm_…`. Asked again it answers the same. */
  'commands.payment_method.erase': {
    request: Pick<Call, 'principal' | 'path' | 'traceId'> & { id: string };
    reply: Answer;
  };
  /** What was quoted under this key, or the refusal of another request under it; null when the key is new. `quote`: the id that the call derives, `qt_…`. */
  'commands.quote.recall': { request: Call & { quote: string }; reply: Answer | null };
  /** `rate`: of what the request converts. */
  'commands.quote.issue': { request: Call & { quote: string; rate: RateEvidence }; reply: Answer };
  /** On record when it is answered; the same notice is recorded once. */
  'commands.processor_notice.receive': {
    request: { processor: string; notice: ProcessorNotice };
    reply: { ok: boolean };
  };
  /** Money that no payment knows of. */
  'commands.processor_account.report_orphan': {
    request: Caused & { processor: string; orphan: Orphan };
    reply: { ok: boolean };
  };
  'commands.parked.park': {
    request: Caused & {
      event: string;
      eventType: string;
      stream: string;
      position: number;
      error: string;
      tries: number;
    };
    reply: { ok: boolean };
  };
  'commands.parked.resolve': { request: Caused & { event: string }; reply: { ok: boolean } };
  /** `id`: `pi_…` of a parked payment, or the id of a parked delivery. */
  'commands.parked.retry': { request: Call & { id: string }; reply: Answer };
  /** `agent`: whose payments the endpoint hears of; null: those of the whole tenant. */
  'commands.webhook_endpoint.register': {
    request: Call & { agent: string | null; url: string; description: string | null };
    reply: Answer;
  };
  /** `id`: `whe_…`; `agent`: whose endpoints may be meant; null: anybody's of the tenant. */
  'commands.webhook_endpoint.operate': {
    request: Call & { id: string; agent: string | null; operation: WebhookOperation };
    reply: Answer;
  };
  /**
   * Records what came of tries, if there were any, and says what is to be done next: at most 32 that are to be tried again.
   * Null: there is no such endpoint, or it was deleted.
   */
  'commands.webhook_endpoint.record': {
    request: Caused & { id: string; upTo: number | null; tries: Omit<WebhookTry, 'spread'>[] };
    reply: WebhookDuties | null;
  };
  /**
   * Where to, and the value of `webhook-signature` for this message. `timestamp`: Unix seconds. Null: the endpoint is not enabled.
   */
  'commands.webhook_endpoint.sign': {
    request: { id: string; event: string; timestamp: number; body: string };
    reply: { url: string; signature: string } | null;
  };

  /** What a comparison of the books came to; recorded once for each time that was compared. */
  'commands.processor_account.record': {
    request: Caused & { processor: string; summary: ReconciliationSummary };
    reply: { ok: boolean };
  };

  'effects.processors.facts': { request: Record<string, never>; reply: ProcessorFacts[] };
  'effects.processors.call': {
    request: ProcessorCall;
    reply: { outcome: Outcome | PrepareOutcome | RefundOutcome; durationMs: number };
  };
  'effects.reservations.call': {
    request: { operation: ReservationOperation; call: ReservationCall };
    reply: { outcome: ReservationOutcome; durationMs: number };
  };
  /** Destroys what the vault keeps of a card. Asked again it does nothing. */
  'effects.vault.erase': {
    request: { tenant: string; paymentMethod: string };
    reply: { ok: boolean };
  };
  /** Health and breakers, in wire format. */
  'effects.processors.health': { request: Record<string, never>; reply: JsonRecord[] };
  /**
   * Compares our books with the processor's, of what began in the window; changes nothing. `tenant`: whose differences are shown,
   * besides those of nobody; null: everybody's. Null: there is no such processor.
   */
  'effects.reconciliation.run': {
    request: { processor: string; window: BooksWindow; tenant: string | null; limit: number };
    reply: Reconciliation | null;
  };
  /** Finds a rate and has the quote issued. */
  'effects.rates.quote': { request: Call & { request: QuoteRequest & JsonRecord }; reply: Answer };
  'effects.fraud.screen': { request: FraudQuestion; reply: FraudScreening };
  /** Whether events may be sent there. Null: they may. */
  'effects.webhooks.check': {
    request: { url: string };
    reply: { rule: string; detail: string } | null;
  };
  /** Sends an event once. `status`: of HTTP; null when there was no answer. Null: the endpoint is not enabled, nothing was sent. */
  'effects.webhooks.deliver': {
    request: { endpoint: string; event: string; body: string };
    reply: { status: number | null; evidence: string | null; durationMs: number } | null;
  };

  /** Null: no such key, a wrong secret, or a revoked key. */
  'queries.access.authenticate': {
    request: { key: string; hash: string };
    reply: {
      principal: Principal;
      agent: { status: 'active' | 'suspended'; mandates: string[] } | null;
    } | null;
  };
  /** An agent that a connection stands for, without a key. Null: the tenant has no such agent. */
  'queries.access.identify': {
    request: { tenant: string; agent: string };
    reply: Messages['queries.access.authenticate']['reply'];
  };
  'queries.agent.standing': {
    request: { tenant: string; agent: string; mandate: string | null; currency: string };
    reply: {
      name: string;
      status: 'active' | 'suspended';
      activity: AgentActivity;
      /** Whether the mandate asks for velocity rules. */
      velocityRules: boolean;
      /** Revoked: it, or a mandate above it. Null: none was named, or there is none of that name. */
      mandate: 'active' | 'revoked' | null;
    } | null;
  };
  /** Whether the attempt's operation is still open, straight from the stream. */
  'queries.payment_intent.pending': {
    /** `refund`: which refund is meant; null for the attempt's own operation. */
    request: { id: string; refund: string | null };
    reply: AttemptFacts | null;
  };
  /** Whether the payment ended and left no money moved, straight from the stream. */
  'queries.payment_intent.ended_without_money': { request: { id: string }; reply: boolean };
  /** Whose charge it is, by our key of it or of its refund, or by the processor's name for it. Null: nobody's. */
  'queries.charges.payment': {
    request: { processor: string; key: string | null; reference: string | null };
    reply: { id: string; tenant: string } | null;
  };
  'queries.payment_intent.get': {
    request: { tenant: string; agent: string | null; id: string };
    reply: JsonRecord | null;
  };
  'queries.payment_intent.list': {
    request: PageRequest & {
      agent: string | null;
      status: string | null;
      payee: string | null;
      createdAfter: string | null;
      createdBefore: string | null;
    };
    reply: Page;
  };
  /** `{ data, next_cursor }`: the cursor is the revision that the next page begins with, as text. */
  'queries.payment_intent.events': {
    request: {
      tenant: string;
      id: string;
      fromRevision: number;
      asOf: string | null;
      limit: number;
    };
    reply: JsonRecord | null;
  };
  'queries.payment_intent.explanation': {
    request: { tenant: string; agent: string | null; id: string };
    reply: JsonRecord | null;
  };
  /** `agent`: null for people, who see all of their tenant. */
  'queries.payment_method.get': {
    request: { tenant: string; agent: string | null; id: string };
    reply: JsonRecord | null;
  };
  'queries.payment_method.list': {
    request: PageRequest & { agent: string | null };
    reply: Page;
  };
  /** `agent`: null for people, who see all of their tenant. */
  'queries.quote.get': {
    request: { tenant: string; agent: string | null; id: string };
    reply: JsonRecord | null;
  };
  /** What became of the requests under one idempotency key. `keyHash`: see `operationKeyHash`. */
  'queries.operations': { request: { tenant: string; keyHash: string }; reply: Page };
  'queries.authority': {
    request: { tenant: string; agent: string };
    reply: { mandate: string; status: string; limits: LimitFigures[] }[];
  };
  /** What the world is told, oldest first. `agent`: null for people; `after`: the id of an event, `evt_…`. */
  'queries.events': {
    request: { tenant: string; agent: string | null; after: string | null; limit: number };
    reply: Page;
  };
  'queries.ledger.entries': {
    request: PageRequest & { paymentIntent: string | null; account: string | null };
    reply: Page;
  };
  'queries.ledger.accounts': { request: PageRequest; reply: Page };
  /** What began at a processor in the window, whoever's it is, a page at a time. */
  'queries.reconciliation.records': {
    request: { processor: string; window: BooksWindow; cursor: string | null; limit: number };
    reply: { records: OurRecord[]; next: string | null };
  };
  /** The same by our keys and the processor's names, whenever it began. */
  'queries.reconciliation.find': {
    request: { processor: string; keys: string[]; references: string[] };
    reply: OurRecord[];
  };
  /** Up to when a processor's books were compared, and when the first attempt there began; null for never. */
  'queries.reconciliation.reached': {
    request: { processor: string };
    reply: { reachedMs: number | null; sinceMs: number | null };
  };
  'queries.parked': { request: PageRequest; reply: Page };
  /** `agent`: whose endpoints may be seen; null: anybody's of the tenant. So for the next four. */
  'queries.webhook_endpoints.list': {
    request: PageRequest & { agent: string | null };
    reply: Page;
  };
  'queries.webhook_endpoints.get': {
    request: { tenant: string; agent: string | null; id: string };
    reply: JsonRecord | null;
  };
  /** What was tried, the newest first. Null: there is no such endpoint. */
  'queries.webhook_endpoints.deliveries': {
    request: PageRequest & { agent: string | null; id: string };
    reply: Page | null;
  };
  /** `known`: whether this very endpoint was ever registered; `count`: of those that hear of the same payments. */
  'queries.webhook_endpoints.admission': {
    request: { tenant: string; agent: string | null; id: string };
    reply: { known: boolean; count: number };
  };
  /** Every endpoint of everybody that is enabled, by id, after this one. */
  'queries.webhook_endpoints.enabled': {
    request: { after: string; limit: number };
    reply: WebhookAudience[];
  };
  /**
   * What happened after a position of the log, as soon as there is something, or after `waitMs`: whose payments have events, and
   * which endpoints changed. `after` null: only how far the log is.
   */
  'queries.webhook_endpoints.news': {
    request: { after: number | null; waitMs: number };
    reply: {
      position: number;
      told: { tenant: string; agent: string }[];
      changed: (WebhookAudience & { enabled: boolean })[];
    };
  };
  /** What an endpoint is to hear of after a position, in order. Null: everything since it was registered. */
  'queries.webhook_endpoints.feed': {
    request: { id: string; after: number | null; limit: number };
    reply: WebhookMessage[];
  };
  /** Some of what an endpoint may hear of, by the events' ids; what it may not is left out. */
  'queries.webhook_endpoints.told': {
    request: { id: string; events: string[] };
    reply: WebhookMessage[];
  };
};

/** What a comparison of the books came to. */
export interface Reconciliation {
  processor: string;
  window: BooksWindow;
  /** What the processor listed is as it was then. */
  asOfMs: number;
  /** Why the processor's books could not be read to the end: then nothing was compared. */
  failure: string | null;
  /** How many records of ours were compared, and of theirs, which are not counted for one tenant. */
  ours: number;
  theirs: number | null;
  counts: Partial<Record<DifferenceKind, number>>;
  /** Differences that do not end by themselves. */
  unexpected: number;
  /** As many as were asked for, the unexpected ones first. */
  differences: Difference[];
}

/** An endpoint, and whose payments it hears of. */
export interface WebhookAudience {
  id: string;
  tenant: string;
  /** Null: everybody's of the tenant. */
  agent: string | null;
}

/** An event, as it is sent. */
export interface WebhookMessage {
  /** `evt_…` */
  id: string;
  position: number;
  /** `pi_…` */
  payment: string;
  body: string;
}

/** `position`: of the event, in the log. */
export type WebhookOperation =
  | { kind: 'rotate_secret' }
  | { kind: 'enable' }
  | { kind: 'disable' }
  | { kind: 'delete' }
  | { kind: 'resend'; event: string; position: number };

/** A claim that is in the way of another one: whose it is, and until when. */
export interface EarlierClaim {
  intent: string;
  agent: string;
  /** RFC 3339. */
  until: string;
}

/** Amounts: null for all that is left. */
export type PaymentOperation =
  | { kind: 'capture'; amountMinor: number | null; activeMandates: string[] }
  | { kind: 'cancel' }
  | { kind: 'refund'; amountMinor: number | null; reason: string }
  | { kind: 'approve'; fingerprint: string | null }
  | { kind: 'deny'; reason: string | null };

export type ProcessorCall = {
  /** The intent's id and the attempt's number: where a late answer belongs. */
  intent: string;
  number: number;
  operation: 'prepare' | 'authorize' | 'capture' | 'void' | 'refund' | 'fence' | 'look_up';
  /** Which operation's outcome is asked for. */
  about: MoneyOperation;
  /** Which refund it is about; null when it is about none. */
  refund: string | null;
  /** Whether this operation may have been sent before: then "not executed" proves nothing, and no breaker holds it back. */
  resend: boolean;
  order: CallFacts;
  cause: Omit<Caused, 'commandId'>;
};

/** What the agent did lately in this currency, for velocity rules. */
export interface AgentActivity {
  countLastMinute: number;
  countLastHour: number;
  countLastDay: number;
  amountLastDayMinor: number;
}

export interface FraudQuestion {
  stage: 'authorization' | 'capture';
  tenant: string;
  agent: string;
  payee: { id: string; mcc?: string; country?: string };
  amountMinor: number;
  currency: string;
  paymentMethod: string;
  activity: AgentActivity;
  velocityRules: boolean;
}
