import { beforeEach, describe, expect, it } from 'vitest';
import type { Messages } from '#contracts';
import type { MemoryEventStore } from '#event-store/memory';
import { operationId } from './calls.js';
import { asked, commands, operating, refunded, storyOf, telling } from './commands.fixture.js';
import { ParkedController } from './parked.controller.js';
import { PaymentIntentsController } from './payment-intents.controller.js';

type Retry = Messages['commands.parked.retry']['request'];

const CREATE = asked({ waitMs: 0 });
const ID = operationId(CREATE);
const OPERATOR = { tenant: 'tnt_1', role: 'operator', id: 'k7', key: 'k7' } as const;

let parked: ParkedController;
let payments: PaymentIntentsController;
let store: MemoryEventStore;
let pass: (ms: number) => Promise<void>;

beforeEach(async () => {
  const { module, timers, store: memory } = await commands();
  parked = module.get(ParkedController);
  payments = module.get(PaymentIntentsController);
  store = memory;
  pass = (ms) => timers.advance(ms);
});

function retry(id: string, more: Partial<Retry> = {}) {
  const { principal: _agent, ...call } = asked({ path: `/v1/parked/${id}/retry`, request: {} });
  return parked.retry({ ...call, principal: OPERATOR, id, ...more });
}
const json = ({ body }: { body: string }) => JSON.parse(body) as Record<string, unknown>;
const count = (wanted: string) => store.log.events.filter(({ type }) => type === wanted).length;

/** Paid, and then refunded with an answer that nobody got while the key was safe. */
async function withLostRefund(): Promise<void> {
  await payments.create(CREATE);
  for (const told of storyOf(ID)) await payments.tell(told);
  const refund = operating(ID, { kind: 'refund', amountMinor: null, reason: 'x' }, { waitMs: 0 });
  await payments.operate(refund);
  await pass(86_400_000);
  const lost = refunded(operationId(refund), { kind: 'unknown', evidence: 'timeout' });
  for (const told of telling(ID, lost)) await payments.tell(told);
}

describe('the retry of a parked payment', () => {
  it('is answered with the payment as it stands now, and looks again once under one key', async () => {
    await withLostRefund();
    expect(count('PaymentParked')).toBe(1);
    for (const answer of [await retry(`pi_${ID}`), await retry(`pi_${ID}`)]) {
      expect([answer.status, answer.headers['location']]).toEqual([
        202,
        `/v1/payment_intents/pi_${ID}`,
      ]);
      expect(json(answer)).toMatchObject({
        status: 'succeeded',
        money_state: 'unknown',
        refunds: [{ status: 'unknown' }],
      });
    }
    expect(count('PaymentUnparked')).toBe(1);
  });

  it('that nobody is waited for any more is refused', async () => {
    await withLostRefund();
    await retry(`pi_${ID}`);
    const again = await retry(`pi_${ID}`, { idempotencyKey: 'key-2' });
    expect(json(again)).toMatchObject({ status: 409, code: 'invalid_transition' });
  });

  it('of another tenant finds nothing', async () => {
    await withLostRefund();
    const other = await retry(`pi_${ID}`, { principal: { ...OPERATOR, tenant: 'tnt_2' } });
    expect(json(other)).toMatchObject({ status: 404, code: 'not_found' });
    expect(count('PaymentUnparked')).toBe(0);
  });
});

describe('the retry of a parked delivery', () => {
  const event = 'a'.repeat(36);
  const cause = {
    ...{ causationId: 'c', correlationId: 'pi_x', tenant: 'tnt_1', traceparent: null, event },
  };

  it('is recorded once under one key, until it is parked again', async () => {
    const failing = {
      ...cause,
      ...{ eventType: 'PaymentSucceeded', stream: 'payment_intent-x', position: 7 },
      ...{ error: 'TypeError', tries: 8 },
    };
    expect(await parked.park({ ...failing, commandId: 'park-1' })).toEqual({ ok: true });
    for (const answer of [await retry(event), await retry(event)]) {
      expect(answer.status).toBe(202);
      expect(json(answer)).toMatchObject({ object: 'parked', id: event, kind: 'delivery' });
    }
    expect(count('DeliveryRetried')).toBe(1);
    expect(await parked.resolve({ ...cause, commandId: 'resolve-1' })).toEqual({ ok: true });
    const late = await retry(event, { idempotencyKey: 'key-2' });
    expect(json(late)).toMatchObject({ status: 409, code: 'invalid_transition' });
  });

  it('that was never parked finds nothing', async () => {
    expect(json(await retry(event))).toMatchObject({ status: 404, code: 'not_found' });
  });
});
