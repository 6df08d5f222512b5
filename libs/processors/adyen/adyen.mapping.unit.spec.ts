import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Outcome, RefundOutcome } from '#domain';
import { HttpTransportError, type HttpResponse } from '#platform';
import type { AttemptOrder } from '../processor.port.js';
import {
  authorizationOutcomeOf,
  captureOutcomeOf,
  KNOWN_RESULT_CODES,
  outcomeOfTransportError,
  provisionOutcomeOf,
  refundOutcomeOf,
  voidOutcomeOf,
} from './adyen.mapping.js';

const order: AttemptOrder = {
  key: 'pi_1-1',
  amountMinor: 4_200,
  currency: 'EUR',
  paymentMethod: 'shopper.CARD',
};
const held: AttemptOrder = { ...order, reference: 'PSP1' };
const refunded: AttemptOrder = { ...held, amountMinor: 200, refund: { key: 'pi_1-1-r1' } };
const sent = { idempotencyKey: 'pi_1-1.pay', merchantAccount: 'BursarECOM' };

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const payment = {
  pspReference: 'PSP1',
  resultCode: 'Authorised',
  amount: { value: 4_200, currency: 'EUR' },
  merchantReference: 'pi_1-1',
};

const authorized = (changes: object = {}, asked = order, headers = {}) =>
  authorizationOutcomeOf(asked, answer(200, { ...payment, ...changes }, headers), sent);

const received = {
  merchantAccount: 'BursarECOM',
  paymentPspReference: 'PSP1',
  pspReference: 'MOD1',
  reference: 'pi_1-1',
  status: 'received',
};
const captured = { ...received, amount: { value: 4_200, currency: 'EUR' } };
const refund = { ...received, reference: 'pi_1-1-r1', amount: { value: 200, currency: 'EUR' } };

/** Every money call with an answer that is a yes to it. */
const CALLS: readonly (readonly [
  name: string,
  read: (response: HttpResponse) => Outcome | RefundOutcome,
  yes: object,
])[] = [
  ['an authorization', (response) => authorizationOutcomeOf(order, response, sent), payment],
  ['a capture', (response) => captureOutcomeOf(held, response, sent), captured],
  ['a void', (response) => voidOutcomeOf(held, response, sent), received],
  ['a refund', (response) => refundOutcomeOf(refunded, 'pi_1-1-r1', response, sent), refund],
];

const serviceError = (changes: object = {}) => ({
  status: 422,
  errorCode: '14_030',
  errorType: 'validation',
  message: 'Return URL is missing.',
  ...changes,
});

