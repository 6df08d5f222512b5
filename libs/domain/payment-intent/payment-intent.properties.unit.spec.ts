import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isBalanced } from '../money/postings.js';
import type {
  AuthorityNow,
  PaymentIntentCommand,
  ProcessorFacts,
} from './payment-intent.commands.js';
import type {
  ApprovalReason,
  FraudScreening,
  PaymentIntentEvent,
  PaymentIntentEventData,
  PaymentIntentEventType,
} from './payment-intent.events.js';
import {
  FENCED,
  HARD,
  LARGE,
  MANUAL,
  MONEY,
  NOT_EXECUTED,
  NOW_MS,
  ODD,
  PREPARED,
  REQUEST,
  RESERVING,
  SETTLED,
  SOFT,
  SUCCEEDED,
  UNKNOWN,
  UNPARK,
  approve,
  authorize,
  cancel,
  capture,
  captureNow,
  decideCapture,
  decider,
  deny,
  disputed,
  expireApproval,
  expireHold,
  judge,
  letGo,
  merchant,
  notice,
  prepare,
  processor,
  refund,
  refunded,
  route,
  takeOver,
} from './payment-intent.fixture.js';
import type {
  Outcome,
  RefundOutcome,
  ReservationOperation,
  ReservationOutcome,
} from './outcome.js';
import {
  type AttemptState,
  type PaymentIntentState,
  evolvePaymentIntent,
  isAnswered,
  moneyState,
} from './payment-intent.state.js';
import { claimedByRefundsMinor, isRefundOpen, refundedMinor } from './refund.state.js';
import { settlingReservation } from './reservation.steps.js';

/** What an event makes somebody do: a judge, a caller of a processor or a merchant, or a timer. */
type Work = { readonly dueAt?: string } & (
  | { kind: 'judge' | 'route' | 'expire_approval' | 'expire_hold' }
  | { kind: 'merchant'; operation: ReservationOperation; try: number }
  | { kind: 'prepare' | 'decide'; number: number }
  | { kind: 'authorize' | 'capture' | 'void'; number: number; probe?: number }
  | { kind: 'refund'; refund: string; probe?: number }
);

const WORK: {
  readonly [T in PaymentIntentEventType]?: (data: PaymentIntentEventData<T>) => Work | null;
} = {
  PaymentIntentRequested: () => ({ kind: 'judge' }),
  ApprovalRequested: ({ dueAt }) => ({ kind: 'expire_approval', dueAt }),
  ApprovalGranted: ({ held }) => (held ? { kind: 'decide', ...held } : { kind: 'judge' }),
  ReservationStarted: () => ({ kind: 'merchant', operation: 'reserve', try: 0 }),
  ReservationConfirmStarted: () => ({ kind: 'merchant', operation: 'confirm', try: 0 }),
  ReservationReleaseStarted: () => ({ kind: 'merchant', operation: 'release', try: 0 }),
  ReservationRetryScheduled: (data) => ({ ...data, kind: 'merchant' }),
  RouteRequested: () => ({ kind: 'route' }),
  AttemptStarted: ({ number, authorization }) => ({
    kind: authorization === 'two_step' ? 'prepare' : 'authorize',
    number,
  }),
  AttemptPrepared: ({ number }) => ({ kind: 'authorize', number }),
  PaymentAuthorized: ({ number, screening }) => screening && { kind: 'decide', number },
  CaptureAwaited: ({ dueAt }) => ({ kind: 'expire_hold', dueAt }),
  CaptureRequested: ({ number }) => ({ kind: 'decide', number }),
  CaptureStarted: ({ number }) => ({ kind: 'capture', number }),
  VoidStarted: ({ number }) => ({ kind: 'void', number }),
  RefundStarted: (data) => ({ kind: 'refund', refund: data.refund }),
  ProbeScheduled: ({ operation, number, refund: id = '', probe, dueAt }) =>
    operation === 'refund'
      ? { kind: 'refund', refund: id, probe, dueAt }
      : { kind: operation, number, probe, dueAt },
};

function workOf({ type, data }: PaymentIntentEvent): Work | null {
  const follow = WORK[type] as ((data: unknown) => Work | null) | undefined;
  return follow?.(data) ?? null;
}

