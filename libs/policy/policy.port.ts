/** What a policy may look at. Everything it may not look at is left out, card data first of all. */
export interface PolicyInput {
  tenant: string;
  agent: { id: string; name: string };
  mandate: { id: string } | null;
  payee: { id: string; name?: string; mcc?: string; country?: string; domain?: string };
  /** Integer, minor units of `currency`. */
  amountMinor: number;
  currency: string;
  captureMethod: 'automatic' | 'manual';
  purpose?: string;
  /** RFC 3339 in UTC with `Z` and either milliseconds or no fraction, as `toISOString` writes it. */
  now: string;
}

/** One policy of the bundle and whether its conditions held, for the explanation. */
export interface EvaluatedPolicy {
  /** The policy's `@id`. */
  id: string;
  effect: 'permit' | 'forbid';
  /** Only on a forbid: when it matches, a human is asked instead of refusing. */
  ask: boolean;
  /** The policy's `@description`. */
  description: string;
  matched: boolean;
}

/** A JSON value as the evaluation received it, fit to be stored and evaluated again. */
export type PlainJson =
  null | boolean | number | string | PlainJson[] | { [member: string]: PlainJson };

export interface PolicyDecision {
  /** `ask` means: allowed once a human has agreed. */
  decision: 'allow' | 'deny' | 'ask';
  /** `<name>@<version>+<first 12 hex digits of the content's SHA-256>`. */
  bundle: string;
  /**
   * Ids of the policies that decided, in the bundle's order: the permits for `allow`, the matched forbids for `ask`, for
   * `deny` the matched forbids without `@ask` and the policies that could not be evaluated. Empty when nothing permitted.
   */
  determining: string[];
  /** Every policy of the bundle, in its order. */
  evaluated: EvaluatedPolicy[];
  /** Why the evaluation failed, when it did. The decision is then `deny`. */
  errors: string[];
  /** Exactly what the evaluation saw. */
  inputs: { [member: string]: PlainJson };
}

/** Judges payments by one bundle. Synchronous, deterministic, and total: what cannot be evaluated is denied. */
export abstract class PolicyEngine {
  /** The bundle's label, as in `PolicyDecision.bundle`. */
  abstract readonly bundle: string;
  abstract decide(input: PolicyInput): PolicyDecision;
}
