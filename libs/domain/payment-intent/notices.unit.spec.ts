import { describe, expect, it } from 'vitest';
import type { Outcome, RefundOutcome } from './outcome.js';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  AT,
  DUE_AT,
  FENCED,
  HARD,
  MANUAL,
  MONEY,
  PAID,
  REQUEST,
  SETTLED,
  SOFT,
  SUCCEEDED,
  type Told,
  UNKNOWN,
  after,
  authorize,
  cancel,
  capture,
  decideCapture,
  disputed,
  judge,
  letGo,
  notice,
  only,
  refund,
  refunded,
  refusal,
  tell,
  types,
} from './payment-intent.fixture.js';
import { moneyState } from './payment-intent.state.js';

const ATTEMPT = { processor: 'one', key: 'abc-1', reference: 'ch_1' };
const ACCEPTED: Outcome = { kind: 'accepted', reference: 'psp-2' };
const ACTION: Outcome = { kind: 'action_required', reference: 'ch_1', url: 'https://bank.example' };
const GIVEN_BACK = {
  kind: 'succeeded',
  reference: 're_1',
  amountMinor: 1_000,
  currency: 'USD',
} as const;

type Options = Parameters<typeof notice>[2];
const told = (about: 'authorize' | 'capture' | 'void', outcome: Outcome, options?: Options) =>
  notice(ATTEMPT, { about, outcome }, options);
const toldOfRefund = (outcome: RefundOutcome, refundKey: string | null = 'abc-1-r1') =>
  notice({ ...ATTEMPT, key: null }, { about: 'refund', refundKey, outcome });

const started = () => after(REQUEST, judge());
const held = () => tell(started(), authorize(SUCCEEDED));
const capturing = () => tell(held(), decideCapture());
const paid = () => after(...PAID);
const refunding = () => tell(paid(), refund(1_000));
const waiting = () => after(MANUAL, judge(), authorize(SUCCEEDED));

describe('a notice about an authorization', () => {
  it('settles it like an answer, and what the call answers later changes nothing', () => {
    const settled = tell(started(), told('authorize', SUCCEEDED));
    expect(types(settled)).toEqual(['PaymentAuthorized', 'LedgerPosted']);
    expect(only(settled, 'PaymentAuthorized').screening).not.toBeNull();
    expect(types(tell(settled, authorize(SUCCEEDED)))).toEqual([]);
  });

  it('settles what was unknown', () => {
    const settled = tell(tell(started(), authorize(UNKNOWN)), told('authorize', SUCCEEDED));
    expect(moneyState(settled.state)).toBe('held');
  });

  it.each([
    [SOFT, ['AttemptDeclined', 'RouteRequested']],
    [FENCED, ['AttemptFenced', 'RouteRequested']],
    [ACTION, ['BuyerActionRequired', 'ProbeScheduled']],
    [UNKNOWN, []],
    [ACCEPTED, []],
    [{ kind: 'not_executed', evidence: 'x' } as const, []],
  ])('that says %o causes %j', (outcome, expected) => {
    expect(types(tell(started(), told('authorize', outcome)))).toEqual(expected);
  });

  it('of another amount is believed no more than an answer of another amount', () => {
    const odd = { ...SUCCEEDED, amountMinor: 4_201 };
    expect(types(tell(started(), told('authorize', odd)))).toEqual([
      'OutcomeUnknown',
      'ProbeScheduled',
    ]);
  });

  it('that has money after it was proven that there is none is for a human, once', () => {
    const next = tell(started(), authorize(SOFT));
    const first = tell(next, told('authorize', SUCCEEDED));
    expect(types(first)).toEqual(['OutcomeContradicted']);
    expect(types(tell(first, told('authorize', SUCCEEDED)))).toEqual([]);
  });
});