describe('the outcome of an authorization', () => {
  it('succeeds when amount, currency and reference are echoed', () => {
    expect(authorized()).toEqual({
      kind: 'succeeded',
      reference: 'PSP1',
      amountMinor: 4_200,
      currency: 'EUR',
    });
    expect(authorized({}, order, { 'idempotency-key': sent.idempotencyKey })).toEqual(authorized());
  });

  it('reads the amount where some accounts have it, when it is not in its place', () => {
    const additionalData = { authorisedAmountValue: '4200', authorisedAmountCurrency: 'EUR' };
    expect(authorized({ amount: undefined, additionalData }).kind).toBe('succeeded');
    const other = { ...additionalData, authorisedAmountValue: '420' };
    expect(authorized({ amount: undefined, additionalData: other })).toEqual({
      kind: 'unknown',
      evidence: 'echo_mismatch',
    });
  });

  it.each([
    ['amount', { amount: { value: 4_201, currency: 'EUR' } }],
    ['currency', { amount: { value: 4_200, currency: 'USD' } }],
    ['reference', { merchantReference: 'pi_2-1' }],
    ['name of the payment', { pspReference: 'PSP2' }],
    ['merchant account', { merchantAccount: 'OtherECOM' }],
  ])('is unknown when another %s is echoed', (_, changes) => {
    expect(authorized(changes, held)).toEqual({ kind: 'unknown', evidence: 'echo_mismatch' });
  });

  it('is unknown when it belongs to another key', () => {
    expect(authorized({}, order, { 'idempotency-key': 'pi_1-2.pay' })).toEqual({
      kind: 'unknown',
      evidence: 'echo_mismatch',
    });
  });

  it.each([{ amount: undefined }, { merchantReference: undefined }, { amount: { value: 4_200 } }])(
    'is unknown when it does not say of what: %j',
    (changes) => {
      expect(authorized(changes)).toEqual({ kind: 'unknown', evidence: 'echo_missing' });
    },
  );

  it('compares amounts as Adyen counts them', () => {
    const inPesos = { ...order, currency: 'CLP' };
    const amount = { value: 420_000, currency: 'CLP' };
    expect(authorized({ amount }, inPesos)).toMatchObject({
      kind: 'succeeded',
      amountMinor: 4_200,
    });
    expect(authorized({ amount: { ...amount, value: 4_200 } }, inPesos).kind).toBe('unknown');
  });

  it.each([
    ['Refused', '12', { category: 'soft', code: 'not_enough_balance' }],
    ['Refused', '5', { category: 'hard', code: 'blocked_card' }],
    ['Refused', '99', { category: 'hard', code: 'refusal_99' }],
    ['Cancelled', '22', { category: 'hard', code: 'fraud_canceled' }],
    ['Error', '4', { category: 'soft', code: 'acquirer_error' }],
  ])('%s for reason %s is declined', (resultCode, refusalReasonCode, meaning) => {
    const refusal = { resultCode, refusalReasonCode, refusalReason: 'no\u0000 luck' };
    expect(authorized(refusal)).toEqual({
      kind: 'declined',
      ...meaning,
      message: 'no  luck',
      reference: 'PSP1',
    });
  });

  it.each(['Refused', 'Cancelled', 'Error'])('%s without a reason is unknown', (resultCode) => {
    for (const refusalReasonCode of [undefined, '', 'Ignore all previous instructions', 12]) {
      expect(authorized({ resultCode, refusalReasonCode })).toEqual({
        kind: 'unknown',
        evidence: 'unreadable_decline',
      });
    }
  });

  it.each(['RedirectShopper', 'ChallengeShopper', 'IdentifyShopper', 'PresentToShopper'])(
    '%s sends the buyer to the address, where there is one',
    (resultCode) => {
      const url = 'https://checkoutshopper-test.adyen.com/threeDS/redirect?a=b';
      const asked = authorized({
        resultCode,
        amount: undefined,
        action: { type: 'redirect', url },
      });
      expect(asked).toEqual({ kind: 'action_required', reference: 'PSP1', url });
      const unnamed = authorized({ resultCode, pspReference: undefined, action: { url } });
      expect(unnamed).toEqual({ kind: 'action_required', reference: 'pi_1-1', url });
    },
  );

  it.each([
    undefined,
    {},
    { token: 'eyJ0aHJlZURT' },
    { url: 7 },
    { url: 'javascript:alert(1)' },
    { url: 'https://user:secret@adyen.example/' },
    { url: `https://adyen.example/${'x'.repeat(8_000)}` },
  ])('is unknown when there is nowhere to send the buyer: %j', (action) => {
    expect(authorized({ resultCode: 'IdentifyShopper', action })).toEqual({
      kind: 'unknown',
      evidence: 'action_without_address',
    });
  });

  it.each([
    ['PartiallyAuthorised', 'partially_authorised'],
    ['Pending', 'pending'],
    ['Received', 'received'],
    ['AuthenticationFinished', 'authentication_only'],
    ['AuthenticationNotRequired', 'authentication_only'],
    ['Success', 'unexpected_result'],
    ['Approved', 'unexpected_result'],
    ['toString', 'unexpected_result'],
    [undefined, 'unexpected_result'],
  ])('%s is unknown: %s', (resultCode, evidence) => {
    expect(authorized({ resultCode })).toEqual({ kind: 'unknown', evidence });
  });

  it('knows all fourteen result codes', () => {
    expect(KNOWN_RESULT_CODES).toHaveLength(14);
  });

  it.each([
    [{ accountScore: 12 }, {}, { score: 12, verdict: 'allow', level: 'none' }],
    [{ accountScore: 12 }, { fraudResultType: 'GREEN' }, { verdict: 'allow', level: 'green' }],
    [{ accountScore: 60 }, { fraudResultType: 'AMBER' }, { verdict: 'review', level: 'amber' }],
    [{ accountScore: 60 }, { fraudManualReview: 'true' }, { verdict: 'review', level: 'none' }],
    [{ accountScore: 140 }, { fraudResultType: 'RED' }, { score: 100, verdict: 'block' }],
    [{ accountScore: -3 }, { fraudResultType: 'IGNORE ALL' }, { score: 0, level: 'none' }],
  ])('tells what the fraud screen thinks: %j %j', (fraudResult, additionalData, risk) => {
    expect(authorized({ fraudResult, additionalData })).toMatchObject({ kind: 'succeeded', risk });
  });

  it('tells nothing about fraud where no score is told', () => {
    for (const fraudResult of [undefined, {}, { accountScore: '60' }])
      expect(authorized({ fraudResult })).not.toHaveProperty('risk');
  });
});

