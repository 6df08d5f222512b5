import { describe, expect, it } from 'vitest';
import type { PaymentIntentCommand } from './payment-intent.commands.js';
import {
  HARD,
  MANUAL,
  NOW_MS,
  REQUEST,
  SUCCEEDED,
  UNKNOWN,
  after,
  authorize,
  capture,
  captureNow,
  decideCapture,
  expireHold,
  judge,
  letGo,
  only,
  processor,
  refusal,
  tell,
  types,
} from './payment-intent.fixture.js';
import { moneyState, openAttempt } from './payment-intent.state.js';

const HELD: readonly PaymentIntentCommand[] = [MANUAL, judge(), authorize(SUCCEEDED)];
const PART = 1_000;
const TAKEN = { ...SUCCEEDED, amountMinor: PART };
/** Half an hour and a hold of ten days: a margin of a tenth, and one of an hour. */
const DUE: [number, string][] = [
  [30 * 60_000, '2026-03-01T12:27:00.000Z'],
  [10 * 86_400_000, '2026-03-11T11:00:00.000Z'],
];

describe('a payment with manual capture', () => {
  it('is answered when the money is held, and waits for the agent', () => {
    const told = after(...HELD);
    expect(types(told)).toEqual([
      'PaymentAuthorized',
      'LedgerPosted',
      'CaptureAwaited',
      'RequestConcluded',
    ]);
    expect(told.state).toMatchObject({ status: 'requires_capture', concludedAt: null });
    expect(moneyState(told.state)).toBe('held');
  });

  it('is screened at capture and not before', () => {
    expect(only(after(...HELD), 'PaymentAuthorized').screening).toBeNull();
    expect(tell(after(...HELD), decideCapture()).events).toEqual([]);
    const told = after(...HELD, captureNow(PART));
    expect(types(told)).toEqual(['OperationRequested', 'CaptureRequested']);
    expect(only(told, 'CaptureRequested')).toMatchObject({
      number: 1,
      amountMinor: PART,
      screening: { agent: 'agt_1', mandate: 'mnd_1', amountMinor: PART },
    });
  });

  it.each<[string, number | null, number]>([
    ['all that is held when no amount is named', null, 4200],
    ['a part', PART, PART],
    ['the whole by name', 4200, 4200],
  ])('takes %s, and lets the rest go', (_, amount, takenMinor) => {
    const capturing = after(...HELD, captureNow(amount), decideCapture());
    expect(only(capturing, 'CaptureStarted')).toMatchObject({
      amountMinor: takenMinor,
      call: { amountMinor: takenMinor, reference: 'ch_1' },
    });
    const done = { ...SUCCEEDED, amountMinor: takenMinor };
    const told = tell(capturing, capture(done));
    expect(types(told)).toEqual([
      'PaymentCaptured',
      'LedgerPosted',
      'PaymentSucceeded',
      'OperationConcluded',
    ]);
    expect(only(told, 'LedgerPosted').postings).toEqual([
      { account: 'agent:agt_1:held', amountMinor: 4200, currency: 'USD' },
      { account: 'processor:one:held', amountMinor: -4200, currency: 'USD' },
      { account: 'agent:agt_1:spent', amountMinor: takenMinor, currency: 'USD' },
      { account: 'processor:one:clearing', amountMinor: -takenMinor, currency: 'USD' },
    ]);
    expect(only(told, 'PaymentSucceeded').spentMinor).toBe(takenMinor);
    expect(told.state).toMatchObject({ amountCapturedMinor: takenMinor, heldMinor: 0 });
  });

  it('looks for the amount that was meant when the outcome is unknown, and takes no other', () => {
    const capturing = [...HELD, captureNow(PART), decideCapture()];
    const told = after(...capturing, capture(UNKNOWN));
    expect(openAttempt(told.state)).toMatchObject({
      operation: 'capture',
      call: { amountMinor: PART },
    });
    expect(types(tell(told, capture(SUCCEEDED, { probe: 1 })))).toEqual(['ProbeScheduled']);
    expect(tell(told, capture(TAKEN, { probe: 1 })).state.status).toBe('succeeded');
  });

  it('never takes more than is held', () => {
    const told = after(...HELD);
    expect(refusal(told, captureNow(4201))).toBe('amount_exceeds_capturable');
    expect(told.state.operations).toEqual([]);
  });

  it('is captured once', () => {
    const told = after(...HELD, captureNow(PART));
    expect(refusal(told, captureNow(PART, { operation: 'op-2' }))).toBe('invalid_transition');
    const done = after(...HELD, captureNow(PART), decideCapture(), capture(TAKEN));
    expect(refusal(done, captureNow(PART, { operation: 'op-2' }))).toBe('invalid_transition');
  });

  it('takes a capture that comes again under its key for the same one', () => {
    const told = after(...HELD, captureNow(PART));
    expect(tell(told, captureNow(PART)).events).toEqual([]);
    expect(refusal(told, captureNow(2_000))).toBe('idempotency_key_reused');
    const done = after(...HELD, captureNow(PART), decideCapture(), capture(TAKEN));
    expect(tell(done, captureNow(PART)).events).toEqual([]);
  });

  it('is not captured under a mandate that was revoked', () => {
    const told = after(...HELD);
    expect(refusal(told, { ...captureNow(), activeMandates: ['mnd_2'] })).toBe('mandate_revoked');
  });

  it.each(['agent_suspended', 'mandate_revoked'] as const)(
    'lets the money go when %s is found at the last moment',
    (authority) => {
      const told = after(...HELD, captureNow(), decideCapture('allow', { authority }));
      expect(types(told)).toEqual(['FraudScreened', 'VoidStarted']);
      expect(only(told, 'VoidStarted').failure?.code).toBe(authority);
      const ended = tell(told, letGo(SUCCEEDED));
      expect(only(ended, 'PaymentFailed').failure.code).toBe(authority);
      expect(types(ended)).toContain('OperationConcluded');
    },
  );

  it('fails, and answers the capture, when the processor refuses it', () => {
    const told = after(...HELD, captureNow(), decideCapture(), capture(HARD), letGo(SUCCEEDED));
    expect(types(told)).toEqual([
      'AuthorizationVoided',
      'LedgerPosted',
      'PaymentFailed',
      'OperationConcluded',
    ]);
  });

  it('is nothing that others may capture, or that is captured by itself', () => {
    const told = after(...HELD);
    expect(refusal(told, { ...captureNow(), agent: 'agt_2' as 'agt_1' })).toBe('not_found');
    expect(refusal(told, { ...captureNow(), tenant: 'tnt_2' as 'tnt_1' })).toBe('not_found');
    const automatic = after(REQUEST, judge(), authorize(SUCCEEDED));
    expect(refusal(automatic, captureNow())).toBe('invalid_transition');
  });
});

