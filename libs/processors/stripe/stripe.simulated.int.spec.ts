import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpClient, type HttpRequest, type HttpResponse } from '#platform';
import { VirtualClock } from '#platform/memory';
import { UndiciHttpClient } from '#platform/undici';
import { startSandbox, type Sandbox } from '../../../apps/sandbox/sandbox.js';
import type { NoticeMeaning, ProcessorNotice } from '../notice.port.js';
import type { AttemptOrder, Processor } from '../processor.port.js';
import { createStripeNoticeReader, createStripeProcessor } from './index.js';

const NEVER_ABORTED = new AbortController().signal;
const SECRET = 'whsec_simulated0123456789';

/** Lets something happen right before a request of ours goes out. */
class InterruptedHttpClient extends HttpClient {
  before: ((request: HttpRequest) => Promise<unknown>) | undefined;

  constructor(private readonly http: HttpClient) {
    super();
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    await this.before?.(request);
    return this.http.request(request);
  }

  close(): Promise<void> {
    return this.http.close();
  }
}

describe('Stripe, simulated', () => {
  let clock: VirtualClock;
  let sandbox: Sandbox;
  let wire: UndiciHttpClient;
  let http: InterruptedHttpClient;
  let processor: Processor;
  let endpoint: Server;
  let deliveries: { body: Buffer; signature: string | undefined }[];
  let refusals: number;
  let orders = 0;

  beforeEach(async () => {
    clock = new VirtualClock();
    sandbox = await startSandbox({ port: 0, host: '127.0.0.1', clock, stripe: {} });
    wire = new UndiciHttpClient();
    http = new InterruptedHttpClient(wire);
    const baseUrl = sandbox.processors.find(({ name }) => name === 'stripe')?.url;
    const account = { name: 'stripe', secretKey: 'sk_test_simulated', baseUrl };
    processor = createStripeProcessor({ ...account, returnUrl: 'https://x.example' }, http);
    deliveries = [];
    refusals = 0;
    endpoint = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        response.statusCode = refusals > 0 ? 503 : 200;
        if (refusals > 0) refusals -= 1;
        else {
          const signature = request.headers['stripe-signature'];
          deliveries.push({ body: Buffer.concat(chunks), signature: String(signature) });
        }
        response.end();
      });
    });
    endpoint.listen(0, '127.0.0.1');
    await once(endpoint, 'listening');
  });
  afterEach(async () => {
    await sandbox.stop();
    await http.close();
    endpoint.closeAllConnections();
    endpoint.close();
  });

  const control = async (part: string, body?: object) => {
    const answer = await wire.request({
      method: body ? 'PUT' : 'GET',
      url: `${sandbox.url}/processors/stripe/${part}`,
      body: body && JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
    return JSON.parse(answer.body) as { charges: { state: string; amount_captured: number }[] };
  };
  const books = async (order: AttemptOrder) =>
    (await control(`books?merchant_reference=${order.key}`)).charges;
  const webhooks = (switches: object = {}) => {
    const { port } = endpoint.address() as AddressInfo;
    return control('webhooks', { url: `http://127.0.0.1:${port}`, secret: SECRET, ...switches });
  };

  async function prepared(paymentMethod = 'pm_card_visa'): Promise<AttemptOrder> {
    const key = `simulated-${(orders += 1)}-1`;
    const order = { key, amountMinor: 4_200, currency: 'EUR', paymentMethod };
    const outcome = await processor.prepare(order, NEVER_ABORTED);
    if (outcome.kind !== 'prepared') throw new Error(`not prepared: ${outcome.kind}`);
    return { ...order, reference: outcome.reference };
  }

  const authorize = (order: AttemptOrder) => processor.authorize(order, NEVER_ABORTED);

  /** What the deliveries of these types say, once as many have come. */
  async function notices(count: number): Promise<ProcessorNotice[]> {
    await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
    const reader = createStripeNoticeReader({ name: 'stripe', secrets: [SECRET] });
    return deliveries.flatMap(({ body, signature }) => {
      const reading = reader.read(body, { 'stripe-signature': signature }, clock.now());
      if (!reading.ok) throw new Error(reading.code);
      return reading.notices;
    });
  }

  const meanings = (of: readonly ProcessorNotice[]): NoticeMeaning['about'][] =>
    of.map(({ meaning }) => meaning.about).filter((about) => about !== 'nothing');

  describe('with a 500 that it stored', () => {
    it('stays unknown however often the call is repeated, and a look-up tells the truth', async () => {
      const order = await prepared();
      await control('faults', { mode: 'error_500_after' });
      expect(await authorize(order)).toEqual({ kind: 'unknown', evidence: 'http_500' });
      await control('faults', { mode: 'none' });
      for (let repetition = 0; repetition < 3; repetition += 1) {
        expect(await authorize(order)).toEqual({ kind: 'unknown', evidence: 'http_500' });
      }
      expect(await books(order)).toMatchObject([{ state: 'authorized' }]);
      expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'authorized' });
      expect((await processor.capture(order, NEVER_ABORTED)).kind).toBe('succeeded');
      expect(await books(order)).toMatchObject([{ state: 'captured', amount_captured: 4_200 }]);
    });

    it('is not in the way of a void or a fence, which have no key', async () => {
      const [held, waiting] = [await prepared(), await prepared()];
      await authorize(held);
      await control('faults', { mode: 'error_500_after' });
      expect((await processor.void(held, NEVER_ABORTED)).kind).toBe('unknown');
      expect((await processor.fence(waiting, NEVER_ABORTED)).kind).toBe('unknown');
      await control('faults', { mode: 'none' });
      expect((await processor.void(held, NEVER_ABORTED)).kind).toBe('succeeded');
      expect((await processor.fence(waiting, NEVER_ABORTED)).kind).toBe('fenced');
    });
  });

  it('lets go of the hold of a confirmation that lands between the look and the fence', async () => {
    const order = await prepared();
    http.before = async ({ url }) => {
      if (!url.endsWith('/cancel')) return;
      http.before = undefined;
      expect((await authorize(order)).kind).toBe('succeeded');
      expect(await books(order)).toMatchObject([{ state: 'authorized' }]);
    };
    expect(await processor.fence(order, NEVER_ABORTED)).toEqual({
      kind: 'fenced',
      evidence: 'hold_released',
    });
    expect(await books(order)).toMatchObject([{ state: 'voided', amount_captured: 0 }]);
    expect(await processor.capture(order, NEVER_ABORTED)).toMatchObject({ kind: 'declined' });
    expect(await books(order)).toMatchObject([{ state: 'voided', amount_captured: 0 }]);
  });

  it('declines 3-D Secure at once where the account knows no way back for the buyer', async () => {
    const baseUrl = sandbox.processors.find(({ name }) => name === 'stripe')?.url;
    const account = { name: 'stripe', secretKey: 'sk_test_simulated', baseUrl };
    processor = createStripeProcessor(account, http);
    const order = await prepared('pm_card_authenticationRequired');
    expect(await authorize(order)).toMatchObject({
      ...{ kind: 'declined', category: 'soft', code: 'authentication_required' },
    });
  });

  it('declines for good what Radar blocks', async () => {
    expect(await authorize(await prepared('pm_card_radarBlock'))).toMatchObject({
      ...{ kind: 'declined', category: 'hard', code: 'fraudulent' },
    });
  });

  describe('sends webhooks that', () => {
    it('are signed and say what happened', async () => {
      await webhooks();
      const order = await prepared();
      await authorize(order);
      await processor.capture(order, NEVER_ABORTED);
      const refund = { ...order, refund: { key: `${order.key}-r1` } };
      await processor.refund(refund, NEVER_ABORTED);
      const told = await notices(7);
      expect(meanings(told)).toEqual(['authorize', 'capture', 'refund']);
      const meant = told.filter(({ meaning }) => meaning.about !== 'nothing');
      const [{ attemptKey, reference }] = meant as [ProcessorNotice];
      expect({ attemptKey, reference }).toEqual({
        attemptKey: order.key,
        reference: order.reference,
      });
      expect(meant.map(({ meaning }) => 'outcome' in meaning && meaning.outcome.kind)).toEqual([
        ...['succeeded', 'succeeded', 'succeeded'],
      ]);
      expect(meant[2]?.meaning).toMatchObject({ refundKey: `${order.key}-r1` });
    });

    it('come twice, and out of order, when they are told to', async () => {
      await webhooks({ twice: true, out_of_order: true });
      await authorize(await prepared());
      const told = await notices(6);
      const ids = told.map(({ id }) => id);
      expect(new Set(ids).size).toBe(3);
      expect(told.map(({ type }) => type)).toEqual([
        ...['payment_intent.amount_capturable_updated', 'payment_intent.amount_capturable_updated'],
        ...['charge.succeeded', 'charge.succeeded'],
        ...['payment_intent.created', 'payment_intent.created'],
      ]);
    });

    it('are repeated until they are taken', async () => {
      await webhooks();
      refusals = 2;
      const order = await prepared();
      await expect.poll(() => refusals, { timeout: 10_000 }).toBe(0);
      const [created] = await notices(1);
      expect(created).toMatchObject({ type: 'payment_intent.created', attemptKey: order.key });
    });

    it('tell of a hold that expired, and of a refund that failed after it was done', async () => {
      const [expired, refunded] = [await prepared(), await prepared('pm_card_refundFail')];
      for (const order of [expired, refunded]) await authorize(order);
      await processor.capture(refunded, NEVER_ABORTED);
      const refund = { ...refunded, refund: { key: `${refunded.key}-r1` } };
      expect((await processor.refund(refund, NEVER_ABORTED)).kind).toBe('succeeded');
      clock.moveTo(clock.monotonicMs() + 7 * 24 * 60 * 60 * 1_000);
      await webhooks();
      const told = await notices(2);
      expect(told.map(({ meaning }) => meaning)).toContainEqual({
        about: 'void',
        outcome: {
          ...{ kind: 'succeeded', reference: expired.reference },
          ...{ amountMinor: 4_200, currency: 'EUR' },
        },
      });
      expect(told.map(({ meaning }) => meaning)).toContainEqual(
        expect.objectContaining({
          about: 'refund',
          refundKey: `${refunded.key}-r1`,
          outcome: expect.objectContaining({ kind: 'declined', category: 'hard' }) as unknown,
        }),
      );
    });

    it('tell of a decline, of 3-D Secure, of a fence and of a dispute', async () => {
      await webhooks();
      await authorize(await prepared('pm_card_visa_chargeDeclined'));
      const waiting = await prepared('pm_card_threeDSecure2Required');
      await authorize(waiting);
      await processor.fence(waiting, NEVER_ABORTED);
      const disputed = await prepared('pm_card_createDispute');
      await authorize(disputed);
      await processor.capture(disputed, NEVER_ABORTED);
      const told = await notices(13);
      const outcomes = told.map(({ meaning }) =>
        meaning.about === 'dispute'
          ? meaning.dispute.state
          : 'outcome' in meaning
            ? meaning.outcome.kind
            : undefined,
      );
      expect(outcomes.filter((each) => each !== undefined)).toEqual([
        ...['declined', 'action_required', 'fenced', 'succeeded', 'succeeded'],
        ...['opened', 'evidence_due'],
      ]);
      const [dispute] = told.filter(({ meaning }) => meaning.about === 'dispute');
      expect(dispute?.reference).toBe(disputed.reference);
    });
  });
});