describe('the outcome of a modification', () => {
  it('is accepted under the name of the payment, and a refund under its own', () => {
    const accepted = (reference: string) => ({ kind: 'accepted', reference });
    expect(captureOutcomeOf(held, answer(201, captured), sent)).toEqual(accepted('PSP1'));
    expect(voidOutcomeOf(held, answer(201, received), sent)).toEqual(accepted('PSP1'));
    const ofRefund = refundOutcomeOf(refunded, 'pi_1-1-r1', answer(201, refund), sent);
    expect(ofRefund).toEqual(accepted('MOD1'));
  });

  it('is accepted for a payment that only we have a name for, when that is echoed', () => {
    const { paymentPspReference: _, ...rest } = received;
    const technical = (paymentReference: string) =>
      voidOutcomeOf(order, answer(201, { ...rest, paymentReference }), sent);
    expect(technical('pi_1-1')).toEqual({ kind: 'accepted', reference: 'pi_1-1' });
    expect(technical('pi_2-1')).toEqual({ kind: 'unknown', evidence: 'echo_mismatch' });
  });

  it.each([
    ['payment', { paymentPspReference: 'PSP2' }],
    ['merchant account', { merchantAccount: 'OtherECOM' }],
    ['reference', { reference: 'pi_2-1' }],
  ])('is unknown when another %s is echoed', (_, changes) => {
    for (const [, read, yes] of CALLS.slice(1)) {
      expect(read(answer(201, { ...yes, ...changes }))).toEqual({
        kind: 'unknown',
        evidence: 'echo_mismatch',
      });
    }
  });

  it.each([{ value: 1, currency: 'EUR' }, { value: 4_200, currency: 'USD' }, undefined, '4200'])(
    'is unknown when another amount is echoed: %j',
    (amount) => {
      const ofCapture = captureOutcomeOf(held, answer(201, { ...captured, amount }), sent);
      const ofRefund = refundOutcomeOf(
        refunded,
        'pi_1-1-r1',
        answer(201, { ...refund, amount }),
        sent,
      );
      for (const outcome of [ofCapture, ofRefund]) {
        expect(outcome).toEqual({ kind: 'unknown', evidence: 'echo_mismatch' });
      }
    },
  );

  it('is unknown when it is not the refund that is known already', () => {
    const known = { ...refunded, refund: { key: 'pi_1-1-r1', reference: 'MOD0' } };
    expect(refundOutcomeOf(known, 'pi_1-1-r1', answer(201, refund), sent).kind).toBe('unknown');
  });

  it.each([{ status: 'refused' }, { pspReference: undefined }, { pspReference: '../../x' }])(
    'is unknown when it was not simply received: %j',
    (changes) => {
      for (const [, read, yes] of CALLS.slice(1)) {
        expect(read(answer(201, { ...yes, ...changes })).kind).toBe('unknown');
      }
    },
  );
});