/** What the one who is asked says. */
interface Said {
  outcome: Outcome;
  refunded: RefundOutcome;
  merchant: ReservationOutcome;
  /** Another amount than was meant. */
  odd: boolean;
  verdict: FraudScreening['verdict'];
  refuse: boolean;
  reasons: readonly ApprovalReason[];
  authority: AuthorityNow;
}

interface World {
  readonly request: PaymentIntentCommand;
  readonly processors: readonly ProcessorFacts[];
  readonly log: PaymentIntentEvent[];
  /** What was not done yet, and what was. */
  open: Work[];
  done: Work[];
  state: PaymentIntentState;
  nowMs: number;
}

function meant<T extends { kind: string }>(outcome: T, amountMinor: number, odd: boolean): T {
  if (outcome.kind !== 'succeeded') return outcome;
  return { ...outcome, amountMinor: odd ? amountMinor + 1 : amountMinor };
}

function commandOf(work: Work, said: Said, world: World, again: boolean): PaymentIntentCommand {
  const { processors, nowMs, state } = world;
  const { outcome, odd } = said;
  const acting = { nowMs, processors, firstSend: !again };
  switch (work.kind) {
    case 'judge': {
      const refusal = { code: 'policy_denied', detail: '', violations: [], decline: null };
      return judge(acting, { reasons: said.reasons, ...(said.refuse && { refusal }) });
    }
    case 'route':
      return route({ ...acting, authority: said.authority });
    case 'expire_approval':
      return expireApproval(nowMs);
    case 'expire_hold':
      return expireHold(nowMs);
    case 'merchant':
      return merchant(work.operation, said.merchant, { try: work.try, nowMs });
    case 'prepare': {
      const isNo = outcome.kind === 'declined' || outcome.kind === 'not_executed';
      return prepare(isNo ? outcome : PREPARED, { nowMs, number: work.number });
    }
    case 'decide':
      return decideCapture(said.verdict, { ...acting, ...work, authority: said.authority });
    case 'authorize':
      return authorize(meant(outcome, state.amountMinor, odd), { ...acting, ...work });
    case 'capture':
      return capture(meant(outcome, state.captureMinor ?? 0, odd), { ...acting, ...work });
    case 'void':
      return letGo(outcome, { ...acting, ...work });
    case 'refund': {
      const { amountMinor = 0 } = state.refunds.find((each) => each.refund === work.refund) ?? {};
      return refunded(meant(said.refunded, amountMinor, odd), { ...work, nowMs });
    }
  }
}

const PROVEN_WITHOUT_MONEY: readonly AttemptState['outcome'][] = [
  'declined',
  'not_executed',
  'fenced',
];
const AFTER_SUCCESS =
  /^(Dispute|PaymentSettled|Refund|Reservation|Operation|PaymentParked|PaymentUnparked)/;
const AFTER_ANY_END =
  /^(RequestConcluded|Operation|OutcomeContradicted|Reservation|Payment(Unp|P)arked)/;
/** What was taken can be disputed and is paid out, also when it was given back meanwhile. */
const AFTER_CAPTURE = /^(Dispute|PaymentSettled|LedgerPosted)/;
const STARTS_MONEY: readonly string[] = ['AttemptStarted', 'CaptureStarted'];
const STARTS_A_CALL: readonly string[] = [...STARTS_MONEY, 'VoidStarted'];
const MONEY_AT_THE_END: Readonly<Record<string, readonly string[]>> = {
  succeeded: ['moved', 'returned', 'unknown'],
  failed: ['none'],
  canceled: ['none', 'returned'],
};

