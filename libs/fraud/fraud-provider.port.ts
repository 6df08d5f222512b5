/** What a provider is told about a payment. No card data: `paymentMethod` is a token. */
export interface FraudRequest {
  stage: 'authorization' | 'capture';
  tenant: string;
  agent: string;
  payee: { id: string; mcc?: string; country?: string };
  /** Integer, minor units of `currency`. */
  amountMinor: number;
  currency: string;
  paymentMethod: string;
  /** RFC 3339, UTC. */
  now: string;
  /** The agent's payments before this one, whatever became of them. */
  activity: {
    countLastMinute: number;
    countLastHour: number;
    countLastDay: number;
    /** In `currency`; other currencies are not counted. */
    amountLastDayMinor: number;
  };
  /** Whether the mandate wants velocity to be judged; without it velocity is only reported. */
  velocityRules: boolean;
}

/** What a provider is told about a card that somebody wants to pay with later. */
export interface CardFraudRequest {
  stage: 'tokenization';
  tenant: string;
  /** Null: an operator brings it. */
  agent: string | null;
  /** RFC 3339, UTC. */
  now: string;
  /** Different cards that the same one brought, this one included, and declines of payments with them. */
  activity: {
    cardsLast10Minutes: number;
    cardsLastHour: number;
    cardsLastDay: number;
    declinesLastHour: number;
    declinesLastDay: number;
  };
}

/** One rule a provider looked at, matched or not. */
export interface FraudSignal {
  /** snake_case. */
  rule: string;
  observed: number;
  threshold: number;
  /** Points this rule added to the score. */
  contribution: number;
  matched: boolean;
}

export interface FraudVerdict {
  provider: string;
  version: string;
  /** `review` means: a human has to agree first. */
  verdict: 'allow' | 'review' | 'block';
  /** What a `review` or `block` is about; an `allow` says `fraud`. */
  reason: 'fraud' | 'velocity';
  /** Integer from 0 (harmless) to 100. */
  score: number;
  signals: FraudSignal[];
  /** Present when the provider gave no usable verdict and the fail mode decided: `open` allowed, `closed` blocked. */
  failMode?: 'open' | 'closed';
  /** Why the fail mode had to decide. */
  error?: string;
}

/** Rates the risk of a payment, or of a card. May throw, hang or answer nonsense: it is only ever called through `FraudScreen`. */
export abstract class FraudProvider {
  abstract readonly name: string;
  /** Of the rules or the model, for the audit. */
  abstract readonly version: string;
  /** `signal` aborts when the time limit has passed; the answer is of no interest any more. */
  abstract screen(
    request: FraudRequest | CardFraudRequest,
    signal: AbortSignal,
  ): Promise<FraudVerdict>;
}