describe('a notice about a capture', () => {
  it('settles one that was taken on', () => {
    const settled = tell(tell(capturing(), capture(ACCEPTED)), told('capture', SUCCEEDED));
    expect(types(settled)).toContain('PaymentCaptured');
    expect(settled.state.status).toBe('succeeded');
  });

  it('that refuses one which was taken on lets the hold go', () => {
    const settled = tell(tell(capturing(), capture(ACCEPTED)), told('capture', HARD));
    expect(types(settled)).toEqual(['CaptureDeclined', 'VoidStarted']);
  });

  it.each<[string, () => Told, Outcome]>([
    ['of what nobody asked to capture', waiting, SUCCEEDED],
    ['of another amount than was captured', paid, { ...SUCCEEDED, amountMinor: 1 }],
    ['that was refused after all', paid, HARD],
    ['of what was let go', () => tell(after(...CANCELED), letGo(SUCCEEDED)), SUCCEEDED],
  ])('%s is for a human', (_, before, outcome) => {
    const contradicted = tell(before(), told('capture', outcome));
    expect(types(contradicted)).toEqual(['OutcomeContradicted']);
    expect(contradicted.state.amountCapturedMinor).toBe(before().state.amountCapturedMinor);
  });

  it('adds nothing to a capture that is recorded', () => {
    for (const outcome of [SUCCEEDED, ACCEPTED, UNKNOWN])
      expect(types(tell(paid(), told('capture', outcome)))).toEqual([]);
  });
});

const CANCELED: readonly PaymentIntentCommand[] = [
  MANUAL,
  judge(),
  authorize(SUCCEEDED),
  cancel({ operation: 'op-1' }),
];

describe('a notice about a void', () => {
  it('settles one that was taken on', () => {
    const settled = tell(tell(after(...CANCELED), letGo(ACCEPTED)), told('void', SUCCEEDED));
    expect(settled.state).toMatchObject({ status: 'canceled', heldMinor: 0, pending: null });
  });

  it('proves that an attempt which nobody answered about takes no money', () => {
    const unknown = tell(started(), authorize(UNKNOWN));
    expect(types(tell(unknown, told('void', SUCCEEDED)))).toEqual([
      'AttemptFenced',
      'RouteRequested',
    ]);
  });

  it('that nobody asked for ends a payment whose hold lapsed', () => {
    const ended = tell(waiting(), told('void', SUCCEEDED));
    expect(types(ended)).toContain('AuthorizationExpired');
    expect(only(ended, 'PaymentCanceled').reason).toBe('authorization_expired');
    expect(moneyState(ended.state)).toBe('none');
    expect(types(tell(ended, told('void', SUCCEEDED)))).toEqual([]);
  });

  it('waits for the capture that is under way, and contradicts one that is recorded', () => {
    expect(types(tell(capturing(), told('void', SUCCEEDED)))).toEqual([]);
    expect(types(tell(paid(), told('void', SUCCEEDED)))).toEqual(['OutcomeContradicted']);
  });

  it.each([HARD, UNKNOWN, ACCEPTED])('that says %o is no proof of anything', (outcome) => {
    expect(types(tell(waiting(), told('void', outcome)))).toEqual([]);
  });
});

describe('a notice about a refund', () => {
  it('settles it by our key, or by its own name', () => {
    expect(types(tell(refunding(), toldOfRefund(GIVEN_BACK)))).toContain('RefundSucceeded');
    const pending = tell(refunding(), refunded({ kind: 'accepted', reference: 're_1' }));
    expect(types(tell(pending, toldOfRefund(GIVEN_BACK, null)))).toContain('RefundSucceeded');
  });

  it('that is not ours is refused: nobody adopts it', () => {
    for (const key of ['abc-1-r2', 'abc-1', null])
      expect(refusal(refunding(), toldOfRefund(GIVEN_BACK, key))).toBe('not_found');
  });

  it('that failed after it succeeded, or the other way round, is for a human', () => {
    const done = tell(refunding(), refunded(GIVEN_BACK));
    const failed = tell(refunding(), refunded(HARD));
    expect(types(tell(done, toldOfRefund(HARD)))).toEqual(['OutcomeContradicted']);
    expect(types(tell(failed, toldOfRefund(GIVEN_BACK)))).toEqual(['OutcomeContradicted']);
    expect(types(tell(done, toldOfRefund(GIVEN_BACK)))).toEqual([]);
  });
});

