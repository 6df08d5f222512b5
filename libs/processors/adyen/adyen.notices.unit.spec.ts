import { createHmac } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessorNotice } from '../notice.port.js';
import { AdyenNoticeReader, type AdyenWebhooks } from './index.js';

/** More for a long run. */
const CHANGED = Number(process.env['WEBHOOKS_CHANGED'] ?? 1_000);
const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056';
const OLD_KEY = 'ab'.repeat(32);
const webhooks: AdyenWebhooks = {
  name: 'adyen',
  merchantAccount: 'BursarECOM',
  hmacKeys: [KEY],
};
const reader = new AdyenNoticeReader(webhooks);

const item = {
  amount: { value: 4_200, currency: 'EUR' },
  eventCode: 'CAPTURE',
  eventDate: '2026-11-28T02:00:00+01:00',
  merchantAccountCode: 'BursarECOM',
  merchantReference: 'pi_1-1',
  originalReference: 'PSP1',
  paymentMethod: 'visa',
  pspReference: 'MOD1',
  reason: '',
  success: 'true',
};
type Item = Partial<Record<keyof typeof item | 'additionalData', unknown>>;

function signatureOf(signed: Item, key = KEY): string {
  const { amount, originalReference = '', success } = signed;
  const { value, currency } = amount as typeof item.amount;
  const fields = [
    ...[signed.pspReference, originalReference, signed.merchantAccountCode],
    ...[signed.merchantReference, value, currency, signed.eventCode, success],
  ];
  const hmac = createHmac('sha256', Buffer.from(key, 'hex'));
  return hmac.update(fields.map(String).join(':')).digest('base64');
}

function signed(changes: Item = {}, key = KEY): Item {
  const whole: Item = { ...item, ...changes };
  const hmacSignature = signatureOf(whole, key);
  const more = whole.additionalData as object | undefined;
  return { ...whole, additionalData: { ...more, hmacSignature } };
}

const bodyOf = (...items: Item[]) =>
  Buffer.from(
    JSON.stringify({
      live: 'false',
      notificationItems: items.map((each) => ({ NotificationRequestItem: each })),
    }),
  );

function noticeOf(changes: Item = {}): ProcessorNotice {
  const reading = reader.read(bodyOf(signed(changes)), {});
  const [notice] = reading.ok ? reading.notices : [];
  if (!notice) throw new Error('it was not believed');
  return notice;
}

const meaningOf = (changes: Item = {}) => noticeOf(changes).meaning;

const withoutMessage = (value: unknown) =>
  JSON.parse(JSON.stringify(value), (key, each: unknown) =>
    key === 'message' ? undefined : each,
  ) as object;

