import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AttemptOrder } from '../processor.port.js';
import {
  authorizationOutcomeOf,
  captureOutcomeOf,
  provisionOutcomeOf,
  refundOutcomeOf,
  voidOutcomeOf,
} from './adyen.mapping.js';
import {
  adyenEventCodes,
  adyenPairedExamples,
  adyenSpecification,
  adyenWebhookExamples,
  type PairedExample,
} from './adyen.specification.fixture.js';
import { AdyenNoticeReader } from './index.js';

/** What Adyen's own examples mean to the connector. They are not always complete; what is missing is never made up. */

interface Fields {
  [name: string]: unknown;
  amount?: { value: number; currency: string };
}

/** The order that would have been asked for so. */
function orderOf({ path, request, response }: PairedExample): AttemptOrder {
  const { amount, reference } = request as Fields;
  const { paymentPspReference } = response as Fields;
  return {
    key: typeof reference === 'string' ? reference : 'pi_1-1',
    amountMinor: amount?.value ?? 0,
    currency: amount?.currency ?? 'EUR',
    paymentMethod: 'shopper.CARD',
    ...(path.includes('{') && { reference: String(paymentPspReference) }),
  };
}

/** What an example is mapped to; undefined for requests that are never made here. */
function mappedTo(example: PairedExample): string | undefined {
  const { path, response, status } = example;
  const order = orderOf(example);
  const answer = { status, headers: {}, body: JSON.stringify(response) };
  const { merchantAccount } = example.request as Fields;
  const sent = { idempotencyKey: 'a-key', merchantAccount: String(merchantAccount) };
  const outcome = () => {
    switch (path) {
      case '/payments':
        return authorizationOutcomeOf(order, answer, sent);
      case '/payments/{paymentPspReference}/captures':
        return captureOutcomeOf(order, answer, sent);
      case '/payments/{paymentPspReference}/cancels':
      case '/cancels':
        return voidOutcomeOf({ ...order, key: keyOf(example) }, answer, sent);
      case '/payments/{paymentPspReference}/refunds':
        return refundOutcomeOf(order, order.key, answer, sent);
      case '/storedPaymentMethods':
        return provisionOutcomeOf(answer, 'YOUR_SHOPPER_REFERENCE', (id) => id);
      default:
        return undefined;
    }
  };
  const mapped = outcome();
  if (!mapped) return undefined;
  return 'evidence' in mapped ? `${mapped.kind}: ${mapped.evidence}` : mapped.kind;
}

/** A technical cancel is asked for under the payment's reference. */
const keyOf = ({ request }: PairedExample) => String((request as Fields).reference);

/** Every example, and every other endpoint's, which nobody reads. */
const CHECKOUT: Readonly<Record<string, string>> = {
  // The references of the examples are not those of their requests.
  '/payments card-direct': 'unknown: echo_mismatch',
  '/payments card-securedfields': 'unknown: echo_mismatch',
  '/payments enableOneClick-SF': 'unknown: echo_mismatch',
  '/payments subscription-first-transaction': 'unknown: echo_mismatch',
  // No amount and no reference at all.
  '/payments on-demand-top-up-visa': 'unknown: echo_missing',
  '/payments on-demand-top-up-from-transfer-instrument': 'unknown: echo_missing',
  '/payments split-balanceplatform': 'succeeded',
  '/payments card-3d-secure-2-web': 'unknown: action_without_address',
  '/payments card-3d-secure-redirect': 'action_required',
  '/payments ideal': 'action_required',
  '/payments/{paymentPspReference}/captures capture': 'accepted',
  '/payments/{paymentPspReference}/captures split-balanceplatform': 'accepted',
  '/payments/{paymentPspReference}/captures split-classic': 'accepted',
  '/payments/{paymentPspReference}/cancels cancel-with-psp-reference': 'accepted',
  '/payments/{paymentPspReference}/refunds refund': 'accepted',
  // Our cancels have the payment's reference, Adyen's example has one of its own.
  '/cancels cancel-with-own-reference': 'unknown: echo_mismatch',
  '/storedPaymentMethods encrypted-card-details': 'provisioned',
  '/storedPaymentMethods unencrypted-card-details': 'provisioned',
};

describe.skipIf(!adyenSpecification)("Adyen's examples of requests and answers", () => {
  it('are forty-eight', () => {
    expect(adyenPairedExamples).toHaveLength(48);
  });

  it('mean what they say, and what they do not say stays unknown', () => {
    const mapped = adyenPairedExamples
      .filter(({ method }) => method === 'post')
      .map((example) => [`${example.path} ${example.name}`, mappedTo(example)])
      .filter(([, meaning]) => meaning !== undefined);
    expect(Object.fromEntries(mapped)).toEqual(CHECKOUT);
  });

  it('are no yes to something else that was asked for', () => {
    for (const example of adyenPairedExamples) {
      const request = { ...(example.request as Fields), amount: { value: 1, currency: 'JPY' } };
      const meaning = mappedTo({ ...example, request }) ?? '';
      if (example.path.endsWith('/cancels') || example.path === '/storedPaymentMethods') continue;
      expect(meaning).not.toMatch(/^(succeeded|accepted)/);
    }
  });
});