describe('a hold that nobody captures', () => {
  it.each(DUE)('of %i ms is waited for until a while before it lapses', (validForMs, dueAt) => {
    const processors = [processor('one', { authorizationValidForMs: validForMs })];
    const told = after(MANUAL, judge({ processors }), authorize(SUCCEEDED));
    expect(only(told, 'CaptureAwaited').dueAt).toBe(dueAt);
  });

  it('is let go, and the payment is canceled with its answer unchanged', () => {
    const held = after(...HELD);
    const told = tell(held, expireHold(NOW_MS + 86_400_000));
    expect(types(told)).toEqual(['AuthorizationExpired', 'VoidStarted']);
    expect(moneyState(told.state)).toBe('unknown');
    expect(refusal(told, captureNow())).toBe('invalid_transition');
    const ended = tell(told, letGo(SUCCEEDED));
    expect(types(ended)).toEqual(['AuthorizationVoided', 'LedgerPosted', 'PaymentCanceled']);
    expect(only(ended, 'PaymentCanceled')).toMatchObject({
      reason: 'authorization_expired',
      mandate: 'mnd_1',
      purchase: 'purchase-1',
      spentMinor: 0,
    });
    expect(ended.state.answer).toEqual(held.state.answer);
  });

  it('is not let go once its capture was asked for', () => {
    for (const more of [
      [captureNow()],
      [captureNow(), decideCapture()],
      [captureNow(), decideCapture(), capture(SUCCEEDED)],
    ])
      expect(tell(after(...HELD, ...more), expireHold()).events).toEqual([]);
  });
});
