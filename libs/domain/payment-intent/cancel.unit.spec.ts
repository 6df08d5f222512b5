import { describe, expect, it } from 'vitest';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  FENCED,
  HARD,
  LARGE,
  MANUAL,
  NOT_EXECUTED,
  PAID,
  PREPARED,
  REQUEST,
  RESERVING,
  SOFT,
  SUCCEEDED,
  TWO_STEP,
  type Told,
  UNKNOWN,
  after,
  authorize,
  cancel,
  capture,
  captureNow,
  decideCapture,
  expireHold,
  judge,
  letGo,
  merchant,
  only,
  prepare,
  refunded,
  refusal,
  route,
  tell,
  types,
} from './payment-intent.fixture.js';
import type { RefundOutcome } from './outcome.js';
import { moneyState } from './payment-intent.state.js';

const HELD: readonly PaymentIntentCommand[] = [REQUEST, judge(), authorize(SUCCEEDED)];
const CAPTURING = [...HELD, decideCapture()];
const RETURNED = {
  kind: 'succeeded',
  reference: 're_1',
  amountMinor: 4200,
  currency: 'USD',
} as const;
const back = (outcome: RefundOutcome, probe?: number) =>
  refunded(outcome, { refund: 'cancel', ...(probe !== undefined && { probe }) });

function expectNothingTaken({ state }: Told): void {
  expect(state).toMatchObject({ status: 'canceled', heldMinor: 0, amountCapturedMinor: 0 });
  expect(moneyState(state)).toBe('none');
}

