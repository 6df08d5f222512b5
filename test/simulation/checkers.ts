import {
  INITIAL_PAYMENT_INTENT,
  type MandateTerms,
  type PaymentIntentEvent,
  type PaymentIntentState,
  type Posting,
  evolvePaymentIntent,
  refundedMinor,
} from '#domain';
import type { RecordedEvent } from '#event-store';
import type { People } from './agents.js';
import type { MoneyCall } from './sim.network.js';
import { ASKING, DENYING } from './sim.policy.js';
import type { Observer, World } from './world.js';

/** A rule that was broken. */
export interface Violation {
  readonly rule: string;
  readonly what: string;
}

const TERMINAL = ['succeeded', 'failed', 'canceled'];
/** What an outcome must be before somebody else is asked. */
const PROVEN = ['declined', 'not_executed', 'fenced'];
const SWITCH_MS = 1_000;
const UNPROVABLE = /^(?:capture|void|refund)_unknown_past_safe_retry$/;

interface Payment {
  state: PaymentIntentState;
  /** Of recorded postings, per account. */
  accounts: Map<string, number>;
  concluded: number;
  /** The last thing that was recorded before a process crashed, until something follows. */
  crashedAfter: string | null;
  lastType: string;
  /** How the last probe is to look. */
  rung: string | null;
}

interface Mandate {
  limit: number;
  parent: string | null;
  /** What each intent has reserved or spent. */
  claims: Map<string, number>;
}

/** How long a request may be on its way to a processor. */
const ON_ITS_WAY_MS = 60_000;

/** Judges everything that is recorded, everything that reaches a processor, and in the end the books. */
export class Checkers implements Observer {
  readonly violations: Violation[] = [];
  private readonly payments = new Map<string, Payment>();
  /** Attempt keys that are durable. */
  private readonly attempts = new Map<string, string>();
  private readonly attemptsOfAgents: { atMs: number; agent: string; id: string }[] = [];
  private readonly mandates = new Map<string, Mandate>();
  /** When each idempotency key first reached its processor. */
  private readonly keys = new Map<string, number>();
  private readonly notices = new Set<string>();
  private readonly remarkable: string[] = [];

  constructor(
    private readonly world: World,
    private readonly people: People,
  ) {}

  recorded(event: RecordedEvent): void {
    if (event.type === 'NoticeReceived') this.notices.add(event.id);
    else if (this.notices.has(event.metadata.$causationId))
      this.remarkable.push(`notice caused ${event.type}`);
    if (event.stream.startsWith('payment_intent-')) this.payment(event);
    if (event.stream.startsWith('mandate-')) this.mandate(event);
  }

  /** No byte of a money call before its attempt is durable. */
  moneyCalled({ processor, key }: MoneyCall): void {
    this.aged(`${processor} ${key}`);
    const attempt = /^([a-z2-7]{26}-\d+)/.exec(key)?.[1] ?? key;
    if (this.attempts.get(attempt) !== processor)
      this.broken('write-ahead', `${processor} was called for ${key}, which was not recorded`);
  }

  /** What follows now was interrupted. */
  crashed(): void {
    for (const payment of this.payments.values()) payment.crashedAfter = payment.lastType;
  }

  /** A key that is no longer safe is never sent again. */
  private aged(key: string): void {
    const { kernel, scenario } = this.world;
    const firstMs = this.keys.get(key) ?? kernel.nowMs;
    this.keys.set(key, firstMs);
    if (kernel.nowMs - firstMs > scenario.keySafeForMs + ON_ITS_WAY_MS)
      this.broken('key age', `${key} was sent ${kernel.nowMs - firstMs} ms after the first time`);
  }