/** Violations of what must be so after every single event. */
function broken(before: PaymentIntentState, event: PaymentIntentEvent, after: PaymentIntentState) {
  const { type, data } = event;
  const isOver = before.concludedAt !== null;
  const { attempts, refunds, amountCapturedMinor: captured, heldMinor: held } = after;
  const returned = refundedMinor(refunds);
  const money = moneyState(after);
  const withMoney = attempts.filter(
    ({ outcome }) => !PROVEN_WITHOUT_MONEY.includes(outcome) && outcome !== 'voided',
  );
  const rules: Record<string, boolean> = {
    'refunded ≤ claimed ≤ captured ≤ authorized ≤ requested':
      returned <= claimedByRefundsMinor(refunds) &&
      claimedByRefundsMinor(refunds) <= captured &&
      captured <= after.amountAuthorizedMinor &&
      after.amountAuthorizedMinor <= after.amountMinor,
    'at most one attempt may have money': withMoney.length <= 1,
    'an attempt starts only when all before it are proven to take nothing':
      type !== 'AttemptStarted' ||
      (before.pending === null &&
        before.attempts.every(
          ({ outcome, decline }) =>
            PROVEN_WITHOUT_MONEY.includes(outcome) && decline?.category !== 'hard',
        )),
    'nobody else is asked after a cancel, an end, or before a human answered':
      ![...STARTS_MONEY, 'RouteRequested'].includes(type) ||
      (!before.canceling && before.status === 'processing'),
    'what was asked of the merchant is reserved before an attempt':
      type !== 'AttemptStarted' ||
      before.request['reservation'] === undefined ||
      before.reservation?.status === 'reserved',
    'a call starts only when none is open':
      !STARTS_A_CALL.includes(type) || before.pending === null,
    'what is unknown is never taken for not executed':
      type !== 'AttemptNotExecuted' || before.pending?.unknown === false,
    'a processor is tried once':
      new Set(attempts.map(({ processor: name }) => name)).size === attempts.length,
    'an end is final': !isOver || after.status === before.status,
    'after the end nothing begins but refunds of what was bought':
      !isOver ||
      AFTER_ANY_END.test(type) ||
      (captured > 0 && AFTER_CAPTURE.test(type)) ||
      (before.status === 'succeeded' &&
        (AFTER_SUCCESS.test(type) ||
          type === 'LedgerPosted' ||
          ('refund' in data && ['OutcomeUnknown', 'ProbeScheduled'].includes(type)))),
    'a reservation is confirmed only for what was bought, and released only without':
      (type !== 'ReservationConfirmStarted' || (captured > 0 && after.status === 'succeeded')) &&
      (type !== 'ReservationReleaseStarted' || after.status !== 'succeeded'),
    'an approval is given once, and in time':
      type !== 'ApprovalGranted' ||
      (before.status === 'requires_approval' && data.at < (before.approval?.dueAt ?? '')),
    'nobody is asked about what was agreed to':
      type !== 'ApprovalRequested' ||
      !data.reasons.some(({ rule }) => before.approved.some((reason) => reason.rule === rule)),
    'what was canceled is bought only if the money could not be given back':
      type !== 'PaymentSucceeded' ||
      !before.canceling ||
      before.refunds.some((each) => each.refund === 'cancel' && each.status === 'failed'),
    'an operation is asked for once':
      type !== 'OperationRequested' ||
      before.operations.every(({ operation }) => operation !== data.operation),
    'an answer is given once, and names the revision it is part of':
      (type !== 'RequestConcluded' && type !== 'OperationConcluded') ||
      ((type === 'RequestConcluded'
        ? before.answer === null
        : before.operations.some((each) => each.operation === data.operation && !each.answer)) &&
        (JSON.parse(data.body) as { revision: number }).revision === after.revision),
    'the ledger is balanced': type !== 'LedgerPosted' || isBalanced(data.postings),
    'an open call makes the money unknown, unless the processor said what it does with it':
      after.pending === null ||
      money === 'unknown' ||
      attempts.at(-1)?.outcome === 'started' ||
      isAnswered(after.pending),
    'the buyer is waited for while nothing is held':
      after.status !== 'requires_action' ||
      (held === 0 && after.pending?.operation === 'authorize'),
    'what is said about the money is so':
      money === 'unknown' ||
      money ===
        (captured > 0 ? (returned < captured ? 'moved' : 'returned') : held > 0 ? 'held' : 'none'),
    'an end says where the money is':
      after.concludedAt === null || (MONEY_AT_THE_END[after.status] ?? []).includes(money),
    'an end counts what was taken': !('spentMinor' in data) || data.spentMinor === captured,
  };
  return Object.keys(rules).filter((rule) => !rules[rule]);
}

