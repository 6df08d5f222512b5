import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Timers } from '#platform';
import { SystemTimers } from '#platform/system';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox, type Sandbox } from './sandbox.js';

/** Latencies that end only when a test says so. */
class HeldTimers implements Timers {
  private readonly held: (() => void)[] = [];

  after(_delayMs: number, fire: () => void): () => void {
    this.held.push(fire);
    return () => void this.held.splice(this.held.indexOf(fire), 1);
  }

  async arrived(count: number): Promise<void> {
    await expect.poll(() => this.held.length, { timeout: 5_000, interval: 2 }).toBe(count);
  }

  releaseOne(): void {
    this.held.shift()?.();
  }
}

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

let sandbox: Sandbox;
let http: UndiciHttpClient;

const start = async (timers: Timers = new SystemTimers()) => {
  sandbox = await startSandbox({ port: 0, host: '127.0.0.1', timers });
};

beforeEach(async () => {
  http = new UndiciHttpClient();
  await start();
});
afterEach(async () => {
  await http.close();
  await sandbox.stop();
});

async function request(method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const answer = await http.request({ method, url, ...(text !== undefined && { body: text }) });
  return { status: answer.status, body: JSON.parse(answer.body) } as Reply;
}

const merchant = () => String(sandbox.merchants[0]?.url);
const control = (part: string) => `${sandbox.url}/merchants/warehouse/${part}`;
const setFaults = (body: unknown) => request('PUT', control('faults'), body);
const books = async () => (await request('GET', control('books'))).body['reservations'];
const codeOf = ({ body }: Reply) => (body['error'] as { code: string }).code;

const order = (changes: Record<string, unknown> = {}) => ({
  key: 'k-1',
  items: [{ sku: 'B-1', quantity: 2 }],
  payee: 'acme-books',
  order_reference: 'PO-1',
  ...changes,
});
const reserve = (changes?: Record<string, unknown>) =>
  request('POST', `${merchant()}/reservations`, order(changes));
const step = (action: string, key = 'k-1', body: unknown = {}) =>
  request('POST', `${merchant()}/reservations/${key}/${action}`, body);

describe('the control server', () => {
  it('tells which merchants there are, each on a port of its own', async () => {
    const warehouse = {
      name: 'warehouse',
      url: merchant(),
      books: '/merchants/warehouse/books',
      faults: '/merchants/warehouse/faults',
    };
    expect((await request('GET', `${sandbox.url}/merchants`)).body).toEqual({
      merchants: [warehouse],
    });
    expect((await request('GET', `${sandbox.url}/merchants/warehouse`)).body).toEqual(warehouse);
    expect((await request('GET', sandbox.url)).body['merchants']).toEqual([warehouse]);
    const others = [sandbox.url, ...sandbox.processors.map(({ url }) => url)];
    expect(others).not.toContain(merchant());
  });

  it('shows what was reserved, confirmed, released, and released before it was reserved', async () => {
    const [a, b] = [await reserve({ key: 'a' }), await reserve({ key: 'b' })];
    const c = await reserve({ key: 'c', items: [{ sku: 'C-1', quantity: 1 }] });
    const d = await step('release', 'd');
    await step('confirm', 'b');
    await step('release', 'c');
    const items = [{ sku: 'B-1', quantity: 2 }];
    expect(await books()).toEqual([
      { id: a.body['id'], key: 'a', status: 'reserved', items },
      { id: b.body['id'], key: 'b', status: 'confirmed', items },
      { id: c.body['id'], key: 'c', status: 'released', items: [{ sku: 'C-1', quantity: 1 }] },
      { id: d.body['id'], key: 'd', status: 'released', items: [] },
    ]);
  });

  it.each([
    ['GET', 'merchants/nobody/books', 404],
    ['GET', 'merchants/warehouse/ledger', 404],
    ['GET', 'merchants/warehouse/books/1', 404],
    ['PUT', 'merchants/warehouse/books', 405],
    ['POST', 'merchants/warehouse/faults', 405],
    ['POST', 'merchants', 405],
  ] as const)('answers %s /%s with %d', async (method, path, status) => {
    const body = method === 'GET' ? undefined : {};
    expect((await request(method, `${sandbox.url}/${path}`, body)).status).toBe(status);
  });

  it('refuses faults that it does not know, and changes nothing', async () => {
    expect((await setFaults({ mode: 'explode' })).status).toBe(400);
    expect((await request('GET', control('faults'))).body['mode']).toBe('none');
  });
});

