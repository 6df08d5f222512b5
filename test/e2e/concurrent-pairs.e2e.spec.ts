import { beforeAll, describe, expect, it } from 'vitest';
import type { ApiClient } from '../support/agent.client.js';
import { disagreements } from '../support/books.judge.js';
import type { PaymentIntent, PaymentRequest } from '../support/contract.types.js';
import { inParallel } from '../support/load.js';
import { purchase } from '../support/purchase.fixture.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';
import { useStage } from '../support/stage.fixture.js';

/** 1000 make a long run. */
const PAIRS = Number(process.env['CONCURRENT_PAIRS'] ?? 25);
const SEED = seedFrom('PAIR_SEED');
const AMOUNT = 10_000;
const WIDTH = 8;
const reason = 'both at once';

describe(`${PAIRS} pairs at once (PAIR_SEED=${SEED})`, () => {
  const stage = useStage();
  const random = seededRandom(SEED);
  let client: ApiClient;
  beforeAll(async () => {
    ({ client } = await stage.newAgent());
  });

  const amounts = (): [number, number] => [
    1 + Math.floor(random.next() * AMOUNT),
    1 + Math.floor(random.next() * AMOUNT),
  ];
  const payments = (changes: Partial<PaymentRequest>) =>
    inParallel(Array.from({ length: PAIRS }), WIDTH, async () => {
      const answer = await client.createPayment(purchase({ amount: AMOUNT, ...changes }));
      expect(answer.status, answer.bytes.toString()).toBe(201);
      return { id: answer.body.id, pair: amounts() };
    });
  const settled = (id: string) =>
    stage.untilPayment(
      id,
      ({ status, refunds }) =>
        status === 'succeeded' && refunds.every((each) => each.status === 'succeeded'),
      'the end',
    );
  const booksOf = async (all: PaymentIntent[], toCapture: (payment: PaymentIntent) => number) => {
    const ids = new Set(all.map(({ id }) => id));
    const charges = (await stage.sandbox.charges()).filter(({ merchant_reference }) =>
      [...ids].some((id) => merchant_reference.includes(id.slice(3))),
    );
    return disagreements(charges, all, toCapture);
  };

  it('of refunds never give back more than was captured, and as much as was answered', async () => {
    const paid = await payments({});
    const ended = await inParallel(paid, WIDTH, async ({ id, pair }) => {
      const answers = await Promise.all(
        pair.map((amount) => client.refund(id, { amount, reason }, { prefer: 'wait=10' })),
      );
      const payment = await settled(id);
      const given = pair.filter((_, index) => answers[index]?.status === 201);
      const sum = given.reduce((total, amount) => total + amount, 0);
      // Both fit, or the one that came first.
      expect(given, `PAIR_SEED=${SEED}`).toHaveLength(pair[0] + pair[1] <= AMOUNT ? 2 : 1);
      expect(payment.amount_refunded, `PAIR_SEED=${SEED}`).toBe(sum);
      expect(sum).toBeLessThanOrEqual(payment.amount_captured);
      return payment;
    });
    expect(await booksOf(ended, () => AMOUNT), `PAIR_SEED=${SEED}`).toEqual([]);
  });

  it('of captures take what one of them says, once, and never more than was held', async () => {
    const held = await payments({ capture_method: 'manual' });
    const captured = new Map<string, number>();
    const ended = await inParallel(held, WIDTH, async ({ id, pair }) => {
      const answers = await Promise.all(
        pair.map((amount) => client.capture(id, { amount }, { prefer: 'wait=10' })),
      );
      const taken = pair.filter((_, index) => (answers[index]?.status ?? 0) < 300);
      expect(taken, `PAIR_SEED=${SEED}`).toHaveLength(1);
      captured.set(id, taken[0] ?? 0);
      return settled(id);
    });
    expect(await booksOf(ended, ({ id }) => captured.get(id) ?? 0), `PAIR_SEED=${SEED}`).toEqual(
      [],
    );
  });
});