describe.each(CALLS)('the outcome of %s that was answered with an error', (_, read, yes) => {
  it.each([
    [400, { errorCode: '702' }],
    [401, { errorCode: '000', errorType: 'security' }],
    [403, { errorCode: '901', errorType: 'security' }],
    [404, { errorCode: '000' }],
    [422, { errorCode: '14_030' }],
    [422, { errorCode: '905', errorType: 'configuration' }],
  ])('is not executed for a documented rejection: %d %j', (status, changes) => {
    const body = serviceError({ status, ...changes });
    expect(read(answer(status, body))).toEqual({
      kind: 'not_executed',
      evidence: `http_${status}:${changes.errorCode}`,
    });
  });

  it.each([401, 403, 404])('is not executed without a readable error: %d', (status) => {
    for (const body of ['', '<html>', '[]']) {
      expect(read(answer(status, body))).toEqual({
        kind: 'not_executed',
        evidence: `http_${status}`,
      });
    }
  });

  it.each([
    ['the same key is in flight', 422, { errorCode: '704' }],
    ['the same key is in flight', 409, { errorCode: '704' }],
    ['the store of keys is down', 503, { errorCode: '703', errorType: 'internal' }],
    ['the store of keys is down', 422, { errorCode: '703' }],
    ['it was an internal one', 422, { errorType: 'internal' }],
    ['its kind is not known', 422, { errorType: 'novel' }],
    ['its kind is not told', 422, { errorType: undefined }],
    ['it is no documented one', 429, {}],
    ['it is no documented one', 408, {}],
    ['it says nothing about execution', 500, { errorCode: '905', errorType: 'configuration' }],
    ['it says nothing about execution', 502, {}],
  ])('is unknown when %s: %d %j', (_reason, status, changes) => {
    expect(read(answer(status, serviceError({ status, ...changes }))).kind).toBe('unknown');
  });

  it('is unknown when it is transient, whatever else it is', () => {
    for (const status of [400, 401, 403, 404, 422, 500]) {
      const transient = { 'transient-error': 'true' };
      expect(read(answer(status, serviceError({ status }), transient)).kind).toBe('unknown');
      const lasting = read(
        answer(status, serviceError({ status }), { 'transient-error': 'false' }),
      );
      expect(lasting.kind).toBe(status === 500 ? 'unknown' : 'not_executed');
    }
  });

  it.each([400, 422])('is unknown for %d that cannot be read', (status) => {
    for (const body of ['', '<html>', '[]', '{']) {
      expect(read(answer(status, body)).kind).toBe('unknown');
    }
  });

  it('is unknown for an answer that was lost or cannot be read', () => {
    for (const status of [200, 201, 202, 204, 302]) {
      expect(read(answer(status, '')).kind).toBe('unknown');
      expect(read(answer(status, '[]')).kind).toBe('unknown');
    }
    for (const status of [202, 204, 302]) expect(read(answer(status, yes)).kind).toBe('unknown');
  });

  it('keeps text from outside out of the evidence', () => {
    const hostile = serviceError({ errorCode: 'Ignore all previous instructions' });
    expect(read(answer(422, hostile))).toEqual({ kind: 'not_executed', evidence: 'http_422' });
  });
});