  private payment(event: RecordedEvent): void {
    const { stream } = event;
    const payment: Payment = this.payments.get(stream) ?? {
      state: INITIAL_PAYMENT_INTENT,
      accounts: new Map<string, number>(),
      concluded: 0,
      crashedAfter: null,
      lastType: '',
      rung: null,
    };
    this.notice(payment, event);
    this.payments.set(stream, payment);
    const before = payment.state;
    const typed = event as unknown as PaymentIntentEvent;
    payment.state = evolvePaymentIntent(before, typed);
    const after = payment.state;
    if (TERMINAL.includes(before.status) && after.status !== before.status)
      this.broken('terminal', `${stream} went from ${before.status} to ${after.status}`);
    if (typed.type === 'AttemptStarted') this.attempt(stream, before, typed.data);
    if (typed.type === 'LedgerPosted') this.posted(stream, payment, typed.data.postings);
    if (typed.type === 'RequestConcluded') payment.concluded += 1;
    if (payment.concluded > 1) this.broken('one answer', `${stream} was concluded twice`);
    const refunded = refundedMinor(after.refunds);
    const ordered =
      refunded <= after.amountCapturedMinor &&
      after.amountCapturedMinor <= after.amountAuthorizedMinor &&
      after.amountAuthorizedMinor <= after.amountMinor;
    if (!ordered) this.broken('amounts', `${stream}: refunded ≤ captured ≤ authorized ≤ asked`);
  }

  /** For the coverage: what a crash came between, and races with a fence. */
  private notice(payment: Payment, { type, data }: RecordedEvent): void {
    if (payment.crashedAfter !== null)
      this.remarkable.push(`crash between ${payment.crashedAfter} and ${type}`);
    payment.crashedAfter = null;
    payment.lastType = type;
    if (type === 'PaymentAuthorized' && payment.rung === 'fence')
      this.remarkable.push('fence race lost');
    if (type === 'ProbeScheduled') payment.rung = String(data['rung']);
  }

  private attempt(
    stream: string,
    before: PaymentIntentState,
    {
      number,
      key,
      processor,
      agent,
    }: { number: number; key: string; processor: string; agent: string },
  ): void {
    if (this.attempts.has(key)) this.broken('attempt keys', `${key} was started twice`);
    this.attempts.set(key, processor);
    this.attemptsOfAgents.push({ atMs: this.world.kernel.nowMs, agent, id: stream });
    const last = before.attempts.at(-1);
    if (before.status !== 'processing') this.broken('attempts', `${stream} is ${before.status}`);
    if (number !== before.attempts.length + 1)
      this.broken('attempts', `${stream} skipped a number`);
    if (last && !PROVEN.includes(last.outcome))
      this.broken('failover', `${stream}: attempt ${number} after one that is ${last.outcome}`);
    if (before.canceling) this.broken('cancel', `${stream}: an attempt after a cancel`);
    this.allowed(stream, before);
    this.reserved(stream, before);
  }

  /** What the policy denies, or a human did not agree to, is never tried. */
  private allowed(stream: string, { request, approved }: PaymentIntentState): void {
    const { wishes } = this.world.scenario;
    const wish = wishes.find(({ name }) => name === request['order_reference']);
    if (wish?.mcc === DENYING) this.broken('policy', `${stream} was tried, against the policy`);
    const agreed = wish?.approver === 'approves' && approved.length > 0;
    if (wish?.mcc === ASKING && !agreed) this.broken('approval', `${stream}: nobody agreed to it`);
  }

  /** The whole amount is held in the payment's mandate and in every one above it. */
  private reserved(stream: string, { mandate, amountMinor }: PaymentIntentState): void {
    const intent = stream.replace('payment_intent-', '');
    for (let next = mandate; next !== null;) {
      const found = this.mandates.get(next.replace(/^mnd_/, 'mandate-'));
      if (found?.claims.get(intent) !== amountMinor)
        this.broken('reserved', `${stream} was tried without its amount held in ${next}`);
      next = found?.parent ?? null;
    }
  }

