import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { untilBudget } from '../support/authority.reader.js';
import { disagreements } from '../support/books.judge.js';
import type { PaymentIntent, PaymentRequest } from '../support/contract.types.js';
import { eventually } from '../support/eventually.js';
import { inParallel, sendUntilKilled } from '../support/load.js';
import { paymentIdOf, purchase } from '../support/purchase.fixture.js';
import { paymentIn, type Fault, type MerchantReservation } from '../support/sandbox.control.js';
import { seededRandom, seedFrom } from '../support/seeded.random.js';
import { useStage, type Stage } from '../support/stage.fixture.js';

const ITEMS = [{ sku: 'B-1', quantity: 2 }];

/** A purchase whose goods are set aside first. */
function reserving(changes: Partial<PaymentRequest> = {}, sku = 'B-1'): PaymentRequest {
  const items = [{ sku, quantity: 2 }];
  return purchase({ reservation: { participant: 'warehouse', items }, ...changes });
}

/** Confirming and releasing come after the answer. */
const settledAt = (stage: Stage, id: string, status: MerchantReservation['status']) =>
  eventually(
    () => stage.sandbox.reservationsOf(id),
    (found) => found.length === 1 && found[0]?.status === status,
    { withinMs: 30_000, what: `${id} ${status} at the merchant` },
  );