describe('a cancel', () => {
  it.each<[string, readonly PaymentIntentCommand[], readonly PaymentIntentCommand[]]>([
    ['before the judges are heard', [REQUEST], [judge()]],
    ['while a human is asked', [REQUEST, judge({}, { reasons: [LARGE] })], [judge(), route()]],
    ['while another processor is chosen', [REQUEST, judge(), authorize(SOFT)], [route()]],
  ])('%s ends the payment at once, and what comes later adds nothing', (_, before, later) => {
    const told = after(...before, cancel());
    expect(types(told)).toEqual([
      'OperationRequested',
      'CancelRequested',
      'PaymentCanceled',
      'RequestConcluded',
      'OperationConcluded',
    ]);
    expect(only(told, 'PaymentCanceled')).toMatchObject({
      reason: 'requested',
      mandate: 'mnd_1',
      purchase: 'purchase-1',
      spentMinor: 0,
    });
    expectNothingTaken(told);
    for (const command of later) expect(tell(told, command).events).toEqual([]);
  });

  it('answers with the revisions of the answers themselves, the request first', () => {
    const told = after(REQUEST, cancel());
    expect(JSON.parse(only(told, 'RequestConcluded').body)).toMatchObject({ revision: 4 });
    expect(JSON.parse(only(told, 'OperationConcluded').body)).toMatchObject({ revision: 5 });
  });

  it('releases at the merchant what may have been reserved, known or not', () => {
    const told = after(RESERVING, judge(), cancel());
    expect(types(told)).toContain('ReservationReleaseStarted');
    const reserved = { kind: 'done', reference: 'r-1' } as const;
    expect(tell(told, merchant('reserve', reserved)).events).toEqual([]);
    expect(types(tell(told, merchant('release', reserved)))).toEqual(['ReservationReleased']);
    expectNothingTaken(told);
  });

  it('lets go what is held, and is answered when nothing is', () => {
    const told = after(...HELD, cancel());
    expect(types(told)).toEqual(['OperationRequested', 'CancelRequested', 'VoidStarted']);
    expect(tell(told, decideCapture()).events).toEqual([]);
    const ended = tell(told, letGo(SUCCEEDED));
    expect(types(ended)).toEqual([
      'AuthorizationVoided',
      'LedgerPosted',
      'PaymentCanceled',
      'RequestConcluded',
      'OperationConcluded',
    ]);
    expectNothingTaken(ended);
  });

  it('lets go what waits for its capture, whose answer stays what it was', () => {
    const held = after(MANUAL, judge(), authorize(SUCCEEDED));
    const told = tell(tell(held, cancel()), letGo(SUCCEEDED));
    expectNothingTaken(told);
    expect(told.state.answer).toEqual(held.state.answer);
  });

  it('answers a capture that it overtook', () => {
    const asked = after(MANUAL, judge(), authorize(SUCCEEDED), captureNow());
    const told = tell(tell(asked, cancel({ operation: 'op-2' })), letGo(SUCCEEDED));
    expectNothingTaken(told);
    expect(told.state.operations.map(({ answer }) => answer)).not.toContain(null);
  });

  it('keeps an unconfirmed charge from ever being confirmed', () => {
    const told = after(REQUEST, judge({ processors: TWO_STEP }), cancel());
    expect(types(told)).toEqual(['OperationRequested', 'CancelRequested']);
    const ended = tell(told, prepare(PREPARED));
    expect(types(ended)).toEqual([
      'AttemptFenced',
      'PaymentCanceled',
      'RequestConcluded',
      'OperationConcluded',
    ]);
    expectNothingTaken(ended);
  });

  it.each([
    ['declined', HARD],
    ['not executed', NOT_EXECUTED],
  ] as const)('ends with a preparation that is %s', (_, outcome) => {
    const told = after(REQUEST, judge({ processors: TWO_STEP }), cancel(), prepare(outcome));
    expectNothingTaken(told);
  });

  it('that comes again under its key adds nothing; under another it waits for the same end', () => {
    const told = after(...CAPTURING, cancel());
    expect(tell(told, cancel()).events).toEqual([]);
    const second = tell(told, cancel({ operation: 'op-2' }));
    const ended = tell(tell(second, capture(HARD)), letGo(SUCCEEDED));
    expect(types(ended).filter((type) => type === 'OperationConcluded')).toHaveLength(2);
    expect(tell(ended, cancel()).events).toEqual([]);
  });

  it('is refused when the payment is over', () => {
    const failed = after(REQUEST, judge(), authorize(HARD));
    for (const told of [after(...PAID), failed, after(REQUEST, cancel())])
      expect(refusal(told, cancel({ operation: 'op-9' }))).toBe('invalid_transition');
  });

  it('is for people, and for the agent whose payment it is', () => {
    expect(refusal(after(REQUEST), { ...cancel(), agent: 'agt_2' as 'agt_1' })).toBe('not_found');
    const byOperator: PaymentIntentCommand = { ...cancel(), agent: null, by: 'operator-1' };
    expect(only(after(REQUEST, byOperator), 'CancelRequested').by).toBe('operator-1');
  });

  it('does not hide why a hold was being let go before it', () => {
    const told = after(...HELD, decideCapture('block'), cancel(), letGo(SUCCEEDED));
    expect(only(told, 'PaymentFailed').failure.code).toBe('fraud_blocked');
    expect(types(told)).toContain('OperationConcluded');
  });

  it('does not lengthen what a hold that lapsed has begun', () => {
    const told = after(MANUAL, judge(), authorize(SUCCEEDED), expireHold(), cancel());
    expect(types(told)).toEqual(['OperationRequested', 'CancelRequested']);
    expectNothingTaken(tell(told, letGo(SUCCEEDED)));
  });
});

describe('a cancel while an authorization is on its way or unknown', () => {
  const ways: [string, readonly PaymentIntentCommand[], { probe?: number }][] = [
    ['on its way', [REQUEST, judge()], {}],
    ['unknown', [REQUEST, judge(), authorize(UNKNOWN)], { probe: 1 }],
    ['prepared', [REQUEST, judge({ processors: TWO_STEP }), prepare(PREPARED)], {}],
  ];

  it.each(ways)('waits while it is %s', (_, before, recorded) => {
    const told = after(...before, cancel());
    expect(types(told)).toEqual(['OperationRequested', 'CancelRequested']);
    expect(moneyState(told.state)).toBe('unknown');
    const unknown = tell(told, authorize(UNKNOWN, recorded));
    expect(types(unknown)).toContain('ProbeScheduled');
    expect(unknown.state.concludedAt).toBeNull();
  });

  it.each(ways)('lets the money go when it was held, %s', (_, before, recorded) => {
    const told = after(...before, cancel(), authorize(SUCCEEDED, recorded));
    expect(types(told)).toEqual(['PaymentAuthorized', 'LedgerPosted', 'VoidStarted']);
    expect(only(told, 'VoidStarted').call).toMatchObject({ reference: 'ch_1', amountMinor: 4200 });
    expectNothingTaken(tell(told, letGo(SUCCEEDED)));
  });

  it.each(ways)(
    'ends with a definite no, without asking anybody else, %s',
    (_, before, recorded) => {
      for (const outcome of [SOFT, HARD, FENCED]) {
        const told = after(...before, cancel(), authorize(outcome, recorded));
        expect(types(told)).not.toContain('RouteRequested');
        expectNothingTaken(told);
      }
    },
  );

  it('does not wait for a capture that was manual', () => {
    const told = after(MANUAL, judge(), cancel(), authorize(SUCCEEDED));
    expect(types(told)).not.toContain('CaptureAwaited');
    expectNothingTaken(tell(told, letGo(SUCCEEDED)));
  });
});