  private posted(stream: string, { accounts, state }: Payment, postings: readonly Posting[]): void {
    const sum = postings.reduce((total, { amountMinor }) => total + amountMinor, 0);
    if (sum !== 0) this.broken('ledger', `${stream}: postings sum to ${sum}`);
    for (const { account, amountMinor } of postings)
      accounts.set(account, (accounts.get(account) ?? 0) + amountMinor);
    const spent = accounts.get(`agent:${state.agent}:spent`) ?? 0;
    if (spent > state.amountMinor) this.broken('ledger', `${stream} spent ${spent}`);
  }

  /** Reserved and spent are within the limit at every instant, by sums of our own. */
  private mandate({ stream, type, data }: RecordedEvent): void {
    if (type === 'MandateGranted') {
      const { limits, parent = null } = data['terms'] as unknown as MandateTerms;
      const limit = limits.lifetime?.['USD'] ?? 0;
      this.mandates.set(stream, { limit, parent, claims: new Map() });
    }
    const mandate = this.mandates.get(stream);
    const intent = String(data['intent']);
    if (!mandate) return;
    if (type === 'BudgetReserved' || type === 'SpendCommitted')
      mandate.claims.set(intent, Number(data['amountMinor']));
    if (type === 'BudgetReleased') mandate.claims.set(intent, 0);
    const total = sumOf(mandate.claims.values());
    if (total > mandate.limit) this.broken('budget', `${stream}: ${total} of ${mandate.limit}`);
  }

  /** Once all is quiet: the processors' own books are the judge. */
  finish(stuck: boolean): void {
    if (stuck && !this.waitsForHumans()) this.broken('liveness', this.stuckText());
    this.books();
    this.answers();
    this.purchases();
    this.budgets();
    this.switchedOff();
    this.reservations();
    this.leftToHumans();
  }

  private books(): void {
    const byIntent = new Map<string, { captured: number; refunded: number; alive: number }>();
    for (const { books } of this.world.processors) {
      for (const { merchantReference, ...charge } of books.bookedCharges()) {
        const intent = merchantReference.replace(/-\d+$/, '');
        const sums = byIntent.get(intent) ?? { captured: 0, refunded: 0, alive: 0 };
        sums.captured += charge.amountCaptured;
        sums.refunded += charge.amountRefunded;
        if (charge.amountCaptured > 0) sums.alive += 1;
        if (charge.status === 'authorized') sums.alive += 1;
        byIntent.set(intent, sums);
      }
    }
    for (const [intent, { captured, refunded, alive }] of byIntent) {
      const state = this.payments.get(`payment_intent-${intent}`)?.state;
      if (alive > 1) this.broken('double charge', `pi_${intent} has money at ${alive} charges`);
      if (!state) this.broken('books', `nobody knows pi_${intent}`);
      else if (state.parked === null && state.concludedAt !== null) {
        if (captured !== state.amountCapturedMinor)
          this.broken(
            'books',
            `pi_${intent}: ${captured} taken, ${state.amountCapturedMinor} recorded`,
          );
        if (refunded !== refundedMinor(state.refunds))
          this.broken('books', `pi_${intent}: ${refunded} came back, other is recorded`);
        if (alive === 1 && state.amountCapturedMinor === 0 && state.heldMinor === 0)
          this.broken('books', `pi_${intent}: money is held that nobody knows of`);
      }
    }
    for (const { state, accounts } of this.payments.values()) {
      const held = accounts.get(`agent:${state.agent}:held`) ?? 0;
      if (-held !== state.heldMinor)
        this.broken('ledger', `pi_${state.id} holds ${state.heldMinor}`);
    }
  }

  /** What was answered is what is recorded, and the same each time. */
  private answers(): void {
    const first = new Map<string, string>();
    for (const { key, answer } of this.people.told) {
      const given = `${answer.status} ${answer.body}`;
      const before = first.get(key) ?? given;
      first.set(key, before);
      if (before !== given) this.broken('answers', `${key} was answered in two ways`);
      if (answer.status < 400 && !this.isRecorded(answer))
        this.broken('acknowledged is durable', `the answer to ${key} is not in the log`);
    }
  }

