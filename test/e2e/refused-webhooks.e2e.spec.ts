import { createHmac } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADYEN_DOUBLE, STRIPE_DOUBLE } from '../../apps/sandbox/doubles.js';
import { everyPage } from '../support/agent.client.js';
import { createHttpClient, type HttpClient } from '../support/http.client.js';
import { inParallel } from '../support/load.js';
import { purchase } from '../support/purchase.fixture.js';
import { DOUBLES } from '../support/sandbox.control.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';
import { FORM } from '../support/bursar.process.js';
import { useStage } from '../support/stage.fixture.js';

const COUNT = Number(process.env['WEBHOOKS_OVER_HTTP'] ?? 200);
const SEED = seedFrom('WEBHOOK_SEED');

const signedByStripe = (body: string, atMs = Date.now()): string => {
  const time = Math.floor(atMs / 1_000);
  const v1 = createHmac('sha256', STRIPE_DOUBLE.webhookSecret).update(`${time}.${body}`);
  return `t=${time},v1=${v1.digest('hex')}`;
};

/** Says that the payment was let go of, unless another type means nothing. */
const stripeBody = (reference: string, type = 'payment_intent.canceled'): string =>
  JSON.stringify({
    ...{ id: 'evt_forged', object: 'event', created: Math.floor(Date.now() / 1_000), type },
    data: { object: { id: reference, object: 'payment_intent', status: 'canceled' } },
  });

/** Says that the capture failed at the scheme, unless another code means nothing. */
const adyenItem = (reference: string, eventCode = 'CAPTURE_FAILED') => ({
  amount: { value: 4_200, currency: 'USD' },
  ...{ eventCode, success: 'true', pspReference: 'FORGED', originalReference: reference },
  ...{ merchantAccountCode: ADYEN_DOUBLE.merchantAccount, merchantReference: reference },
  ...{ eventDate: '2026-11-28T02:00:00+01:00', reason: '' },
});
type AdyenItem = ReturnType<typeof adyenItem>;

function signedByAdyen(item: AdyenItem): string {
  const { pspReference, originalReference, merchantAccountCode, merchantReference } = item;
  const signed = [pspReference, originalReference, merchantAccountCode, merchantReference];
  const rest = [item.amount.value, item.amount.currency, item.eventCode, item.success];
  return createHmac('sha256', Buffer.from(ADYEN_DOUBLE.hmacKey, 'hex'))
    .update([...signed, ...rest].join(':'))
    .digest('base64');
}

const adyenBody = (item: AdyenItem, hmacSignature: string): string =>
  JSON.stringify({
    live: 'false',
    notificationItems: [
      { NotificationRequestItem: { ...item, additionalData: { hmacSignature } } },
    ],
  });

/** The same with another first letter. */
const spoiled = (text: string): string => `${text.startsWith('A') ? 'B' : 'A'}${text.slice(1)}`;

describe.skipIf(FORM === 'cluster')('webhooks that nobody may believe', () => {
  const stage = useStage({ env: { BURSAR_SANDBOX_DOUBLES: 'stripe,adyen' }, processors: DOUBLES });
  const random = seededRandom(SEED);
  let http: HttpClient;
  let payment: { id: string; reference: string };

  beforeAll(async () => {
    http = createHttpClient(stage.bursar.baseUrl, 8);
    const { client } = await stage.newAgent();
    const wanted = purchase({ amount: 4_200, payment_method: 'pm_card_visa' });
    const { id, attempts } = (await client.createPayment(wanted, { prefer: 'wait=5' })).body;
    payment = { id, reference: attempts[0]?.reference ?? '' };
    return () => http.close();
  });

  const post = async (processor: string, bytes: string | Buffer, headers = {}) => {
    const answer = await http.call('POST', `/webhooks/${processor}`, { bytes, headers });
    return answer.status;
  };
  const changed = (text: string): Buffer => {
    const bytes = Buffer.from(text);
    const bit = Math.floor(random.next() * bytes.length * 8);
    bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return bytes;
  };
  const times = Array.from({ length: COUNT });

  const aboutUs = async () => ({
    events: await everyPage((query) => stage.auditor.events(payment.id, query)),
    charges: await stage.sandbox.chargesOf(payment.id),
  });

  it(`of Stripe are refused, ${COUNT} each of changed bodies, changed signatures and replays (WEBHOOK_SEED=${SEED})`, async () => {
    const before = await aboutUs();
    const body = stripeBody(payment.reference);
    const statuses = await inParallel(times, 8, async (_, index) => {
      const [time, signature = ''] = signedByStripe(body).split(',');
      const outsideMs = (310 + index) * (index % 2 === 0 ? 1_000 : -1_000);
      const replayed = signedByStripe(body, Date.now() + outsideMs);
      const forged = `${time},v1=${spoiled(signature.slice(3))}`;
      return [
        await post('stripe', changed(body), { 'stripe-signature': signedByStripe(body) }),
        await post('stripe', body, { 'stripe-signature': forged }),
        await post('stripe', body, { 'stripe-signature': replayed }),
        await post('stripe', body),
      ];
    });
    expect(new Set(statuses.flat()), `WEBHOOK_SEED=${SEED}`).toEqual(new Set([401]));
    const harmless = stripeBody(payment.reference, 'payment_intent.nothing');
    const believed = { 'stripe-signature': signedByStripe(harmless) };
    expect(await post('stripe', harmless, believed)).toBe(200);
    expect(await aboutUs()).toEqual(before);
  });

  it(`of Adyen are refused, ${COUNT} each of changed amounts, payments and signatures`, async () => {
    const before = await aboutUs();
    const item = adyenItem(payment.reference);
    const right = signedByAdyen(item);
    const statuses = await inParallel(times, 8, async (_, index) => [
      await post('adyen', adyenBody({ ...item, amount: { value: index, currency: 'USD' } }, right)),
      await post('adyen', adyenBody(adyenItem(`${payment.reference}${index}`), right)),
      await post('adyen', adyenBody(item, spoiled(right))),
    ]);
    expect(new Set(statuses.flat())).toEqual(new Set([401]));
    const harmless = adyenItem(payment.reference, 'NOTHING');
    expect(await post('adyen', adyenBody(harmless, signedByAdyen(harmless)))).toBe(200);
    expect(await aboutUs()).toEqual(before);
  });
});