/** Every account is what the state says. */
function expectLedgerToAgree({ log, state }: World): void {
  const sums: Record<string, number> = {};
  for (const event of log) {
    if (event.type !== 'LedgerPosted') continue;
    for (const { account, amountMinor } of event.data.postings) {
      const kind = account.replace(/:.*:/, ':');
      sums[kind] = (sums[kind] ?? 0) + amountMinor;
    }
  }
  const { heldMinor, amountCapturedMinor, refunds, disputes, settledBy } = state;
  const returned = refundedMinor(refunds);
  const disputedMinor = disputes
    .filter(({ status }) => status === 'opened' || status === 'lost')
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  const { amountMinor: settledMinor, feeMinor } = SETTLED;
  const settlements = settledBy.length;
  const expected = {
    'agent:held': 0 - heldMinor,
    'agent:spent': amountCapturedMinor,
    'agent:refunded': 0 - returned,
    'processor:held': heldMinor,
    'agent:disputed': 0 - disputedMinor,
    'processor:clearing':
      returned + disputedMinor - amountCapturedMinor + settlements * settledMinor,
    'processor:fees': 0 - settlements * feeMinor,
    'processor:paid_out': 0 - settlements * (settledMinor - feeMinor),
  };
  for (const [account, amountMinor] of Object.entries(expected))
    expect([account, sums[account] ?? 0]).toEqual([account, amountMinor]);
}

const REFUSALS: readonly string[] = [
  'not_found',
  'invalid_transition',
  'idempotency_key_reused',
  'approval_expired',
  'amount_exceeds_capturable',
  'amount_exceeds_refundable',
];

function send(world: World, command: PaymentIntentCommand): void {
  const decision = decider.decide(command, world.state);
  if (!decision.ok) return expect(REFUSALS).toContain(decision.code);
  for (const event of decision.events) {
    const state = evolvePaymentIntent(world.state, event);
    expect(broken(world.state, event, state)).toEqual([]);
    world.state = state;
    world.log.push(event);
    const work = workOf(event);
    if (work) world.open.push(work);
  }
  if (decision.events.length > 0) expectLedgerToAgree(world);
}

function perform(world: World, work: Work, said: Said, again = false): void {
  if (work.dueAt !== undefined) world.nowMs = Math.max(world.nowMs, Date.parse(work.dueAt));
  const before = world.log.length;
  const command = commandOf(work, said, world, again);
  send(world, command);
  const added = world.log.slice(before);
  const isOver = 'authority' in command && command.authority !== 'active';
  expect(added.filter(({ type }) => isOver && STARTS_MONEY.includes(type))).toEqual([]);
  // A try leads to the one after it, and to no other: nothing is ever asked for by two at a time.
  const next = 1 + (('probe' in work ? work.probe : 'try' in work ? work.try : 0) ?? 0);
  const isAnswered = added.some(({ type }) => type === 'RefundAccepted');
  for (const { type, data } of added) {
    if (type === 'ProbeScheduled' && !isAnswered) expect(data.probe).toBe(next);
    if (type === 'ReservationRetryScheduled') expect(data.try).toBe(next);
  }
}

const CALLS = [
  'capture',
  'cancel',
  'refund',
  'approve',
  'deny',
  'unpark',
  'request',
  'notice',
] as const;

/** Mostly something that is to be done is done; sometimes once more, or late; sometimes somebody wants something. */
interface Step {
  move: 'next' | 'again' | (typeof CALLS)[number];
  said: Said;
  pick: number;
  /** An answer that comes by itself, and not by the probe that asked. */
  late: boolean;
  operation: string;
  amountMinor: number | null;
  waitMs: number;
}