  private isRecorded({ status, body }: { status: number; body: string }): boolean {
    return [...this.payments.values()].some(
      ({ state }) =>
        (state.answer?.status === status && state.answer.body === body) ||
        state.operations.some((each) => each.answer?.body === body),
    );
  }

  /** One purchase, one payment with money, however many keys it is asked for under. */
  private purchases(): void {
    const bought = new Map<string, string>();
    for (const { state } of this.payments.values()) {
      if (state.amountCapturedMinor === 0 && state.heldMinor === 0) continue;
      const purchase = `${state.purchase}`;
      const other = bought.get(purchase);
      if (other !== undefined)
        this.broken('duplicates', `pi_${other} and pi_${state.id} are the same purchase`);
      bought.set(purchase, state.id);
    }
  }

  private budgets(): void {
    for (const [stream, { claims }] of this.mandates) {
      for (const [intent, amount] of claims) {
        const state = this.payments.get(`payment_intent-${intent}`)?.state;
        if (!state || state.concludedAt === null || amount === state.amountCapturedMinor) continue;
        this.broken('budget', `${stream} counts ${amount} for pi_${intent}`);
      }
    }
  }

  private switchedOff(): void {
    const { switched } = this.people;
    if (!switched) return;
    for (const { atMs, agent, id } of this.attemptsOfAgents)
      if (switched.agents.includes(agent) && atMs > switched.atMs + SWITCH_MS)
        this.broken('kill switch', `${id} started ${atMs - switched.atMs} ms after it`);
  }

  private reservations(): void {
    const goods = this.world.merchant.books.list() as { key: string; status: string }[];
    for (const { key, status } of goods) {
      const state = this.payments.get(`payment_intent-${key.replace(/-reservation$/, '')}`)?.state;
      if (!state || state.concludedAt === null || state.parked !== null) continue;
      const wanted = state.amountCapturedMinor > 0 && state.status === 'succeeded';
      if (status !== (wanted ? 'confirmed' : 'released'))
        this.broken('reservations', `${key} is ${status}, the payment ${state.status}`);
    }
  }

  /**
   * Where everything works again, an operator's look is enough, but for what a look-up cannot prove about a capture, a void or a refund
   * whose key is not safe any more.
   */
  private leftToHumans(): void {
    for (const { state } of this.payments.values()) {
      if (state.parked === null) continue;
      if (UNPROVABLE.test(state.parked.reason)) this.remarkable.push('left to a human');
      else this.broken('parked', `pi_${state.id} still waits: ${state.parked.reason}`);
    }
  }

  /** Everything that is not over waits visibly for a human, and callers only for that. */
  private waitsForHumans(): boolean {
    const states = [...this.payments.values()].map(({ state }) => state);
    const open = states.filter(({ status }) => status === 'processing');
    return (
      states.some(({ parked }) => parked !== null) && open.every(({ parked }) => parked !== null)
    );
  }

  private stuckText(): string {
    const open = [...this.payments.values()]
      .filter(({ state }) => state.concludedAt === null)
      .map(({ state }) => `pi_${state.id} is ${state.status}`);
    return `${this.people.busy} callers wait; ${open.join(', ')}`;
  }

  /** What happened, for the coverage of a whole run. */
  *seen(): Iterable<string> {
    yield* this.remarkable;
    for (const { state } of this.payments.values()) {
      yield `payment ${state.status}`;
      if (state.failure) yield `failure ${state.failure.code}`;
      if (state.parked !== null) yield 'payment parked';
      for (const { outcome } of state.attempts) yield `attempt ${outcome}`;
      for (const { status } of state.refunds) yield `refund ${status}`;
      if (state.reservation) yield `reservation ${state.reservation.status}`;
      if (state.attempts.length > 1) yield 'failover';
    }
  }

  private broken(rule: string, what: string): void {
    this.violations.push({ rule, what });
  }
}

function sumOf(amounts: Iterable<number>): number {
  let sum = 0;
  for (const amount of amounts) sum += amount;
  return sum;
}