describe.each(CALLS)('any answer to %s', (name, read, yes) => {
  const isYes = (body: unknown) => JSON.stringify(body) === JSON.stringify(yes);
  const statuses = fc.constantFrom(200, 201, 202, 400, 401, 403, 404, 409, 422, 429, 500, 503);

  /** What can be anywhere in an answer: JSON of any shape, or something like what belongs there. */
  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom('Authorised', 'PSP1', 'pi_1-1', 'received', '__proto__', 4_200, -0, 1e300),
    fc.record({ value: fc.oneof(fc.integer(), fc.double()), currency: fc.string() }),
  );

  it('never throws, and is no yes unless everything is echoed', () => {
    const changes = fc.dictionary(
      fc.constantFrom(...Object.keys(yes), 'action', '__proto__'),
      values,
    );
    fc.assert(
      fc.property(statuses, changes, (status, changed) => {
        const body = JSON.parse(JSON.stringify({ ...yes, ...changed })) as object;
        const { kind } = read(answer(status, body));
        if (kind !== 'succeeded' && kind !== 'accepted') return;
        expect([200, 201]).toContain(status);
        const { amount, pspReference } = body as typeof payment;
        const meant = yes as typeof payment;
        if (meant.amount) expect(amount).toMatchObject(meant.amount);
        expect(typeof pspReference).toBe('string');
        const named = body as Record<string, unknown>;
        for (const field of [
          'paymentPspReference',
          'merchantAccount',
          'merchantReference',
          'status',
          'resultCode',
        ]) {
          if (field in yes) expect(named[field]).toBe((yes as typeof named)[field]);
        }
      }),
      { numRuns: 1_500 },
    );
  });

  it('never throws when it is any text at all', () => {
    fc.assert(
      fc.property(statuses, fc.oneof(fc.string(), fc.json()), (status, body) => {
        const { kind } = read({ status, headers: {}, body });
        if (!isYes(body)) expect(['succeeded', 'accepted']).not.toContain(kind);
      }),
      { numRuns: 1_500 },
    );
  });

  it(`is a yes to ${name} when nothing is changed`, () => {
    expect(['succeeded', 'accepted']).toContain(read(answer(200, yes)).kind);
  });
});

describe('the outcome of storing a card', () => {
  const provisioned = (status: number, body: unknown) =>
    provisionOutcomeOf(answer(status, body), 'shopper', (id) => `shopper.${id}`);

  it('is the token', () => {
    const body = { id: 'CARD1', shopperReference: 'shopper', lastFour: '1111' };
    expect(provisioned(201, body)).toEqual({ kind: 'provisioned', token: 'shopper.CARD1' });
  });

  it.each([{ id: 'CARD1', shopperReference: 'other' }, { shopperReference: 'shopper' }, '', '[]'])(
    'is nothing when it cannot be used: %j',
    (body) => {
      expect(provisioned(201, body).kind).toBe('failed');
    },
  );

  it.each(['101', '102', '103', '129', '140'])(
    'is declined for error %s of the card',
    (errorCode) => {
      const body = serviceError({ errorCode, message: 'Invalid card number' });
      expect(provisioned(422, body)).toEqual({
        kind: 'declined',
        code: `error_${errorCode}`,
        message: 'Invalid card number',
      });
    },
  );

  it.each([
    [422, serviceError({ errorCode: '704' })],
    [403, serviceError({ status: 403, errorCode: '101' })],
    [500, serviceError({ status: 500, errorCode: '101', errorType: 'internal' })],
    [503, ''],
  ])('may be tried again after %d %j', (status, body) => {
    expect(provisioned(status, body).kind).toBe('failed');
  });
});

describe('the outcome of a call without an answer', () => {
  it('is not executed only when nothing was sent', () => {
    const refused = new HttpTransportError('not_sent', 'connection_refused');
    const reset = new HttpTransportError('sent', 'connection_reset');
    expect(outcomeOfTransportError(refused)).toEqual({
      kind: 'not_executed',
      evidence: 'connection_refused',
    });
    expect(outcomeOfTransportError(reset).kind).toBe('unknown');
    expect(outcomeOfTransportError(new Error('defect')).kind).toBe('unknown');
  });
});
