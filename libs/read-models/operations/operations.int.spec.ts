import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readModels } from '../read-models.fixture.js';
import { operationsUnder } from './operations.query.js';

const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:00:05.000Z';
const STREAM = 'payment_intent-p1';
const PATH = '/v1/payment_intents/pi_p1';

let world: ReturnType<typeof readModels>;
beforeEach(() => {
  world = readModels();
});
afterEach(() => world.close());

const call = (keyHash: string, path: string) => ({ keyHash, method: 'POST', path });
const requested = {
  type: 'PaymentIntentRequested',
  data: {
    ...{ id: 'p1', tenant: 'tnt_1', agent: 'agt_1', mandate: null, at: AT },
    request: { amount: 1, currency: 'USD', payment_method: 'pm_1', payee: { id: 'acme' } },
  },
};
const asked = (operation: string, kind: string) => ({
  type: 'OperationRequested',
  data: { operation, kind, request: {}, by: 'agt_1', at: AT },
});
const concluded = (operation: string, status: number) => ({
  type: 'OperationConcluded',
  data: { operation, request: {}, status, body: '{}', at: LATER },
});
const answered = { type: 'RequestConcluded', data: { status: 201, body: '{}', at: LATER } };

async function under(keyHash: string): Promise<[path: unknown, status: unknown][]> {
  const { data } = operationsUnder(await world.reader(), { tenant: 'tnt_1', keyHash });
  return data.map(({ path, status, concluded_at }) => {
    expect(concluded_at).toBe(status === null ? null : LATER);
    return [path, status];
  });
}

describe('an operation on a payment', () => {
  beforeEach(() => world.append(STREAM, [requested], call('k1', '/v1/payment_intents')));

  it('is open from when it is recorded until somebody else sees it end', async () => {
    await world.append(STREAM, [asked('o1', 'refund')], call('k2', `${PATH}/refunds`));
    expect(await under('k2')).toEqual([[`${PATH}/refunds`, null]]);
    await world.append(STREAM, [concluded('o1', 201)]);
    expect(await under('k2')).toEqual([[`${PATH}/refunds`, 201]]);
    expect(await under('k1')).toEqual([['/v1/payment_intents', null]]);
  });

  it('that ends others, too, concludes each of them as what it was answered', async () => {
    await world.append(STREAM, [asked('o1', 'capture')], call('k2', `${PATH}/capture`));
    const ended = [asked('o2', 'cancel'), answered, concluded('o1', 200), concluded('o2', 202)];
    await world.append(STREAM, ended, call('k3', `${PATH}/cancel`));
    expect(await under('k1')).toEqual([['/v1/payment_intents', 201]]);
    expect(await under('k2')).toEqual([[`${PATH}/capture`, 200]]);
    expect(await under('k3')).toEqual([[`${PATH}/cancel`, 202]]);
  });

  it('leaves open what is not concluded with it', async () => {
    await world.append(STREAM, [asked('o1', 'refund')], call('k2', `${PATH}/refunds`));
    await world.append(
      STREAM,
      [asked('o2', 'approve'), concluded('o2', 200)],
      call('k3', `${PATH}/approve`),
    );
    expect(await under('k1')).toEqual([['/v1/payment_intents', null]]);
    expect(await under('k2')).toEqual([[`${PATH}/refunds`, null]]);
    expect(await under('k3')).toEqual([[`${PATH}/approve`, 200]]);
  });

  it('stays open when the request that made the payment is answered before it', async () => {
    await world.append(STREAM, [asked('o1', 'cancel')], call('k2', `${PATH}/cancel`));
    await world.append(STREAM, [answered]);
    expect(await under('k1')).toEqual([['/v1/payment_intents', 201]]);
    expect(await under('k2')).toEqual([[`${PATH}/cancel`, null]]);
  });

  it('under one key on several paths is one line for each, in the order they came', async () => {
    await world.append(STREAM, [asked('o1', 'cancel')], call('k1', `${PATH}/cancel`));
    expect(await under('k1')).toEqual([
      ['/v1/payment_intents', null],
      [`${PATH}/cancel`, null],
    ]);
  });
});