describe('a merchant', () => {
  it('answers with its own name for the reservation, the key and how it stands', async () => {
    const reserved = await reserve();
    expect(reserved).toEqual({
      status: 201,
      body: { id: expect.any(String), key: 'k-1', status: 'reserved' },
    });
    const { body } = reserved;
    expect(await reserve()).toEqual({ status: 200, body });
    expect(await step('confirm')).toEqual({ status: 200, body: { ...body, status: 'confirmed' } });
    expect(await reserve()).toEqual({ status: 200, body: { ...body, status: 'confirmed' } });
  });

  it('says why it refuses', async () => {
    const soldOut = await reserve({ items: [{ sku: 'SOLD-OUT', quantity: 1 }] });
    expect([soldOut.status, codeOf(soldOut)]).toEqual([409, 'out_of_stock']);
    expect(codeOf(await step('confirm'))).toBe('not_reserved');
    await reserve();
    expect(codeOf(await reserve({ payee: 'other' }))).toBe('key_reused');
    await step('confirm');
    expect(codeOf(await step('release'))).toBe('reservation_confirmed');
    await step('release', 'k-2');
    expect(codeOf(await reserve({ key: 'k-2' }))).toBe('reservation_released');
    expect(codeOf(await step('confirm', 'k-2'))).toBe('reservation_released');
  });

  it.each([
    { key: '' },
    { key: 'ä' },
    { key: 'k'.repeat(256) },
    { items: [] },
    { items: 'B-1' },
    { items: [{ sku: 'B-1' }] },
    { items: [{ sku: '', quantity: 1 }] },
    { items: [{ sku: 'B-1', quantity: 0 }] },
    { items: [{ sku: 'B-1', quantity: 1.5 }] },
    { items: [{ sku: 'B-1', quantity: 1, price: 1 }] },
    { items: Array.from({ length: 101 }, () => ({ sku: 'B-1', quantity: 1 })) },
    { payee: 7 },
    { surprise: 1 },
  ])('refuses a reservation with %j', async (changes) => {
    const reply = await reserve(changes);
    expect([reply.status, codeOf(reply)]).toEqual([400, 'validation_failed']);
    expect(await books()).toEqual([]);
  });

  it.each([
    ['POST', 'reservations/k-1/ship', 404],
    ['POST', 'reservations/k-1', 404],
    ['POST', 'reservations/k-1/confirm/now', 404],
    ['POST', 'orders', 404],
    ['POST', 'reservations/%zz/confirm', 400],
    ['GET', 'reservations', 405],
  ] as const)('answers %s /%s with %d', async (method, path, status) => {
    const body = method === 'GET' ? undefined : {};
    expect((await request(method, `${merchant()}/${path}`, body)).status).toBe(status);
  });
});

describe('faults of a merchant', () => {
  it('slow: a reserve that lands after its release is refused, and nothing stays reserved', async () => {
    const timers = new HeldTimers();
    await sandbox.stop();
    await start(timers);
    await setFaults({ mode: 'slow', latency_ms: 700 });
    const late = reserve();
    await timers.arrived(1);
    await setFaults({ mode: 'none' });
    expect((await step('release')).body['status']).toBe('released');
    timers.releaseOne();
    expect(codeOf(await late)).toBe('reservation_released');
    expect(await books()).toMatchObject([{ key: 'k-1', status: 'released', items: [] }]);
  });

  it('refuse: closes its port and no other, and heals on the same port', async () => {
    await setFaults({ mode: 'refuse' });
    await expect(reserve()).rejects.toMatchObject({ phase: 'not_sent' });
    const ping = `${String(sandbox.processors[0]?.url)}/v1/ping`;
    expect((await request('GET', ping)).status).toBe(200);
    await setFaults({ mode: 'none' });
    expect((await reserve()).status).toBe(201);
  });

  it('blackhole: never answers and does nothing, until it heals', async () => {
    await setFaults({ mode: 'blackhole' });
    let answered = false;
    const cut = reserve().finally(() => (answered = true));
    // A call to a processor takes the same road and comes back, so this one would have.
    await request('GET', `${String(sandbox.processors[0]?.url)}/v1/ping`);
    expect(answered).toBe(false);
    await setFaults({ mode: 'none' });
    await expect(cut).rejects.toMatchObject({ phase: 'sent' });
    expect(await books()).toEqual([]);
  });

  it('hit a refusal like every other answer: what is lost says nothing', async () => {
    await setFaults({ mode: 'error_500_after' });
    expect((await reserve({ items: [{ sku: 'SOLD-OUT', quantity: 1 }] })).status).toBe(500);
  });
});