describe('a payment with a reservation', () => {
  const stage = useStage({ sandboxApart: true });

  const shownAs = (id: string, status: string) =>
    stage.untilPayment(id, ({ reservation }) => reservation?.status === status, status);

  it('reserves before the first attempt and confirms after the capture', async () => {
    const answer = await stage.agent.createPayment(reserving());
    expect(answer.status, answer.bytes.toString()).toBe(201);
    const { id } = answer.body;
    expect(answer.body).toMatchObject({
      status: 'succeeded',
      reservation: { participant: 'warehouse', reference: expect.stringMatching(/./) },
    });
    await settledAt(stage, id, 'confirmed');
    const { reservation } = await shownAs(id, 'confirmed');
    expect(await stage.sandbox.reservationsOf(id)).toMatchObject([
      { id: reservation?.reference, status: 'confirmed', items: ITEMS },
    ]);
    const types = await stage.eventTypes(id);
    const story = [
      'ReservationStarted',
      'ReservationMade',
      'AttemptStarted',
      'PaymentCaptured',
      'ReservationConfirmStarted',
      'ReservationConfirmed',
    ];
    const places = story.map((type) => types.indexOf(type));
    expect(places, types.join(' ')).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  it('releases it when the card is declined', async () => {
    const answer = await stage.agent.createPayment(
      reserving({ payment_method: 'pm_sandbox_stolen' }),
    );
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({ status: 'failed', money_state: 'none' });
    await settledAt(stage, answer.body.id, 'released');
    await shownAs(answer.body.id, 'released');
    expect(await stage.eventTypes(answer.body.id)).toEqual(
      expect.arrayContaining([
        'ReservationMade',
        'ReservationReleaseStarted',
        'ReservationReleased',
      ]),
    );
  });

  it('fails without a charge when the merchant refuses', async () => {
    const limit = 66_000;
    const { client } = await stage.newAgent({ limits: { lifetime: { USD: limit } } });
    const request = reserving({}, 'SOLD-OUT');
    const answer = await client.createPayment(request);
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({
      status: 'failed',
      money_state: 'none',
      attempts: [],
      failure: { code: 'reservation_refused' },
      reservation: { participant: 'warehouse', status: 'refused' },
    });
    expect(await stage.sandbox.chargesOf(answer.body.id)).toEqual([]);
    const types = await stage.eventTypes(answer.body.id);
    expect(types).toContain('ReservationRefused');
    expect(types).not.toContain('AttemptStarted');
    await untilBudget(client, limit, { held: 0, used: 0 });

    const inStock = { ...request, reservation: reserving().reservation };
    const paid = await client.createPayment(inStock);
    expect(paid.body, paid.bytes.toString()).toMatchObject({ status: 'succeeded' });
  });

  it('fails without a charge when nobody of that name takes reservations', async () => {
    const answer = await stage.agent.createPayment(
      purchase({ reservation: { participant: 'nobody', items: ITEMS } }),
    );
    expect(answer.status, answer.bytes.toString()).toBe(201);
    expect(answer.body).toMatchObject({
      status: 'failed',
      attempts: [],
      failure: { code: 'reservation_refused' },
    });
  });

  it('holds it as long as the money is held', async () => {
    const manual = () => reserving({ capture_method: 'manual' });
    const [one, other] = [
      await stage.agent.createPayment(manual()),
      await stage.agent.createPayment(manual()),
    ];
    for (const { body } of [one, other]) {
      expect(body).toMatchObject({
        status: 'requires_capture',
        reservation: { status: 'reserved' },
      });
    }
    expect((await stage.agent.capture(one.body.id)).status).toBe(200);
    expect((await stage.agent.cancel(other.body.id)).status).toBe(200);
    await settledAt(stage, one.body.id, 'confirmed');
    await settledAt(stage, other.body.id, 'released');
  });

  const faults: Fault['mode'][] = ['timeout_after', 'error_500_before', 'refuse'];
  for (const mode of faults) {
    it(`asks a merchant that does not answer (${mode}) again with the same key, and takes no money before it knows`, async () => {
      await stage.sandbox.merchantFault({ mode });
      const answer = await stage.agent.createPayment(reserving(), { prefer: 'respond-async' });
      expect(answer.status, answer.bytes.toString()).toBe(202);
      const { id } = answer.body;
      await eventually(
        () => stage.eventTypes(id),
        (types) => types.includes('ReservationRetryScheduled'),
        { withinMs: 30_000, what: 'a scheduled retry' },
      );
      expect((await stage.agent.payment(id)).body).toMatchObject({
        status: 'processing',
        money_state: 'none',
        reservation: { status: 'requested' },
      });
      expect(await stage.eventTypes(id)).not.toContain('AttemptStarted');
      await stage.sandbox.heal();
      expect(await stage.concluded(id)).toMatchObject({ status: 'succeeded' });
      await settledAt(stage, id, 'confirmed');
    });

    it(`confirms and releases also when the merchant answers late (${mode})`, async () => {
      const manual = () => stage.agent.createPayment(reserving({ capture_method: 'manual' }));
      const [kept, dropped] = [await manual(), await manual()];
      expect([kept.body.status, dropped.body.status]).toEqual(Array(2).fill('requires_capture'));
      await stage.sandbox.merchantFault({ mode });
      expect((await stage.agent.capture(kept.body.id)).body.status).toBe('succeeded');
      expect((await stage.agent.cancel(dropped.body.id)).body.status).toBe('canceled');
      for (const { body } of [kept, dropped]) {
        await eventually(
          () => stage.eventTypes(body.id),
          (types) => types.includes('ReservationRetryScheduled'),
          { withinMs: 30_000, what: 'a scheduled retry' },
        );
      }
      await stage.sandbox.heal();
      await settledAt(stage, kept.body.id, 'confirmed');
      await settledAt(stage, dropped.body.id, 'released');
    });
  }
});

describe('reservations under kill -9', () => {
  const stage = useStage({ sandboxApart: true });
  const kills = Number(process.env['RESERVATION_KILLS'] ?? 2);
  const seed = seedFrom('RESERVATION_SEED');
  const tokens = [
    'pm_sandbox_visa',
    'pm_sandbox_visa',
    'pm_sandbox_stolen',
    'pm_sandbox_soft_decline_a',
  ] as const;

  it(
    `are confirmed if and only if the payment was captured, and released otherwise (${kills} kills, RESERVATION_SEED=${seed})`,
    { timeout: 60_000 + kills * 60_000 },
    async () => {
      console.log(
        `reservations under kill -9: RESERVATION_SEED=${seed} RESERVATION_KILLS=${kills}`,
      );
      const random = seededRandom(seed);
      const { id: agent, key } = await stage.newAgent();
      const ids: string[] = [];
      for (let kill = 1; kill <= kills; kill++) {
        const client = stage.clientOf(key);
        // A little latency everywhere spreads the payments over all their steps when the kill comes.
        const latency_ms = random.pick([0, 5, 20]);
        await stage.sandbox.merchantFault({ mode: 'slow', latency_ms });
        await stage.sandbox.fault('sandbox_a', { mode: 'slow', latency_ms });
        const killAfter = 20 + Math.floor(random.next() * 40);
        await sendUntilKilled({ callers: 16, killAfter, kill: stage.bursar.kill9 }, async () => {
          const idempotencyKey = randomUUID();
          const payment_method = random.pick(tokens);
          const sku = random.next() < 0.1 ? 'SOLD-OUT' : 'B-1';
          const prefer = random.next() < 0.5 ? 'respond-async' : 'wait=10';
          ids.push(paymentIdOf(stage.bursar.credentials(), agent, idempotencyKey));
          const request = reserving({ amount: 100, payment_method }, sku);
          await client.createPayment(request, { idempotencyKey, prefer });
        });
        await stage.bursar.start();
      }
      await stage.heal();
      const payments = (await inParallel(ids, 16, durable)).filter((found) => found !== null);
      console.log(`${payments.length} of ${ids.length} payments were durable`);
      expect(disagreements(await agentsCharges(payments), payments)).toEqual([]);
      await eventually(
        async () => unsettled(payments, await stage.sandbox.reservations()),
        (wrong) => wrong.length === 0,
        { withinMs: 60_000, everyMs: 200, what: `settled reservations (seed ${seed})` },
      );
      await shownLikeTheMerchantDoes(payments);
    },
  );

  /** The end of a payment, or null when it died with the server before it was durable. */
  async function durable(id: string): Promise<PaymentIntent | null> {
    const found = await stage.operator.payment(id);
    return found.status === 404 ? null : stage.concluded(id);
  }

  async function agentsCharges(payments: readonly PaymentIntent[]) {
    const ids = new Set(payments.map(({ id }) => id));
    const charges = await stage.sandbox.charges();
    return charges.filter(({ merchant_reference }) => ids.has(paymentIn(merchant_reference) ?? ''));
  }

  async function shownLikeTheMerchantDoes(payments: readonly PaymentIntent[]): Promise<void> {
    const books = await stage.sandbox.reservations();
    const statuses = new Map(books.map(({ key, status }) => [paymentIn(key), status]));
    await inParallel(payments, 16, async ({ id }) => {
      const there = statuses.get(id);
      const wanted = there === undefined ? ['refused', 'released'] : [there];
      await stage.untilPayment(
        id,
        ({ reservation }) => wanted.includes(reservation?.status ?? ''),
        wanted.join(' or '),
      );
    });
  }
});

/** Reservations that are not as their payments ended. One that the merchant never heard of is none. */
function unsettled(
  payments: readonly PaymentIntent[],
  reservations: readonly MerchantReservation[],
): string[] {
  return payments.flatMap(({ id, status, amount_captured }) => {
    const own = reservations.filter(({ key }) => paymentIn(key) === id);
    const captured = status === 'succeeded' && amount_captured > 0;
    if (captured && own.length !== 1) return [`${id} was paid with ${own.length} reservations`];
    const wanted = captured ? 'confirmed' : 'released';
    return own
      .filter((reservation) => reservation.status !== wanted)
      .map((reservation) => `${id} is ${status} and its reservation ${reservation.status}`);
  });
}