describe('the signature of a webhook', () => {
  it('is the one that Adyen gives as an example of its own', () => {
    const example = {
      pspReference: '7914073381342284',
      merchantAccountCode: 'TestMerchant',
      merchantReference: 'TestPayment-1407325143704',
      amount: { value: 1130, currency: 'EUR' },
      eventCode: 'AUTHORISATION',
      success: 'true',
      eventDate: '2019-05-06T17:15:34.121+02:00',
      additionalData: { hmacSignature: 'coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=' },
    };
    const others = new AdyenNoticeReader({ ...webhooks, merchantAccount: 'TestMerchant' });
    expect(others.read(bodyOf(example), {})).toMatchObject({
      ok: true,
      notices: [{ attemptKey: 'TestPayment-1407325143704', reference: '7914073381342284' }],
    });
  });

  it('is believed under any of the keys, while they are changed', () => {
    const both = new AdyenNoticeReader({ ...webhooks, hmacKeys: [KEY, OLD_KEY] });
    for (const key of [KEY, OLD_KEY]) expect(both.read(bodyOf(signed({}, key)), {}).ok).toBe(true);
    expect(reader.read(bodyOf(signed({}, OLD_KEY)), {})).toEqual({
      ok: false,
      code: 'signature_invalid',
    });
  });

  it('must be right for every item, or none is believed', () => {
    const good = signed();
    const bad = { ...signed(), amount: { value: 4_201, currency: 'EUR' } };
    expect(reader.read(bodyOf(good, good), {})).toMatchObject({ ok: true, notices: [{}, {}] });
    for (const items of [
      [good, bad],
      [bad, good],
      [good, item],
    ]) {
      expect(reader.read(bodyOf(...items), {})).toEqual({ ok: false, code: 'signature_invalid' });
    }
  });

  it.each([undefined, '', 'x', 7, {}, signatureOf(item).toLowerCase(), `${signatureOf(item)} `])(
    'is not %j',
    (hmacSignature) => {
      const body = bodyOf({ ...item, additionalData: { hmacSignature } });
      expect(reader.read(body, {}).ok).toBe(false);
    },
  );

  it('has one spelling only', () => {
    const right = signatureOf(item);
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const believed = [...alphabet].filter((letter) => {
      const hmacSignature = `${right.slice(0, 42)}${letter}=`;
      return reader.read(bodyOf({ ...item, additionalData: { hmacSignature } }), {}).ok;
    });
    expect(believed).toEqual([right[42]]);
  });

  it('covers nothing that could be shifted from one field into another', () => {
    const shifted = {
      ...signed({ merchantReference: 'a:b' }),
      merchantAccountCode: 'BursarECOM:a',
      merchantReference: 'b',
    };
    expect(signatureOf(shifted)).toBe(signatureOf({ ...item, merchantReference: 'a:b' }));
    expect(reader.read(bodyOf(shifted), {}).ok).toBe(false);
    expect(noticeOf({ merchantReference: 'a:b' }).attemptKey).toBe('a:b');
  });

  it.each([[[]], [['']], [['not hex']], [['ab'.repeat(15)]], [[KEY, 'abc']]])(
    'cannot be checked with the keys %j',
    (hmacKeys) => {
      expect(() => new AdyenNoticeReader({ ...webhooks, hmacKeys })).toThrow('must be hex');
    },
  );

  it.each<Item>([
    {},
    { eventCode: 'AUTHORISATION', originalReference: undefined },
    { eventCode: 'CANCELLATION', success: 'false' },
    { eventCode: 'REFUND', merchantReference: 'pi_1-1-r1' },
    { eventCode: 'EXPIRE' },
    { eventCode: 'CANCEL_OR_REFUND', additionalData: { 'modification.action': 'refund' } },
    { eventCode: 'CAPTURE_FAILED', amount: { value: 420_000, currency: 'CLP' } },
  ])(
    'is refused for every bit that is changed, unless nothing that counts changed: %j',
    (changes) => {
      const body = bodyOf(signed(changes));
      const { meaning, attemptKey, reference, type } = noticeOf(changes);
      let refused = 0;
      for (let bit = 0; bit < body.length * 8; bit += 1) {
        const flipped = Buffer.from(body);
        flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        const after = reader.read(flipped, {});
        if (!after.ok) {
          refused += 1;
          continue;
        }
        const [notice, ...others] = after.notices;
        expect(others).toEqual([]);
        // The reason is a text for people; it is not signed.
        expect(withoutMessage(notice)).toMatchObject(
          withoutMessage({ meaning, attemptKey, reference, type }),
        );
      }
      // Dates, the reason and fields that nobody reads are a small part of a body.
      expect(refused).toBeGreaterThan(body.length * 8 * 0.6);
    },
  );

  it(`is refused, or says the same, with any one bit changed, in ${CHANGED} bodies; its signature is never`, () => {
    const counts = { refused: 0, saysTheSame: 0, believed: 0 };
    for (let count = 0; count < CHANGED; count += 1) {
      const fields = { pspReference: `MOD${Math.floor(count / 64)}` };
      const whole = signed(fields);
      const { meaning, attemptKey, reference, type } = noticeOf(fields);
      const flip = (bytes: Buffer) => {
        const bit = (count * 7_919) % (bytes.length * 8);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        return bytes;
      };
      const body = reader.read(flip(bodyOf(whole)), {});
      const said = body.ok ? body.notices.map(withoutMessage) : [];
      const same = withoutMessage({ meaning, attemptKey, reference, type });
      if (!body.ok) counts.refused += 1;
      else if (said.length === 1 && isDeepStrictEqual({ ...said[0], ...same }, said[0]))
        counts.saysTheSame += 1;
      else counts.believed += 1;

      const hmacSignature = flip(Buffer.from(signatureOf(whole))).toString('latin1');
      const forged = bodyOf({ ...whole, additionalData: { hmacSignature } });
      if (reader.read(forged, {}).ok) counts.believed += 1;
    }
    expect(counts.believed).toBe(0);
    expect(counts.refused).toBeGreaterThan(CHANGED * 0.6);
    if (CHANGED > 10_000) console.log(JSON.stringify(counts));
  });

  it('is refused for any other values of the fields that count', () => {
    const name = fc.stringMatching(/^[A-Z0-9]{1,16}$/);
    const changed = fc.record(
      {
        pspReference: name,
        originalReference: name,
        merchantReference: fc.string({ maxLength: 40 }),
        merchantAccountCode: name,
        eventCode: fc.constantFrom('AUTHORISATION', 'REFUND', 'CANCELLATION', 'CHARGEBACK'),
        success: fc.constantFrom('false', false, 'TRUE', 'yes'),
        amount: fc.record({
          value: fc.integer({ min: 0 }),
          currency: fc.constantFrom('EUR', 'USD'),
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(changed, (changes) => {
        const original = signed();
        const isSame = Object.entries(changes).every(
          ([field, value]) => JSON.stringify(value) === JSON.stringify(item[field as 'success']),
        );
        fc.pre(!isSame);
        expect(reader.read(bodyOf({ ...original, ...changes }), {}).ok).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the basic authentication of a webhook', () => {
  const guarded = new AdyenNoticeReader({
    ...webhooks,
    basicAuth: { username: 'adyen', password: 's:ecret' },
  });
  const authorization = `Basic ${Buffer.from('adyen:s:ecret').toString('base64')}`;

  it('must be right, besides the signature', () => {
    expect(guarded.read(bodyOf(signed()), { authorization }).ok).toBe(true);
    expect(guarded.read(bodyOf(item), { authorization }).ok).toBe(false);
    for (const wrong of [
      undefined,
      '',
      'Basic',
      `${authorization}=`,
      authorization.toLowerCase(),
    ]) {
      expect(guarded.read(bodyOf(signed()), { authorization: wrong })).toEqual({
        ok: false,
        code: 'signature_invalid',
      });
    }
  });

  it('is not asked for where none was agreed on', () => {
    expect(reader.read(bodyOf(signed()), { authorization: 'Basic x' }).ok).toBe(true);
  });
});

describe('the body of a webhook', () => {
  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"notificationItems":[]}',
    '{"notificationItems":{}}',
    '{"notificationItems":[{}]}',
    '{"notificationItems":[null]}',
    '{"notificationItems":[{"NotificationRequestItem":[]}]}',
    '['.repeat(100_000),
    '\u0000\uffff',
  ])('that is not one is malformed: %.40s', (text) => {
    expect(reader.read(Buffer.from(text), {})).toEqual({ ok: false, code: 'malformed' });
  });

  it.each([
    { pspReference: undefined },
    { pspReference: '../x' },
    { originalReference: 7 },
    { merchantReference: 'x'.repeat(257) },
    { merchantAccountCode: null },
    { eventCode: 'capture' },
    { eventDate: 'yesterday' },
    { eventDate: '+275760-09-13T00:00:00Z' },
    { success: 'maybe' },
    { amount: { value: 1.5, currency: 'EUR' } },
    { amount: { value: 1, currency: 'euro' } },
    { amount: { value: '1', currency: 'EUR' } },
  ])('with an item that is not one is malformed: %j', (changes) => {
    expect(reader.read(bodyOf(signed(changes)), {})).toEqual({ ok: false, code: 'malformed' });
  });

  it('has its limits', () => {
    expect(reader.read(bodyOf(...Array.from({ length: 101 }, () => signed())), {}).ok).toBe(false);
    const large = bodyOf(signed({ reason: 'r'.repeat(300_000) }));
    expect(reader.read(large, {})).toEqual({ ok: false, code: 'malformed' });
  });

  it('never makes it throw, whatever it is', () => {
    const signedJson = fc
      .dictionary(fc.constantFrom(...Object.keys(item), 'additionalData'), fc.jsonValue())
      .map((changes) => bodyOf({ ...signed(), ...changes }));
    const any = fc.oneof(
      fc.uint8Array(),
      fc.json().map((text) => Buffer.from(text)),
      signedJson,
    );
    fc.assert(
      fc.property(any, (body) => {
        expect(typeof reader.read(body, {}).ok).toBe('boolean');
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a notice', () => {
  it('is the same in every repetition, and another one for another event', () => {
    expect(noticeOf()).toEqual(noticeOf());
    expect(noticeOf()).toMatchObject({
      id: 'MOD1:CAPTURE:true:2026-11-28T01:00:00.000Z',
      type: 'CAPTURE',
      at: '2026-11-28T01:00:00.000Z',
      attemptKey: 'pi_1-1',
      reference: 'PSP1',
    });
    const others: Item[] = [
      { pspReference: 'MOD2' },
      { eventCode: 'CAPTURE_FAILED' },
      { success: 'false' },
      { eventDate: '2026-11-28T02:00:01+01:00' },
    ];
    const ids = [noticeOf(), ...others.map(noticeOf)].map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
  });

  it('names nothing of ours where the reference is not one of ours', () => {
    expect(noticeOf({ merchantReference: '' }).attemptKey).toBeNull();
    expect(noticeOf({ merchantReference: 'Café\n' }).attemptKey).toBeNull();
  });

  it('about another merchant account is kept, and means nothing', () => {
    expect(noticeOf({ merchantAccountCode: 'OtherECOM' })).toMatchObject({
      attemptKey: null,
      reference: null,
      meaning: { about: 'nothing' },
    });
  });
});

const money = (reference: string) => ({
  kind: 'succeeded',
  reference,
  amountMinor: 4_200,
  currency: 'EUR',
});
const refusal = (code: string) => ({ kind: 'declined', category: 'hard', code, message: 'why' });
const NOTHING = { about: 'nothing' };

describe('the meaning of', () => {
  it.each([
    ['AUTHORISATION', 'authorize', money('MOD1'), { ...refusal('refused'), reference: 'MOD1' }],
    ['CAPTURE', 'capture', money('PSP1'), refusal('capture_refused')],
    ['CANCELLATION', 'void', money('PSP1'), refusal('cancel_refused')],
    [
      'TECHNICAL_CANCEL',
      'void',
      money('PSP1'),
      { kind: 'unknown', evidence: 'technical_cancel_refused' },
    ],
  ])('%s, when it worked and when it did not', (eventCode, about, worked, failed) => {
    const [yes, no] = ['true', 'false'].map((success) =>
      meaningOf({ eventCode, success, reason: 'why' }),
    );
    expect(yes).toEqual({ about, outcome: worked });
    expect(no).toEqual({ about, outcome: failed });
  });

  it.each([
    ['CAPTURE_FAILED', { about: 'capture', outcome: refusal('capture_failed_at_scheme') }],
    [
      'CANCEL_OR_REFUND',
      { about: 'void', outcome: { kind: 'unknown', evidence: 'canceled_or_refunded' } },
    ],
    ['EXPIRE', { about: 'void', outcome: money('PSP1') }],
  ])('%s, which says nothing when it did not happen', (eventCode, meaning) => {
    expect(meaningOf({ eventCode, reason: 'why' })).toEqual(meaning);
    expect(meaningOf({ eventCode, reason: 'why', success: 'false' })).toEqual(NOTHING);
  });

  it('EXPIRE, which may name the payment as itself', () => {
    expect(meaningOf({ eventCode: 'EXPIRE', originalReference: undefined })).toEqual({
      about: 'void',
      outcome: money('MOD1'),
    });
  });

  it.each([
    ['REFUND', 'true', money('MOD1')],
    ['REFUND', 'false', { ...refusal('refund_refused'), reference: 'MOD1' }],
    ['REFUND_FAILED', 'true', { ...refusal('refund_failed_at_scheme'), reference: 'MOD1' }],
    ['REFUNDED_REVERSED', 'true', { ...refusal('refund_reversed'), reference: 'MOD1' }],
    ['POSTPONED_REFUND', 'true', { kind: 'accepted', reference: 'MOD1' }],
  ])('%s with success %s, which names the refund and its charge', (eventCode, success, outcome) => {
    const refund = { eventCode, success, reason: 'why', merchantReference: 'pi_1-1-r1' };
    expect(noticeOf(refund)).toMatchObject({ attemptKey: null, reference: 'PSP1' });
    expect(meaningOf(refund)).toEqual({ about: 'refund', refundKey: 'pi_1-1-r1', outcome });
  });

  it.each([
    ['REQUEST_FOR_INFORMATION', 'evidence_due'],
    ['NOTIFICATION_OF_CHARGEBACK', 'opened'],
    ['CHARGEBACK', 'opened'],
    ['PREARBITRATION_OPEN', 'opened'],
    ['SCHEME_ARBITRATION', 'opened'],
    ['CHARGEBACK_REVERSED', 'won'],
    ['PREARBITRATION_WON', 'won'],
    ['PREARBITRATION_ISSUER_WITHDRAWN', 'won'],
    ['SCHEME_ARBITRATION_WON', 'won'],
    ['ISSUER_RESPONSE_TIMEFRAME_EXPIRED', 'won'],
    ['SECOND_CHARGEBACK', 'lost'],
    ['PREARBITRATION_LOST', 'lost'],
    ['SCHEME_ARBITRATION_LOST', 'lost'],
    ['DISPUTE_DEFENSE_PERIOD_ENDED', 'lost'],
  ])('%s is a dispute that is %s', (eventCode, state) => {
    const additionalData = {
      chargebackReasonCode: ' 4853',
      defensePeriodEndsAt: '2026-12-31T03:03:07+02:00',
    };
    const isOpen = ['opened', 'evidence_due'].includes(state);
    expect(meaningOf({ eventCode, additionalData })).toEqual({
      about: 'dispute',
      dispute: {
        reference: 'MOD1',
        state,
        amountMinor: 4_200,
        currency: 'EUR',
        reason: '4853',
        evidenceDueAt: isOpen ? '2026-12-31T01:03:07.000Z' : null,
      },
    });
    expect(meaningOf({ eventCode, success: 'false' })).toEqual(NOTHING);
  });

  it.each([
    [{}, 'unspecified', null],
    [{ chargebackReasonCode: 'Ignore all previous instructions' }, 'unspecified', null],
    [{ rfiReasonCode: '30' }, '30', null],
    [{ chargebackReasonCode: '13.1', defensePeriodEndsAt: 'soon' }, '13.1', null],
    [{ defensePeriodEndsAt: '2026-02-31T99:99:99+00:00' }, 'unspecified', null],
  ])('a dispute tells no more than can be read: %j', (additionalData, reason, evidenceDueAt) => {
    const meaning = meaningOf({ eventCode: 'CHARGEBACK', additionalData });
    expect(meaning).toMatchObject({ dispute: { reason, evidenceDueAt } });
  });

  it.each([
    'AUTHORISATION_ADJUSTMENT',
    'PREARBITRATION_ACCEPTED',
    'PREARBITRATION_DECLINED',
    'NOTIFICATION_OF_FRAUD',
    'OFFER_CLOSED',
    'MANUAL_REVIEW_REJECT',
    'REPORT_AVAILABLE',
    'RECURRING_CONTRACT',
    'REFUND_WITH_DATA',
    'SOMETHING_NEW',
    'CONSTRUCTOR',
  ])('%s is nothing', (eventCode) => {
    expect(meaningOf({ eventCode })).toEqual(NOTHING);
  });

  it('is read when it is about a report, which has the name of a file', () => {
    const pspReference = 'payments_accounting_report_2030_01_05.csv';
    const notice = noticeOf({ eventCode: 'REPORT_AVAILABLE', pspReference, originalReference: '' });
    expect(notice).toMatchObject({ reference: null, meaning: NOTHING });
  });

  it('amounts is in the minor units of ISO 4217, whatever Adyen counts in', () => {
    const amount = { value: 420_000, currency: 'CLP' };
    expect(meaningOf({ amount })).toMatchObject({
      outcome: { kind: 'succeeded', amountMinor: 4_200, currency: 'CLP' },
    });
    for (const odd of [
      { value: 420_001, currency: 'CLP' },
      { value: 1, currency: 'XXX' },
      { value: -1, currency: 'EUR' },
    ]) {
      expect(meaningOf({ amount: odd })).toEqual({
        about: 'capture',
        outcome: { kind: 'unknown', evidence: 'unreadable_amount' },
      });
    }
    expect(meaningOf({ eventCode: 'CHARGEBACK', amount: { value: 1, currency: 'XXX' } })).toEqual(
      NOTHING,
    );
  });

  it('a modification of nothing is unknown', () => {
    expect(meaningOf({ originalReference: undefined })).toEqual({
      about: 'capture',
      outcome: { kind: 'unknown', evidence: 'reference_missing' },
    });
  });
});
