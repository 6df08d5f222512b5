import { type Decider, type Decision, accepted, refused } from '../shared/decider.js';
import { toEpochMs, toRfc3339 } from '../shared/time.js';
import type { PurchaseEvent } from './purchase.events.js';

/** How long a claim is in the way of another one, unless a deployment says otherwise. */
export const PURCHASE_WINDOW_MS = 86_400_000;

export type PurchaseCommand = { intent: string; nowMs: number } & (
  | {
      type: 'ClaimPurchase';
      agent: string;
      /** Intents that the request knows and says are other purchases: `pi_…`, or the id alone. */
      distinctFrom: readonly string[];
      windowMs: number;
    }
  | { type: 'FreePurchase' }
);

/** Changed in place by `evolve`. Nothing is ever forgotten: a claim that comes again is answered as before. */
export interface PurchaseState {
  /** Claims that were not freed, by intent. */
  claims: Map<string, { agent: string; atMs: number }>;
  freed: Set<string>;
}

/** A claim in the way of another one. */
export interface EarlierClaim {
  intent: string;
  agent: string;
  /** RFC 3339: from then on it is not in the way any more. */
  until: string;
}

export type PurchaseRefusal = 'possible_duplicate' | 'invalid_transition';
/** Newest first. */
type Details = { earlier: readonly EarlierClaim[] };
type PurchaseDecision = Decision<PurchaseEvent, PurchaseRefusal, Details>;
type Claim = Extract<PurchaseCommand, { type: 'ClaimPurchase' }>;

/** The duplicate guard: the same purchase under another key is claimed once per window, unless it is called distinct. */
export const purchaseDecider: Decider<
  PurchaseCommand,
  PurchaseEvent,
  PurchaseState,
  PurchaseRefusal,
  Details
> = {
  initial: () => ({ claims: new Map(), freed: new Set() }),
  decide: (command, state) => {
    switch (command.type) {
      case 'ClaimPurchase':
        return claim(command, state);
      case 'FreePurchase': {
        const { intent, nowMs } = command;
        if (state.freed.has(intent)) return accepted();
        return accepted<PurchaseEvent>({
          type: 'PurchaseFreed',
          data: { intent, at: toRfc3339(nowMs) },
        });
      }
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'PurchaseClaimed': {
        const { intent, agent, at } = event.data;
        state.claims.set(intent, { agent, atMs: toEpochMs(at) });
        return state;
      }
      case 'PurchaseFreed':
        state.claims.delete(event.data.intent);
        state.freed.add(event.data.intent);
        return state;
      default:
        return state;
    }
  },
};

function claim(command: Claim, state: PurchaseState): PurchaseDecision {
  const { intent, agent, nowMs } = command;
  if (state.claims.has(intent)) return accepted();
  if (state.freed.has(intent)) return refused('invalid_transition', { earlier: [] });
  const earlier = claimsInTheWay(command, state);
  if (earlier.length > 0) return refused('possible_duplicate', { earlier });
  return accepted<PurchaseEvent>({
    type: 'PurchaseClaimed',
    data: { intent, agent, at: toRfc3339(nowMs) },
  });
}

function claimsInTheWay(
  { distinctFrom, windowMs, nowMs }: Claim,
  { claims }: PurchaseState,
): EarlierClaim[] {
  const known = new Set(distinctFrom.map((intent) => intent.replace(/^pi_/, '')));
  return [...claims]
    .filter(([intent, { atMs }]) => nowMs < atMs + windowMs && !known.has(intent))
    .reverse()
    .sort(([, left], [, right]) => right.atMs - left.atMs)
    .map(([intent, { agent, atMs }]) => ({ intent, agent, until: toRfc3339(atMs + windowMs) }));
}