describe('a cancel while a capture is on its way', () => {
  const TAKEN = [...CAPTURING, cancel(), capture(SUCCEEDED)];

  it('gives back what was taken after all, and only then is the payment canceled', () => {
    expect(types(after(...CAPTURING, cancel()))).toEqual(['OperationRequested', 'CancelRequested']);
    const told = after(...TAKEN);
    expect(types(told)).toEqual(['PaymentCaptured', 'LedgerPosted', 'RefundStarted']);
    expect(only(told, 'RefundStarted')).toMatchObject({
      refund: 'cancel',
      sequence: 1,
      amountMinor: 4200,
      call: { reference: 'ch_1', refund: { key: 'abc-1-r1', reference: null } },
    });
    expect(told.state).toMatchObject({ status: 'processing', answer: null });
    const ended = tell(told, back(RETURNED));
    expect(types(ended)).toEqual([
      'RefundSucceeded',
      'LedgerPosted',
      'PaymentCanceled',
      'RequestConcluded',
      'OperationConcluded',
    ]);
    expect(only(ended, 'PaymentCanceled')).toMatchObject({ spentMinor: 4200, purchase: null });
    expect(moneyState(ended.state)).toBe('returned');
  });

  it('waits for a refund that the processor took on, or whose outcome is unknown', () => {
    const accepted = after(...TAKEN, back({ kind: 'accepted', reference: 're_1' }));
    expect(moneyState(accepted.state)).toBe('moved');
    const unknown = after(...TAKEN, back(UNKNOWN));
    expect(moneyState(unknown.state)).toBe('unknown');
    for (const told of [accepted, unknown]) {
      expect(told.state.concludedAt).toBeNull();
      expect(refusal(told, cancel({ operation: 'op-2' }))).toBeNull();
      expect(tell(told, back(RETURNED, 1)).state.status).toBe('canceled');
    }
  });

  it('leaves a purchase when the money cannot be given back', () => {
    const told = after(...TAKEN, back({ kind: 'declined', category: 'hard', code: 'no' }));
    expect(types(told)).toEqual([
      'RefundFailed',
      'PaymentSucceeded',
      'RequestConcluded',
      'OperationConcluded',
    ]);
    expect(only(told, 'PaymentSucceeded').spentMinor).toBe(4200);
    expect(moneyState(told.state)).toBe('moved');
  });

  it('lets the money go when the capture was refused', () => {
    const told = after(...CAPTURING, cancel(), capture(HARD));
    expect(types(told)).toEqual(['CaptureDeclined', 'VoidStarted']);
    expect(only(told, 'VoidStarted').failure).toBeNull();
    expectNothingTaken(tell(told, letGo(SUCCEEDED)));
  });

  it('keeps asking while its outcome is unknown', () => {
    const told = after(...CAPTURING, cancel(), capture(UNKNOWN));
    expect(types(told)).toEqual(['OutcomeUnknown', 'ProbeScheduled']);
    expect(types(tell(told, capture(SUCCEEDED, { probe: 1 })))).toContain('RefundStarted');
  });

  it('releases what the merchant keeps once the money is back, and confirms it when it is not', () => {
    const reserved = [
      RESERVING,
      judge(),
      merchant('reserve', { kind: 'done', reference: 'r-1' }),
      route(),
      authorize(SUCCEEDED),
      decideCapture(),
      cancel(),
      capture(SUCCEEDED),
    ];
    expect(types(after(...reserved))).not.toContain('ReservationConfirmStarted');
    expect(types(after(...reserved, back(RETURNED)))).toContain('ReservationReleaseStarted');
    const refused = back({ kind: 'declined', category: 'hard', code: 'no' });
    expect(types(after(...reserved, refused))).toContain('ReservationConfirmStarted');
  });
});
