import { describe, expect, it } from 'vitest';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  AT,
  DUE_AT,
  LARGE,
  NOW_MS,
  ODD,
  REQUEST,
  RESERVING,
  SUCCEEDED,
  UNKNOWN,
  after,
  approve,
  authorize,
  capture,
  decideCapture,
  deny,
  expireApproval,
  expireHold,
  judge,
  letGo,
  merchant,
  only,
  refusal,
  route,
  tell,
  types,
} from './payment-intent.fixture.js';
import { moneyState } from './payment-intent.state.js';

const ASKED: readonly PaymentIntentCommand[] = [REQUEST, judge({}, { reasons: [LARGE, ODD] })];
const HELD: readonly PaymentIntentCommand[] = [
  REQUEST,
  judge(),
  authorize(SUCCEEDED),
  decideCapture('review'),
];

describe('an approval', () => {
  it('is asked for once, with all reasons, bound to the request, before anything is attempted', () => {
    const told = after(...ASKED);
    expect(types(told)).toEqual([
      'PolicyDecided',
      'FraudScreened',
      'MandateDecided',
      'ApprovalRequested',
    ]);
    expect(only(told, 'ApprovalRequested')).toEqual({
      stage: 'authorization',
      reasons: [LARGE, ODD],
      fingerprint: 'f1',
      dueAt: DUE_AT,
      at: AT,
    });
    expect(told.state).toMatchObject({ status: 'requires_approval', answer: null });
    expect(moneyState(told.state)).toBe('none');
    expect(tell(told, ASKED[1]!).events).toEqual([]);
  });

  it('makes the judges be heard again, about the request as it was made', () => {
    const told = after(...ASKED, approve({ fingerprint: 'f1' }));
    expect(types(told)).toEqual(['OperationRequested', 'ApprovalGranted', 'OperationConcluded']);
    const { id, tenant, agent, mandate, request, purchase } = REQUEST;
    expect(only(told, 'ApprovalGranted')).toEqual({
      stage: 'authorization',
      fingerprint: 'f1',
      by: 'approver-1',
      payment: { id, tenant, agent, mandate, request, purchase },
      held: null,
      at: AT,
    });
    expect(types(tell(told, judge({}, { reasons: [LARGE, ODD] })))).toContain('AttemptStarted');
  });

  it('is answered in the same append, with the revision of that answer', () => {
    const told = after(...ASKED, approve());
    const body = '{"kind":"approve","status":"processing","revision":7}';
    expect(only(told, 'OperationConcluded')).toMatchObject({ operation: 'op-1', body });
    expect(told.state.revision).toBe(7);
  });

  it('leaves the last word to the judges', () => {
    const revoked = { code: 'mandate_revoked', detail: '', violations: [], decline: null };
    const told = after(...ASKED, approve(), judge({}, { reasons: [LARGE], refusal: revoked }));
    expect(only(told, 'PaymentFailed')).toMatchObject({ failure: revoked, mandate: 'mnd_1' });
    expect(told.state.attempts).toEqual([]);
  });

  it('lets the merchant be asked next where the request says so', () => {
    const told = after(
      RESERVING,
      judge({}, { reasons: [LARGE] }),
      approve(),
      judge({}, { reasons: [LARGE] }),
    );
    expect(types(told)).toContain('ReservationStarted');
  });

  it('does not cover a reason that the approver was not told of', () => {
    const once = after(REQUEST, judge({}, { reasons: [LARGE] }), approve());
    const both = judge({}, { reasons: [LARGE, ODD] });
    const again = tell(once, both);
    expect(only(again, 'ApprovalRequested').reasons).toEqual([ODD]);
    const granted = tell(again, approve({ operation: 'op-2' }));
    expect(types(tell(granted, both))).toContain('AttemptStarted');
  });

  it('can be given once only', () => {
    const told = after(...ASKED, approve());
    for (const command of [approve({ operation: 'op-2' }), deny({ operation: 'op-2' })])
      expect(refusal(told, command)).toBe('invalid_transition');
  });

  it.each<[string, string, PaymentIntentCommand]>([
    ['for another request', 'invalid_transition', approve({ fingerprint: 'f2' })],
    ['too late', 'approval_expired', approve({ nowMs: Date.parse(DUE_AT) })],
    ['by the agent who asks for the money', 'forbidden', { ...approve(), by: 'agt_1' }],
    ['in another tenant', 'not_found', { ...approve(), tenant: 'tnt_2' }],
    ['in the name of another agent', 'not_found', { ...approve(), agent: 'agt_2' }],
  ])('is not given %s', (_, code, command) => {
    expect(refusal(after(...ASKED), command)).toBe(code);
  });

  it('is nothing to give to a payment that waits for none', () => {
    expect(refusal(after(REQUEST), approve())).toBe('invalid_transition');
    expect(refusal(after(REQUEST, judge()), deny())).toBe('invalid_transition');
  });

  it('that comes again under its key adds nothing, and with another request is refused', () => {
    const told = after(...ASKED, approve());
    expect(tell(told, approve({ nowMs: NOW_MS + 1 })).events).toEqual([]);
    const other = { ...approve(), request: { fingerprint: 'f2' } };
    expect(refusal(told, other)).toBe('idempotency_key_reused');
  });
});

