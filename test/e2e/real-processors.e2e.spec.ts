import { describe, expect, it } from 'vitest';
import type { ApiClient } from '../support/agent.client.js';
import { FORM } from '../support/bursar.process.js';
import type { PaymentIntent } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { purchase } from '../support/purchase.fixture.js';
import { DOUBLES } from '../support/sandbox.control.js';
import { useStage } from '../support/stage.fixture.js';

const WORKS = '4242424242424242';
/** Numbers that Stripe publishes, and the double of Adyen knows or takes for one that works. */
const STRIPE_CANNOT_PROCESS = '4000000000000119';
const SHORT_OF_FUNDS = '4000000000009995';
const STOLEN = '4000000000009979';
/** Disputed as soon as it is captured. */
const DISPUTED = '4000000000000259';

// A card needs the way to the vault, which the distributed form has only where it is set up.
describe.skipIf(FORM === 'cluster')('payments through Stripe first and Adyen second', () => {
  const stage = useStage({ env: { BURSAR_SANDBOX_DOUBLES: 'stripe,adyen' }, processors: DOUBLES });

  async function tokenOf(client: ApiClient, number: string): Promise<string> {
    const card = { number, exp_month: 7, exp_year: 2041, cvc: '913' };
    const answer = await client.tokenize({ card });
    expect(answer.status, answer.bytes.toString()).toBe(201);
    return answer.body.id;
  }
  const buyer = async (number: string) => {
    const { client } = await stage.newAgent();
    return { client, token: await tokenOf(client, number) };
  };
  const pay = async (client: ApiClient, payment_method: string): Promise<PaymentIntent> => {
    const payment = purchase({ amount: 4_200, payment_method });
    return (await client.createPayment(payment, { prefer: 'wait=2' })).body;
  };
  const moneyOf = (id: string) => stage.sandbox.chargesOf(id);
  /** Adyen takes a capture on and carries it out later. */
  const captured = (id: string) =>
    eventually(
      () => moneyOf(id),
      (charges) => charges.some(({ state }) => state === 'captured'),
      { what: `a capture of ${id}` },
    );

  it('take a card to Stripe, and nothing to Adyen', async () => {
    const { client, token } = await buyer(WORKS);
    const paid = await pay(client, token);
    expect(paid).toMatchObject({ status: 'succeeded', money_state: 'moved', processor: 'stripe' });
    expect(await moneyOf(paid.id)).toMatchObject([
      { processor: 'stripe', state: 'captured', amount_captured: 4_200, currency: 'USD' },
    ]);
    const again = await pay(client, token);
    expect([again.status, again.processor]).toEqual(['succeeded', 'stripe']);
  });

  it('take a card to Adyen when Stripe is down, with a token of its own, and charge once', async () => {
    const { client, token } = await buyer(WORKS);
    expect((await pay(client, token)).processor).toBe('stripe');
    await stage.sandbox.fault('stripe', { mode: 'refuse' });
    const paid = await pay(client, token);
    expect(paid).toMatchObject({ processor: 'adyen', amount_authorized: 4_200 });
    expect(paid.attempts).toMatchObject([
      { processor: 'stripe', outcome: 'not_executed' },
      { processor: 'adyen', outcome: 'succeeded' },
    ]);
    expect(await captured(paid.id)).toMatchObject([
      { processor: 'adyen', state: 'captured', amount_captured: 4_200, currency: 'USD' },
    ]);
    // Adyen tells only by webhook that it carried the capture out.
    const ended = await stage.concluded(paid.id);
    expect(ended).toMatchObject({ status: 'succeeded', money_state: 'moved' });
    await stage.heal();
    const healed = await pay(client, token);
    expect([healed.status, healed.processor]).toEqual(['succeeded', 'stripe']);
  });

  it('take a card that Stripe never saw to Adyen when Stripe is down', async () => {
    const { client } = await stage.newAgent();
    await stage.sandbox.fault('stripe', { mode: 'refuse' });
    const paid = await pay(client, await tokenOf(client, WORKS));
    expect(paid.processor).toBe('adyen');
    expect(await captured(paid.id)).toHaveLength(1);
    await stage.heal();
  });

  it('go to Adyen when Stripe declines softly, and charge once', async () => {
    const { client, token } = await buyer(STRIPE_CANNOT_PROCESS);
    const paid = await pay(client, token);
    expect(paid.attempts).toMatchObject([
      { processor: 'stripe', outcome: 'declined' },
      { processor: 'adyen', outcome: 'succeeded' },
    ]);
    expect(await captured(paid.id)).toMatchObject([{ processor: 'adyen' }]);
  });

  it.each([
    [SHORT_OF_FUNDS, 'soft', 'not_enough_balance', ['stripe', 'adyen']],
    [STOLEN, 'hard', 'stolen_card', ['stripe']],
  ])('of the card %s end with a %s decline, %s', async (number, category, code, asked) => {
    const { client, token } = await buyer(number);
    const ended = await pay(client, token);
    expect(ended).toMatchObject({ status: 'failed', money_state: 'none' });
    expect(ended.failure?.decline).toEqual({ category, code });
    expect(ended.attempts.map(({ processor }) => processor)).toEqual(asked);
    expect(await moneyOf(ended.id)).toEqual([]);
  });

  it('stay with Stripe when nobody knows whether it charged, and are found out there', async () => {
    const { client, token } = await buyer(WORKS);
    expect((await pay(client, token)).processor).toBe('stripe');
    await stage.sandbox.fault('stripe', { mode: 'error_500_after' });
    // A webhook may say what became of it before anybody asks.
    const payment = await pay(client, token);
    expect(payment.processor).toBe('stripe');
    await stage.sandbox.heal();
    const ended = await stage.concluded(payment.id);
    expect(ended).toMatchObject({ status: 'succeeded', processor: 'stripe' });
    expect(ended.attempts).toHaveLength(1);
    expect(await moneyOf(ended.id)).toMatchObject([
      { processor: 'stripe', state: 'captured', amount_captured: 4_200 },
    ]);
    await stage.heal();
  });

  it('show the dispute that Stripe tells of, and its money on its way back', async () => {
    const { client, token } = await buyer(DISPUTED);
    const { id } = await pay(client, token);
    const disputed = await stage.untilPayment(
      id,
      ({ disputes }) => disputes.length > 0,
      'a disputed payment',
    );
    const facts = { status: 'opened', amount: 4_200, currency: 'USD', reason: 'fraudulent' };
    expect(disputed).toMatchObject({ status: 'succeeded', disputes: [facts] });
    const entries = await stage.operator.ledgerEntries({ payment_intent: id });
    expect(entries.body.data.map(({ account, amount }) => [account, amount])).toContainEqual([
      expect.stringMatching(/^agent:.*:disputed$/),
      -4_200,
    ]);
  });

  it('believe no webhook that is not signed', async () => {
    for (const processor of ['stripe', 'adyen']) {
      const response = await fetch(`${stage.bursar.baseUrl}/webhooks/${processor}`, {
        method: 'POST',
        body: '{"id":"evt_1","object":"event","notificationItems":[]}',
      });
      expect(response.status).toBe(processor === 'stripe' ? 401 : 400);
      expect(await response.json()).toMatchObject({ status: response.status });
    }
  });

  it('with a token that neither gave are declined by both, at once', async () => {
    const { client } = await stage.newAgent();
    const ended = await pay(client, 'pm_sandbox_visa');
    expect(ended).toMatchObject({ status: 'failed', money_state: 'none' });
    expect(ended.failure).toMatchObject({
      code: 'payment_declined',
      decline: { category: 'soft', code: 'unknown_payment_method' },
    });
    expect(ended.attempts.map(({ processor }) => processor)).toEqual(['stripe', 'adyen']);
    expect(await moneyOf(ended.id)).toEqual([]);
  });

  it('with a token of Stripe’s own pay there, and are declined by Adyen when Stripe is down', async () => {
    const { client } = await stage.newAgent();
    const paid = await pay(client, 'pm_card_visa');
    expect([paid.status, paid.processor]).toEqual(['succeeded', 'stripe']);
    await stage.sandbox.fault('stripe', { mode: 'refuse' });
    const ended = await pay(client, 'pm_card_visa');
    expect(ended.failure?.decline?.code).toBe('unknown_payment_method');
    expect(await moneyOf(ended.id)).toEqual([]);
    await stage.heal();
  });
});