describe('a dispute', () => {
  const tellOf = (before: Told, state: 'evidence_due' | 'opened' | 'won' | 'lost', at = AT) =>
    tell(before, notice(ATTEMPT, disputed(state), { at }));
  const [T1, T2] = ['2026-03-02T00:00:00.000Z', '2026-03-03T00:00:00.000Z'];

  it('takes the money back until it is decided, and gives it back when it is won', () => {
    const opened = tellOf(paid(), 'opened');
    expect(only(opened, 'LedgerPosted').postings).toEqual([
      { account: 'processor:one:clearing', ...MONEY },
      { account: 'agent:agt_1:disputed', amountMinor: -4_200, currency: 'USD' },
    ]);
    expect(opened.state.disputes).toMatchObject([{ status: 'opened', evidenceDueAt: DUE_AT }]);
    const won = tellOf(opened, 'won');
    expect(only(won, 'LedgerPosted').postings[0]?.amountMinor).toBe(-4_200);
    expect(won.state.disputes).toMatchObject([{ status: 'won', evidenceDueAt: null }]);
  });

  it('that is lost leaves the money where it is', () => {
    expect(types(tellOf(tellOf(paid(), 'opened'), 'lost'))).toEqual(['DisputeLost']);
    expect(types(tellOf(paid(), 'lost'))).toEqual(['DisputeLost', 'LedgerPosted']);
  });

  it('that only asks takes nothing', () => {
    expect(types(tellOf(paid(), 'evidence_due'))).toEqual(['DisputeEvidenceRequested']);
  });

  it('is what was said last by the processor, whenever it is heard', () => {
    for (const order of [
      [
        ['won', T1],
        ['lost', T2],
      ],
      [
        ['lost', T2],
        ['won', T1],
      ],
    ] as const) {
      const end = order.reduce((before, [state, at]) => tellOf(before, state, at), paid());
      expect(end.state.disputes).toMatchObject([{ status: 'lost' }]);
    }
  });

  it('of what took no money is for a human', () => {
    const failed = tell(started(), authorize(HARD));
    expect(types(tellOf(failed, 'opened'))).toEqual(['OutcomeContradicted']);
  });

  it('keeps several of one charge apart', () => {
    const second = notice(ATTEMPT, disputed('opened', 'dp_2'));
    expect(tell(tellOf(paid(), 'won'), second).state.disputes).toHaveLength(2);
  });
});

describe('a settlement', () => {
  it('pays out what the processor owed, less its fee, once', () => {
    const settled = tell(paid(), notice(ATTEMPT, SETTLED));
    expect(only(settled, 'LedgerPosted').postings).toEqual([
      { account: 'processor:one:clearing', amountMinor: 4_200, currency: 'USD' },
      { account: 'processor:one:fees', amountMinor: -152, currency: 'USD' },
      { account: 'processor:one:paid_out', amountMinor: -4_048, currency: 'USD' },
    ]);
    expect(types(tell(settled, notice(ATTEMPT, SETTLED)))).toEqual([]);
    expect(types(tell(settled, notice(ATTEMPT, SETTLED, { id: 'evt_2' })))).toContain(
      'PaymentSettled',
    );
  });

  it('in another currency comes out of the conversion', () => {
    const euros = { ...SETTLED, amountMinor: 3_900, feeMinor: 140, currency: 'EUR' };
    expect(only(tell(paid(), notice(ATTEMPT, euros)), 'LedgerPosted').postings[0]).toEqual({
      account: 'processor:one:conversion',
      amountMinor: 3_900,
      currency: 'EUR',
    });
  });
});

describe('a notice', () => {
  const about = (changes: { processor?: string; key?: string; reference?: string | null }) =>
    notice({ ...ATTEMPT, ...changes }, SETTLED);
  const byReference = notice({ ...ATTEMPT, key: null }, SETTLED);

  it('is found by our key, or by the name of the charge where it has no key', () => {
    expect(refusal(paid(), about({ reference: null }))).toBeNull();
    expect(refusal(paid(), byReference)).toBeNull();
  });

  it.each([
    ['of another processor', { processor: 'two' }],
    ['of a key that is not ours', { key: 'abc-2' }],
    ['of another charge under our key', { reference: 'ch_2' }],
  ])('%s is refused: nobody adopts it', (_, changes) => {
    expect(refusal(paid(), about(changes))).toBe('not_found');
  });

  it('of no consequence has none', () => {
    expect(types(tell(paid(), notice(ATTEMPT, { about: 'nothing' })))).toEqual([]);
  });
});

