import { type FaultPlan, NO_FAULTS } from './faults.js';
import { Prng } from './prng.js';

/** What one agent wants, and how it behaves. */
export interface Wish {
  readonly name: string;
  readonly atMs: number;
  readonly amount: number;
  readonly token: string;
  readonly mcc: string;
  readonly manual: boolean;
  readonly reserve: string | null;
  /** What follows: each only if the payment got that far. */
  readonly then:
    | 'nothing'
    | 'capture'
    | 'capture_part'
    | 'cancel'
    /** While it may still run. */
    | 'cancel_early'
    | 'refund'
    | 'refund_twice';
  readonly approver: 'approves' | 'denies';
  /** How many send the same request under the same key at once. */
  readonly callers: number;
  /** Whether the agent, or another one, plans the same purchase again under a new key. */
  readonly again: 'never' | 'same_agent' | 'other_agent';
}

export interface Outage {
  readonly server: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Everything about a run that is drawn before it begins. */
export interface Scenario {
  readonly seed: number;
  /** One process, or two that both believe to own everything, over a bus that loses messages. */
  readonly scattered: boolean;
  readonly faults: FaultPlan;
  readonly crashes: readonly { readonly slot: number; readonly after: number }[];
  readonly outages: readonly Outage[];
  readonly wishes: readonly Wish[];
  /** How far the clock of each process is off. */
  readonly skewsMs: readonly number[];
  /** The operator's switch: whose, and when; null: never used. */
  readonly killSwitch: {
    readonly what: 'agent' | 'mandate' | 'team';
    readonly atMs: number;
  } | null;
  readonly healAtMs: number;
  /** How long processors know idempotency keys, and how long the product believes they do. */
  readonly keyLifeMs: number;
  readonly keySafeForMs: number;
  readonly limitMinor: number;
  /** The limit of a mandate above those of both agents; null: there is none. */
  readonly teamLimitMinor: number | null;
  /** Whether processors tell unasked what happened. */
  readonly notices: boolean;
  /** The longest time between two looks at a processor whose breaker is open. */
  readonly probeAfterMaxMs: number;
}

const MINUTE_MS = 60_000;
/** Shorter than real ones, so that an outage that is longer than they live is not mostly waiting. */
const KEY_LIFE_MS = 72 * MINUTE_MS;
const KEY_SAFE_FOR_MS = 60 * MINUTE_MS;
const LONG_OUTAGE_MS = 75 * MINUTE_MS;

export function scenarioOf(seed: number): Scenario {
  const prng = new Prng(seed ^ 0x5ca1ab1e);
  const scattered = prng.chance(0.4);
  const longOutage = prng.chance(0.05);
  const healAtMs = longOutage ? LONG_OUTAGE_MS : 10_000;
  const hasTeam = prng.chance(0.3);
  return {
    seed,
    scattered,
    faults: faultsOf(prng, scattered),
    crashes: crashesOf(prng, scattered),
    outages: outagesOf(prng, longOutage, healAtMs),
    wishes: Array.from({ length: prng.between(1, 4) }, (_, index) => wishOf(prng, index)),
    skewsMs: skewsOf(prng, scattered),
    killSwitch: prng.chance(0.1)
      ? {
          what: prng.pick(['agent', 'mandate', hasTeam ? 'team' : 'mandate']),
          atMs: prng.below(3_000),
        }
      : null,
    healAtMs,
    keyLifeMs: KEY_LIFE_MS,
    keySafeForMs: KEY_SAFE_FOR_MS,
    limitMinor: prng.chance(0.2) ? 6_000 : 100_000,
    teamLimitMinor: hasTeam ? prng.pick([6_000, 9_000, 100_000]) : null,
    notices: prng.chance(0.6),
    // Looking every five seconds all the while would be most of what happens.
    probeAfterMaxMs: longOutage ? MINUTE_MS : 5_000,
  };
}

function faultsOf(prng: Prng, scattered: boolean): FaultPlan {
  if (prng.chance(0.1)) return NO_FAULTS;
  const some = (most: number) => (prng.chance(0.5) ? 0 : (prng.next() / 0x1_0000_0000) * most);
  return {
    appendRefused: some(0.02),
    appendDoubtful: some(0.05),
    requestLost: scattered ? some(0.02) : 0,
    replyLost: scattered ? some(0.02) : 0,
    delivered_twice: scattered ? some(0.1) : 0,
    httpRefused: some(0.1),
    httpRequestLost: some(0.1),
    httpAnswerLost: some(0.15),
    http500Before: some(0.1),
    http500After: some(0.1),
    httpGarbled: some(0.1),
    slow: some(0.2),
    slowMs: 8_000,
    noticeLost: some(0.5),
    noticeTwice: some(0.5),
  };
}

/** Usually a few milliseconds; at times as much as a machine whose clock nobody sets. */
function skewsOf(prng: Prng, scattered: boolean): number[] {
  const most = !scattered ? 0 : prng.chance(0.2) ? 5 * MINUTE_MS : 50;
  return [prng.between(-most, most), prng.between(-most, most)];
}

function crashesOf(prng: Prng, scattered: boolean): Scenario['crashes'] {
  if (prng.chance(0.4)) return [];
  return Array.from({ length: prng.between(1, 3) }, () => ({
    slot: scattered ? prng.below(2) : 0,
    after: prng.between(1, 250),
  }));
}

function outagesOf(prng: Prng, long: boolean, healAtMs: number): Outage[] {
  const outages: Outage[] = [];
  if (long) outages.push({ server: 'sandbox_a', fromMs: prng.below(200), untilMs: healAtMs });
  for (const server of ['sandbox_a', 'sandbox_b', 'merchant']) {
    if (!prng.chance(0.25)) continue;
    const fromMs = prng.below(3_000);
    outages.push({ server, fromMs, untilMs: fromMs + prng.between(50, 5_000) });
  }
  return outages;
}

function wishOf(prng: Prng, index: number): Wish {
  const manual = prng.chance(0.25);
  const reserve = prng.chance(0.2) ? (prng.chance(0.2) ? 'SOLD-OUT' : 'B-1') : null;
  return {
    name: `w${index}`,
    atMs: prng.below(1_500),
    amount: prng.between(1, 50) * 100,
    token: prng.pick([
      ...['pm_sandbox_visa', 'pm_sandbox_visa', 'pm_sandbox_visa', 'pm_sandbox_visa'],
      ...['pm_sandbox_soft_decline_a', 'pm_sandbox_stolen', 'pm_sandbox_insufficient_funds'],
      ...['pm_sandbox_refund_pending', 'pm_sandbox_refund_fails'],
    ]),
    mcc: prng.chance(0.1) ? '6011' : prng.chance(0.03) ? '7995' : '5942',
    manual,
    reserve,
    then: manual
      ? prng.pick(['capture', 'capture_part', 'cancel', 'cancel_early', 'refund', 'refund_twice'])
      : prng.pick(['nothing', 'nothing', 'cancel', 'cancel_early', 'refund', 'refund_twice']),
    approver: prng.chance(0.7) ? 'approves' : 'denies',
    callers: prng.chance(0.2) ? prng.between(2, 4) : 1,
    again: prng.chance(0.2) ? prng.pick(['same_agent', 'other_agent']) : 'never',
  };
}