function take(world: World, { move, said, pick, late, operation, amountMinor, waitMs }: Step) {
  world.nowMs += waitMs;
  const asked = { operation, nowMs: world.nowMs };
  const { open, done } = world;
  switch (move) {
    case 'next': {
      // Somebody who is waited for mostly does what is wanted before the time for it is over.
      const soon = open.filter(({ kind }) => !kind.startsWith('expire'));
      const isAnswered = soon.length === 0 && pick % 4 > 0;
      if (isAnswered && world.state.status === 'requires_approval')
        return send(world, pick % 4 > 1 ? approve(asked) : deny(asked));
      if (isAnswered && world.state.status === 'requires_capture')
        return send(world, captureNow(amountMinor, asked));
      const from = soon.length > 0 && pick % 16 > 0 ? soon : open;
      const work = from[pick % from.length];
      if (!work) return;
      open.splice(open.indexOf(work), 1);
      done.push(work);
      return perform(world, work, said);
    }
    case 'again': {
      const work = done[pick % done.length];
      if (!work) return;
      const isProbe = 'probe' in work;
      // Whoever sends a call that somebody else sends, too, says so first.
      if (work.kind === 'authorize') send(world, takeOver({ ...work, nowMs: world.nowMs }));
      return perform(world, late && isProbe ? { ...work, probe: undefined } : work, said, true);
    }
    case 'capture':
      return send(world, captureNow(amountMinor, asked));
    case 'cancel':
      return send(world, cancel(asked));
    case 'refund':
      return send(world, refund(amountMinor, asked));
    case 'approve':
      return send(world, approve(asked));
    case 'deny':
      return send(world, deny(asked));
    case 'unpark':
      return send(world, { ...UNPARK, ...asked });
    case 'request':
      return send(world, world.request);
    case 'notice': {
      const told = noticeOf(world, said, pick);
      return told && send(world, told);
    }
  }
}

const DISPUTES = ['evidence_due', 'opened', 'won', 'lost'] as const;

/** What the processor of one of the attempts tells unasked, whether it fits or not. */
function noticeOf(
  { state, nowMs }: World,
  { outcome, refunded: gaveBack, odd }: Said,
  pick: number,
): PaymentIntentCommand | null {
  const attempt = state.attempts[pick % state.attempts.length];
  if (!attempt) return null;
  const refund = state.refunds[pick % state.refunds.length];
  const [id, kind] = [`evt_${pick % 7}`, pick % 6];
  if (kind === 0)
    return notice(
      attempt,
      { about: 'authorize', outcome: meant(outcome, state.amountMinor, odd) },
      { id, nowMs },
    );
  if (kind === 1) {
    const amountMinor = state.captureMinor ?? state.amountMinor;
    return notice(
      attempt,
      { about: 'capture', outcome: meant(outcome, amountMinor, odd) },
      { id, nowMs },
    );
  }
  if (kind === 2) return notice(attempt, { about: 'void', outcome }, { id, nowMs });
  if (kind === 3) {
    const outcome = meant(gaveBack, refund?.amountMinor ?? 1, odd);
    const refundKey = refund?.key ?? `${attempt.key}-r9`;
    return notice(attempt, { about: 'refund', refundKey, outcome }, { id, nowMs });
  }
  if (kind === 4)
    return notice(
      attempt,
      disputed(DISPUTES[Math.trunc(pick / 6) % 4] ?? 'opened', `dp_${pick % 2}`),
      {
        id,
        nowMs,
      },
    );
  return notice(attempt, SETTLED, { id, nowMs });
}

const flag = fc.boolean();
const rarely = fc.integer({ min: 0, max: 9 }).map((dice) => dice === 9);
const REFERENCE = { reference: 'ref-1' };
const ACCEPTED: Outcome = { kind: 'accepted', ...REFERENCE };
const RISKY: Outcome = { ...SUCCEEDED, risk: { score: 80, verdict: 'review', level: 'elevated' } };
const ACTION: Outcome = { kind: 'action_required', ...REFERENCE, url: 'https://bank.example' };
const REFUND_REFUSED: RefundOutcome = { kind: 'declined', category: 'hard', code: 'no' };

