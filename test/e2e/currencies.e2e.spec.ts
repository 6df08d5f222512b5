import currencyCodes from 'currency-codes';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../support/agent.client.js';
import { FORM } from '../support/bursar.process.js';
import type { Problem } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { purchase } from '../support/purchase.fixture.js';
import { type Charge, DOUBLES } from '../support/sandbox.control.js';
import { useStage } from '../support/stage.fixture.js';

/** In ISO 4217's minor units: whole in every one of the currencies, at either processor. */
const AMOUNT = 420_000;
const REFUNDED = 120_000;
/**
 * Digits after the point as each processor documents them, read apart from the connectors; null: it does not take the currency.
 * https://docs.stripe.com/currencies#special-cases, https://docs.adyen.com/development-resources/currency-codes
 */
const DOCUMENTED: Readonly<Record<string, { stripe: number; adyen: number | null }>> = {
  JPY: { stripe: 0, adyen: 0 },
  KWD: { stripe: 3, adyen: 3 },
  CLP: { stripe: 0, adyen: 2 },
  ISK: { stripe: 2, adyen: 2 },
  UGX: { stripe: 2, adyen: 0 },
  HUF: { stripe: 2, adyen: 2 },
  TWD: { stripe: 2, adyen: 2 },
  MGA: { stripe: 0, adyen: null },
  EUR: { stripe: 2, adyen: 2 },
};
const CURRENCIES = Object.keys(DOCUMENTED);

/** Exact, and without the factor of any table of ours. */
const spelled = (minor: number, digits: number): string =>
  (Number(BigInt(minor) * 10n ** BigInt(3 - digits)) / 1_000).toFixed(3);
const meant = (minor: number, currency: string) =>
  spelled(minor, currencyCodes.code(currency)?.digits ?? Number.NaN);

// A card needs the way to the vault, which the distributed form has only where it is set up.
describe.skipIf(FORM === 'cluster')('money in a currency with units of its own', () => {
  const stage = useStage({ env: { BURSAR_SANDBOX_DOUBLES: 'stripe,adyen' }, processors: DOUBLES });
  let client: ApiClient;
  let token: string;
  beforeAll(async () => {
    const lifetime = Object.fromEntries(CURRENCIES.map((currency) => [currency, 1_000_000_000]));
    ({ client } = await stage.newAgent({ limits: { lifetime }, velocity: { default: false } }));
    const card = { number: '4242424242424242', exp_month: 7, exp_year: 2041, cvc: '913' };
    token = (await client.tokenize({ card })).body.id;
  });

  /** The payment, also when the answer is why there is none. */
  const pay = async (currency: string, amount = AMOUNT) => {
    const wanted = purchase({ amount, currency, payment_method: token });
    const { body } = await client.createPayment(wanted, { prefer: 'wait=5' });
    const { payment_intent = body.id } = body as { payment_intent?: Problem['payment_intent'] };
    return (await client.payment(payment_intent ?? '')).body;
  };
  const booked = (id: string, satisfied: (charge: Charge) => boolean, what: string) =>
    eventually(
      () => stage.sandbox.chargesOf(id),
      (charges) => charges.some(satisfied),
      { what: `${what} of ${id}` },
    );

  /** Pays and gives a part back, and reads both in the books as the processor counts. */
  async function paysAndRefunds(currency: string, processor: (typeof DOUBLES)[number]) {
    const { id } = await pay(currency);
    await booked(id, ({ state }) => state === 'captured', 'a capture');
    await stage.concluded(id);
    await client.refund(id, { amount: REFUNDED, reason: 'too much' });
    const charges = await booked(id, (charge) => charge.amount_refunded > 0, 'a refund');
    const digits = DOCUMENTED[currency]?.[processor] ?? Number.NaN;
    expect(
      charges.map((charge) => [
        charge.processor,
        charge.currency,
        spelled(charge.amount_captured, digits),
        spelled(charge.amount_refunded, digits),
      ]),
    ).toEqual([[processor, currency, meant(AMOUNT, currency), meant(REFUNDED, currency)]]);
    const settled = await stage.untilPayment(
      id,
      ({ amount_refunded }) => amount_refunded > 0,
      'the refund',
    );
    expect([settled.amount_captured, settled.amount_refunded]).toEqual([AMOUNT, REFUNDED]);
  }

  it.each(CURRENCIES)('is in the books of Stripe as it was meant, and so is a refund: %s', (code) =>
    paysAndRefunds(code, 'stripe'),
  );

  it('goes to Adyen when Stripe cannot say the amount, as it was meant', async () => {
    const { id, attempts } = await pay('KWD', 4_201);
    expect(attempts).toMatchObject([
      { processor: 'stripe', outcome: 'not_executed' },
      { processor: 'adyen', outcome: 'succeeded' },
    ]);
    const charges = await booked(id, ({ state }) => state === 'captured', 'a capture');
    expect(charges.map((charge) => spelled(charge.amount_captured, 3))).toEqual([
      meant(4_201, 'KWD'),
    ]);
  });

  it('is charged nowhere when neither can say or take it', async () => {
    const { id, status, attempts } = await pay('MGA', 4_201);
    expect([status, attempts.map(({ processor }) => processor)]).toEqual(['failed', ['stripe']]);
    expect(await stage.sandbox.chargesOf(id)).toEqual([]);
  });

  describe('while Stripe is down', () => {
    const taken = CURRENCIES.filter((code) => DOCUMENTED[code]?.adyen !== null);
    it.each(taken)(
      'is in the books of Adyen as it was meant, and so is a refund: %s',
      async (code) => {
        await stage.sandbox.fault('stripe', { mode: 'refuse' });
        await paysAndRefunds(code, 'adyen');
      },
    );

    it('is not taken to Adyen where that does not take the currency: MGA', async () => {
      await stage.sandbox.fault('stripe', { mode: 'refuse' });
      const { id, status, attempts, decision } = await pay('MGA');
      expect(status).toBe('failed');
      expect(attempts.filter(({ processor }) => processor === 'adyen')).toEqual([]);
      expect(decision.route).toContainEqual(
        expect.objectContaining({ processor: 'adyen', eligible: false }),
      );
      expect(await stage.sandbox.chargesOf(id)).toEqual([]);
    });
  });
});