describe('a payment that is not approved', () => {
  it('ends when it is denied, answers everybody, and frees what is reserved', () => {
    const told = after(...ASKED, deny());
    expect(types(told)).toEqual([
      'OperationRequested',
      'ApprovalDenied',
      'PaymentFailed',
      'RequestConcluded',
      'OperationConcluded',
    ]);
    expect(only(told, 'PaymentFailed')).toMatchObject({
      failure: { code: 'approval_denied' },
      mandate: 'mnd_1',
      purchase: 'purchase-1',
      spentMinor: 0,
    });
    expect(told.state.approval).toMatchObject({ status: 'denied', by: 'approver-1' });
  });

  it('ends when nobody answers in time, and not before', () => {
    expect(tell(after(...ASKED), expireApproval(Date.parse(DUE_AT) - 1)).events).toEqual([]);
    const late = deny({ nowMs: Date.parse(DUE_AT) });
    expect(refusal(after(...ASKED), late)).toBe('approval_expired');
    const told = after(...ASKED, expireApproval());
    expect(types(told)).toEqual(['ApprovalExpired', 'PaymentFailed', 'RequestConcluded']);
    expect(only(told, 'PaymentFailed').failure.code).toBe('approval_expired');
  });

  it('is not ended by the time limit of an approval that was answered', () => {
    for (const told of [after(...ASKED, approve()), after(...ASKED, deny())])
      expect(tell(told, expireApproval()).events).toEqual([]);
  });

  it('is not ended by the time limit of an earlier approval', () => {
    const later = '2026-03-03T12:00:00.000Z';
    const first = after(REQUEST, judge({}, { reasons: [LARGE] }), approve());
    const told = tell(first, judge({}, { reasons: [ODD], approvalDueAt: later }));
    expect(tell(told, expireApproval()).events).toEqual([]);
    expect(types(tell(told, expireApproval(Date.parse(later))))).toContain('PaymentFailed');
  });
});

describe('an approval of a capture', () => {
  it('is asked for while the money is held', () => {
    const told = after(...HELD);
    expect(types(told)).toEqual(['FraudScreened', 'ApprovalRequested']);
    expect(only(told, 'ApprovalRequested')).toMatchObject({ stage: 'capture', fingerprint: 'f1' });
    expect(told.state.status).toBe('requires_approval');
    expect(moneyState(told.state)).toBe('held');
  });

  it('has the fraud screen asked again about what is held, and covers its review', () => {
    const granted = after(...HELD, approve());
    expect(only(granted, 'ApprovalGranted')).toMatchObject({
      stage: 'capture',
      held: { number: 1, screening: { amountMinor: 4200, agent: 'agt_1', currency: 'USD' } },
    });
    expect(types(tell(granted, decideCapture('review')))).toEqual([
      'FraudScreened',
      'CaptureStarted',
    ]);
    expect(tell(granted, judge()).events).toEqual([]);
  });

  it('does not cover a block', () => {
    const told = after(...HELD, approve(), decideCapture('block'));
    expect(only(told, 'VoidStarted').failure?.code).toBe('fraud_blocked');
  });

  it('is not asked for when the approver has agreed to a review before', () => {
    const review = { source: 'fraud', rule: 'review', detail: '' } as const;
    const told = after(
      REQUEST,
      judge({}, { reasons: [review] }),
      approve(),
      judge({}, { reasons: [review] }),
      authorize(SUCCEEDED),
      decideCapture('review'),
    );
    expect(types(told)).toEqual(['FraudScreened', 'CaptureStarted']);
  });

  it.each<[string, string, PaymentIntentCommand]>([
    ['denied', 'approval_denied', deny()],
    ['not given in time', 'approval_expired', expireApproval()],
  ])('that is %s lets the money go before the payment ends', (_, code, command) => {
    const told = after(...HELD, command);
    expect(only(told, 'VoidStarted').failure?.code).toBe(code);
    expect(told.state).toMatchObject({ status: 'processing', answer: null });
    const unsure = tell(told, letGo(UNKNOWN));
    expect(unsure.state.concludedAt).toBeNull();
    const ended = tell(unsure, letGo(SUCCEEDED, { probe: 1 }));
    expect(only(ended, 'PaymentFailed').failure.code).toBe(code);
    expect(moneyState(ended.state)).toBe('none');
  });

  it('ends with the hold that it is about', () => {
    const told = after(...HELD, expireHold(), letGo(SUCCEEDED));
    expect(only(told, 'PaymentCanceled').reason).toBe('authorization_expired');
    expect(refusal(told, approve())).toBe('invalid_transition');
  });

  it('releases what the merchant keeps when it is denied', () => {
    const told = after(
      RESERVING,
      judge(),
      merchant('reserve', { kind: 'done', reference: 'r-1' }),
      route(),
      authorize(SUCCEEDED),
      decideCapture('review'),
      deny(),
      letGo(SUCCEEDED),
    );
    expect(types(told)).toContain('ReservationReleaseStarted');
  });

  it('leads to the purchase in the end', () => {
    const told = after(...HELD, approve(), decideCapture('review'), capture(SUCCEEDED));
    expect(told.state).toMatchObject({ status: 'succeeded', amountCapturedMinor: 4200 });
  });
});