const said: fc.Arbitrary<Said> = fc.record({
  outcome: fc.constantFrom(
    SUCCEEDED,
    SUCCEEDED,
    SUCCEEDED,
    SOFT,
    HARD,
    NOT_EXECUTED,
    UNKNOWN,
    UNKNOWN,
    FENCED,
    ACCEPTED,
    ACTION,
    RISKY,
  ),
  refunded: fc.constantFrom<RefundOutcome[]>(
    { kind: 'succeeded', ...REFERENCE, ...MONEY },
    { kind: 'accepted', ...REFERENCE },
    REFUND_REFUSED,
    { kind: 'not_executed', evidence: 'connection_refused' },
    { kind: 'unknown', evidence: 'timeout' },
  ),
  merchant: fc.constantFrom<ReservationOutcome[]>(
    { kind: 'done', ...REFERENCE },
    { kind: 'done', ...REFERENCE },
    { kind: 'refused', code: 'out_of_stock' },
    { kind: 'unknown', evidence: 'timeout' },
  ),
  odd: rarely,
  verdict: fc.constantFrom('allow', 'allow', 'allow', 'review', 'block'),
  refuse: rarely,
  reasons: fc.constantFrom([], [], [LARGE], [LARGE, ODD]),
  authority: fc.constantFrom('active', 'active', 'active', 'agent_suspended', 'mandate_revoked'),
});

const step: fc.Arbitrary<Step> = fc.record({
  move: fc.oneof(
    { weight: 12, arbitrary: fc.constant('next' as const) },
    { weight: 4, arbitrary: fc.constant('again' as const) },
    { weight: 5, arbitrary: fc.constantFrom(...CALLS, 'refund' as const, 'approve' as const) },
  ),
  said,
  pick: fc.nat(1_000),
  late: flag,
  operation: fc.nat(9).map((index) => `op-${index}`),
  amountMinor: fc.option(fc.integer({ min: 1, max: 5_000 }), { freq: 3 }),
  waitMs: fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 0, max: 1_000 }) },
    // Longer than a human may take, and than any key is safe.
    { weight: 1, arbitrary: fc.constant(2 * 86_400_000) },
  ),
});

const CALM: Said = {
  outcome: SUCCEEDED,
  refunded: { kind: 'succeeded', ...REFERENCE, ...MONEY },
  merchant: { kind: 'done', ...REFERENCE },
  odd: false,
  verdict: 'allow',
  refuse: false,
  reasons: [],
  authority: 'active',
};
const smooth: Step = {
  move: 'next',
  said: CALM,
  pick: 1,
  late: false,
  operation: '',
  amountMinor: null,
  waitMs: 0,
};

/** Some go well for a while, so that what comes after a purchase is met as often as what comes before. */
const history = fc
  .tuple(fc.oneof(fc.constant(0), fc.nat(9)), fc.array(step, { maxLength: 60, size: 'max' }))
  .map(([well, steps]) => [...Array<Step>(well).fill(smooth), ...steps]);

const manners: fc.Arbitrary<Manners> = fc.record({
  attempted: fc.constantFrom(SUCCEEDED, SUCCEEDED, HARD, SOFT, FENCED),
  yes: flag,
  strict: flag,
});

const processorsOf = fc
  .tuple(flag, flag, flag, flag, flag)
  .map(([two, down, lookUp, safe, other]) => [
    processor('a', {
      authorization: two ? 'two_step' : 'one_step',
      fence: two,
      lookUp,
      keySafeForMs: safe ? 86_400_000 : 2_000,
    }),
    processor('b', { breaker: down ? 'open' : 'closed', lookUp }),
    processor('c', { authorization: other ? 'two_step' : 'one_step', fence: other }),
  ]);

const requests = fc.tuple(flag, flag).map(([manual, reserving]) => ({
  ...REQUEST,
  request: { ...(manual ? MANUAL : REQUEST).request, ...(reserving && RESERVING.request) },
}));

function begin(processors: readonly ProcessorFacts[], request: typeof REQUEST): World {
  const state = decider.initial();
  const world: World = { request, processors, log: [], open: [], done: [], state, nowMs: NOW_MS };
  send(world, request);
  return world;
}

interface Manners {
  /** What an attempt comes to. */
  attempted: Outcome;
  /** Whether captures and refunds are done or refused. */
  yes: boolean;
  /** A human is asked at every opportunity, and agrees. */
  strict: boolean;
}