describe('six notices, each twice, in every order and mixed with the answers of the calls', () => {
  type Stage = 'attempt' | 'capturing' | 'refunding';
  const SIX: readonly { needs: Stage; command: PaymentIntentCommand }[] = [
    { needs: 'attempt', command: told('authorize', SUCCEEDED, { id: 'evt_1' }) },
    { needs: 'capturing', command: told('capture', SUCCEEDED, { id: 'evt_2' }) },
    { needs: 'refunding', command: toldOfRefund(GIVEN_BACK) },
    { needs: 'capturing', command: notice(ATTEMPT, disputed('opened'), { id: 'evt_4' }) },
    { needs: 'capturing', command: notice(ATTEMPT, disputed('won'), { id: 'evt_5' }) },
    { needs: 'capturing', command: notice(ATTEMPT, SETTLED, { id: 'evt_6' }) },
  ];
  const REFUNDED = refunded(GIVEN_BACK);

  /** What has to have happened before a processor can speak of it; an answer that a notice made up for is not waited for. */
  function reach(before: Told, stage: Stage): Told {
    let now = before;
    if (stage === 'attempt') return now;
    if (now.state.pending?.operation === 'authorize') now = tell(now, authorize(SUCCEEDED));
    now = tell(now, decideCapture());
    if (stage === 'capturing' || now.state.refunds.length > 0) return now;
    if (now.state.pending) now = tell(now, capture(SUCCEEDED));
    return tell(now, refund(1_000));
  }

  function ends(order: readonly number[], lostAnswers: boolean) {
    let now = started();
    for (const index of order) {
      const { needs, command } = SIX[index]!;
      now = tell(reach(now, needs), command);
      if (!lostAnswers)
        for (const late of [authorize(SUCCEEDED), capture(SUCCEEDED), REFUNDED])
          if (isPlausible(now, late)) now = tell(now, late);
      now = tell(now, command);
    }
    const { status, pending, disputes, settledBy, refunds, attempts, amountCapturedMinor } = tell(
      now,
      REFUNDED,
    ).state;
    return {
      ...{ status, pending, disputes, settledBy, amountCapturedMinor },
      refunds: refunds.map((each) => [each.status, each.amountMinor]),
      contradicted: attempts.flatMap((each) => each.contradicted ?? []),
      money: moneyState(now.state),
    };
  }

  /** Only calls that were made are answered. */
  function isPlausible({ state }: Told, { type }: PaymentIntentCommand): boolean {
    if (type === 'RecordRefund') return state.refunds.length > 0;
    return type === 'RecordAuthorization' || state.captureMinor !== null;
  }

  it.each([
    ['come late', false],
    ['are lost', true],
  ])('come to one end when the answers %s', (_, lostAnswers) => {
    const orders = permutations([0, 1, 2, 3, 4, 5]);
    expect(orders).toHaveLength(720);
    const found = new Set(orders.map((order) => JSON.stringify(ends(order, lostAnswers))));
    expect([...found].map((each): unknown => JSON.parse(each))).toEqual([
      {
        status: 'succeeded',
        pending: null,
        disputes: [
          {
            ...{ dispute: 'dp_1', number: 1, ...MONEY, reason: 'fraudulent' },
            ...{ evidenceDueAt: null, toldAt: AT, status: 'won' },
          },
        ],
        settledBy: ['evt_6'],
        amountCapturedMinor: 4_200,
        refunds: [['succeeded', 1_000]],
        contradicted: [],
        money: 'moved',
      },
    ]);
  });

  function permutations(items: readonly number[]): number[][] {
    if (items.length < 2) return [[...items]];
    return items.flatMap((first) =>
      permutations(items.filter((each) => each !== first)).map((rest) => [first, ...rest]),
    );
  }
});