const KEY = 'ab'.repeat(32);
const ACCOUNT = 'YOUR_MERCHANT_ACCOUNT';
const reader = new AdyenNoticeReader({
  name: 'adyen',
  merchantAccount: ACCOUNT,
  hmacKeys: [KEY],
});

/** The example as it would come, signed. */
function signed(body: unknown): unknown {
  const copy = JSON.parse(JSON.stringify(body)) as {
    notificationItems?: { NotificationRequestItem: Fields & { additionalData?: object } }[];
  };
  for (const { NotificationRequestItem: item } of copy.notificationItems ?? []) {
    const { pspReference, originalReference = '', merchantAccountCode, merchantReference } = item;
    const fields = [
      ...[pspReference, originalReference, merchantAccountCode, merchantReference],
      ...[item.amount?.value, item.amount?.currency, item.eventCode, item.success],
    ];
    const hmacSignature = createHmac('sha256', Buffer.from(KEY, 'hex'))
      .update(fields.map(String).join(':'))
      .digest('base64');
    item.additionalData = { ...item.additionalData, hmacSignature };
  }
  return copy;
}

const readingOf = (body: unknown) => reader.read(Buffer.from(JSON.stringify(body)), {});

function told(body: unknown): string {
  const reading = readingOf(signed(body));
  if (!reading.ok) return reading.code;
  return reading.notices
    .map(({ meaning }) => {
      if (meaning.about === 'dispute') return `dispute ${meaning.dispute.state}`;
      return 'outcome' in meaning ? `${meaning.about} ${meaning.outcome.kind}` : meaning.about;
    })
    .join();
}

/** Other webhooks with a signature of another kind; they are not standard webhooks and are not taken for them. */
const NOT_STANDARD = 'malformed';

const WEBHOOKS: Readonly<Record<string, string>> = {
  'ACH_NOTIFICATION_OF_CHANGE-ach_notification_of_change': NOT_STANDARD,
  'DIRECT_DEBIT_NOTICE_OF_CHANGE_NOTIFICATION-ach_notice_of_change': NOT_STANDARD,
  'DIRECT_DEBIT_NOTICE_OF_CHANGE_NOTIFICATION-eft_notice_of_change': NOT_STANDARD,
  'AUTHORISATION-authorisation': 'authorize succeeded',
  'CANCELLATION-cancellation': 'void succeeded',
  'CANCEL_OR_REFUND-cancel_or_refund': 'void unknown',
  'CAPTURE-capture': 'capture succeeded',
  'CAPTURE_FAILED-capture_failed': 'capture declined',
  'EXPIRE-expire': 'void succeeded',
  'POSTPONED_REFUND-postponed_refund': 'refund accepted',
  'REFUND-refund': 'refund declined',
  'REFUNDED_REVERSED-refunded_reversed': 'refund declined',
  'REFUND_FAILED-refund_failed': 'refund declined',
  'TECHNICAL_CANCEL-technical_cancel': 'void succeeded',
  'CHARGEBACK-chargeback': 'dispute opened',
  'CHARGEBACK_REVERSED-chargeback_reversed': 'dispute won',
  'DISPUTE_DEFENSE_PERIOD_ENDED-dispute_defense_period_ended': 'dispute lost',
  'ISSUER_RESPONSE_TIMEFRAME_EXPIRED-issuer_response_timeframe_expired': 'dispute won',
  'NOTIFICATION_OF_CHARGEBACK-notification_of_chargeback': 'dispute opened',
  'PREARBITRATION_LOST-prearbitration_lost': 'dispute lost',
  'PREARBITRATION_WON-prearbitration_won': 'dispute won',
  'REQUEST_FOR_INFORMATION-request_for_information': 'dispute evidence_due',
  'SECOND_CHARGEBACK-second_chargeback': 'dispute lost',
};

describe.skipIf(adyenWebhookExamples.length === 0)("Adyen's examples of webhooks", () => {
  it('are forty-two', () => {
    expect(adyenWebhookExamples).toHaveLength(42);
  });

  it('mean what they say; all others mean nothing', () => {
    const meanings = adyenWebhookExamples.map(([name, body]) => [name, told(body)]);
    const others = meanings.filter(([name = '']) => !(name in WEBHOOKS));
    expect(Object.fromEntries(meanings)).toMatchObject(WEBHOOKS);
    expect(new Set(others.map(([, meaning]) => meaning))).toEqual(new Set(['nothing']));
  });

  it('are not believed as they are printed: none has a signature of ours', () => {
    for (const [, body] of adyenWebhookExamples) expect(readingOf(body).ok).toBe(false);
  });

  it('are of codes whose names are read here as they are written there', () => {
    const used = Object.keys(WEBHOOKS).map((name) => name.split('-')[0]);
    expect(used.filter((code) => !adyenEventCodes.includes(code ?? ''))).toEqual([]);
    expect(adyenEventCodes).toHaveLength(48);
  });
});