/** Everybody answers, and says something that can be relied on, until nothing is to be done any more. */
function drain(world: World, { attempted, yes, strict }: Manners): void {
  const definite: Said = {
    ...CALM,
    refunded: yes ? CALM.refunded : REFUND_REFUSED,
    ...(strict && { verdict: 'review', reasons: [LARGE, ODD] }),
  };
  const outcomes: Partial<Record<Work['kind'], Outcome>> = {
    prepare: attempted,
    authorize: attempted,
    capture: yes ? SUCCEEDED : HARD,
  };
  for (let turns = 0; world.open.length > 0; turns += 1) {
    expect(turns).toBeLessThan(200);
    const work = world.open.shift()!;
    perform(world, work, { ...definite, outcome: outcomes[work.kind] ?? SUCCEEDED });
    if (world.state.status === 'requires_approval')
      send(world, approve({ operation: `yes-${world.log.length}`, nowMs: world.nowMs }));
  }
}

/** The compiler asks for every type of event. */
const EVERY_EVENT: Readonly<Record<PaymentIntentEventType, true>> = {
  ApprovalDenied: true,
  ApprovalExpired: true,
  ApprovalGranted: true,
  ApprovalRequested: true,
  AttemptDeclined: true,
  AttemptFenced: true,
  AttemptNotExecuted: true,
  AttemptPrepared: true,
  AttemptTakenOver: true,
  AttemptStarted: true,
  BuyerActionExpired: true,
  BuyerActionRequired: true,
  AuthorizationExpired: true,
  AuthorizationVoided: true,
  CancelRequested: true,
  CaptureAccepted: true,
  CaptureAwaited: true,
  CaptureDeclined: true,
  CaptureRequested: true,
  CaptureStarted: true,
  DisputeEvidenceRequested: true,
  DisputeLost: true,
  DisputeOpened: true,
  DisputeWon: true,
  FraudScreened: true,
  LedgerPosted: true,
  MandateDecided: true,
  OperationConcluded: true,
  OperationRequested: true,
  OutcomeContradicted: true,
  OutcomeUnknown: true,
  PaymentAuthorized: true,
  PaymentCanceled: true,
  PaymentCaptured: true,
  PaymentFailed: true,
  PaymentIntentRequested: true,
  PaymentParked: true,
  PaymentSettled: true,
  PaymentSucceeded: true,
  PaymentUnparked: true,
  PolicyDecided: true,
  ProbeScheduled: true,
  RefundAccepted: true,
  RefundFailed: true,
  RefundStarted: true,
  RefundSucceeded: true,
  RequestConcluded: true,
  ReservationConfirmStarted: true,
  ReservationConfirmed: true,
  ReservationMade: true,
  ReservationRefused: true,
  ReservationReleaseStarted: true,
  ReservationReleased: true,
  ReservationRetryScheduled: true,
  ReservationStarted: true,
  RouteChosen: true,
  RouteRequested: true,
  VoidAccepted: true,
  VoidStarted: true,
};

it('keeps every invariant under any commands in any order', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(processorsOf, requests, history, (processors, request, steps) => {
      const world = begin(processors, request);
      for (const each of steps) take(world, each);
      for (const { type } of world.log) seen.add(type);
    }),
    { numRuns: 1_500 },
  );
  // Otherwise the histories were too tame to show anything.
  expect([...seen].sort()).toEqual(Object.keys(EVERY_EVENT).sort());
});

it('ends when everything open gets a definite answer at last, with nothing left open or lost', () => {
  fc.assert(
    fc.property(processorsOf, requests, history, manners, (processors, request, steps, manner) => {
      const world = begin(processors, request);
      for (const each of steps) take(world, each);
      drain(world, manner);
      if (world.state.parked) send(world, { ...UNPARK, operation: 'last', nowMs: world.nowMs });
      drain(world, manner);
      const { status, pending, parked, refunds, operations, answer } = world.state;
      expect(['succeeded', 'failed', 'canceled']).toContain(status);
      expect({ pending, parked }).toEqual({ pending: null, parked: null });
      expect(refunds.filter(isRefundOpen)).toEqual([]);
      expect(settlingReservation(world.state)).toBeNull();
      expect(world.state.reservation?.status).not.toBe('reserved');
      expect([answer, ...operations.map((each) => each.answer)]).not.toContain(null);
    }),
    { numRuns: 1_000 },
  );
});
