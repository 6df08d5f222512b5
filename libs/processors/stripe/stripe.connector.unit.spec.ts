import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HttpClient, HttpTransportError, type HttpRequest, type HttpResponse } from '#platform';
import { Card } from '../card.js';
import type { AttemptOrder, Processor } from '../processor.port.js';
import { createStripeProcessor } from './index.js';
import {
  answered,
  failed,
  ORDER,
  REFUND_ORDER,
  wireCanceled,
  wireCaptured,
  wireCharge,
  wireIntent,
  wireRefund,
} from './stripe.fixture.js';

const SECRET_KEY = 'sk_test_secret0123456789';
const NEVER_ABORTED = new AbortController().signal;

/** Answers what it is told to, one after the other. */
class ScriptedHttpClient extends HttpClient {
  readonly requests: HttpRequest[] = [];

  constructor(private readonly script: (HttpResponse | Error)[]) {
    super();
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    const next = this.script.shift() ?? new Error('nothing more was expected');
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get posted(): string[] {
    return this.requests.map(({ method, url }) => `${method} ${new URL(url).pathname}`);
  }
}

function scripted(...script: (HttpResponse | Error)[]) {
  const http = new ScriptedHttpClient(script);
  const account = { name: 'stripe', secretKey: SECRET_KEY };
  return { http, processor: createStripeProcessor(account, http) };
}

const call = (
  processor: Processor,
  operation: 'prepare' | 'authorize' | 'capture' | 'void' | 'fence' | 'refund' | 'lookUpRefund',
  order: AttemptOrder = ORDER,
) => processor[operation](order, NEVER_ABORTED);

describe('what is sent to Stripe', () => {
  it('is written by its package, in the version that is read, with the account key and our own key', async () => {
    const { http, processor } = scripted(answered(200, {}));
    await call(processor, 'prepare');
    expect(http.requests).toEqual([
      {
        method: 'POST',
        url: 'https://api.stripe.com/v1/payment_intents',
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${SECRET_KEY}`,
          'content-type': 'application/x-www-form-urlencoded',
          'idempotency-key': 'abc-1.create',
          'stripe-version': '2026-10-28.endive',
          'user-agent': 'bursar',
        },
        body:
          'amount=4200&currency=eur&payment_method=pm_card_visa&payment_method_types[0]=card' +
          '&capture_method=manual&metadata[attempt_key]=abc-1',
        signal: NEVER_ABORTED,
      },
    ]);
  });

  it('has a key of its own for everything that takes or gives money, the same in every repetition', async () => {
    const operations = ['prepare', 'authorize', 'capture', 'refund'] as const;
    const keys = async () => {
      const { http, processor } = scripted(...operations.map(() => answered(200, {})));
      for (const operation of operations) await call(processor, operation, REFUND_ORDER);
      return http.requests.map(({ headers }) => headers?.['idempotency-key']);
    };
    const first = await keys();
    expect(new Set(first).size).toBe(operations.length);
    expect(first).not.toContain(undefined);
    expect(await keys()).toEqual(first);
  });

  it('has no key where a stored failure would stand in the way of letting go', async () => {
    const { http, processor } = scripted(answered(200, wireCanceled()));
    await call(processor, 'void');
    expect(http.requests[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('names no payment method when it confirms, so that a late repetition is no second try', async () => {
    const { http, processor } = scripted(answered(200, {}));
    await call(processor, 'authorize');
    expect(http.requests[0]?.body).toBe('error_on_requires_action=true&expand[0]=latest_charge');
  });

  it('sends the buyer back to where the account says', async () => {
    const http = new ScriptedHttpClient([answered(200, {})]);
    const account = { name: 'stripe', secretKey: SECRET_KEY, returnUrl: 'https://x.example/back' };
    await call(createStripeProcessor(account, http), 'authorize');
    expect(http.requests[0]?.body).toContain('return_url=https%3A%2F%2Fx.example%2Fback');
    expect(http.requests[0]?.body).not.toContain('error_on_requires_action');
  });

  it.each(['../refunds', 'pi_1/cancel', 'pi 1', '', '%2e%2e', 'pi_1?x=1'])(
    'is nothing for the reference %j, which is no name of an object',
    async (reference) => {
      const { http, processor } = scripted();
      const order = { ...REFUND_ORDER, reference };
      for (const operation of ['authorize', 'capture', 'void', 'refund'] as const) {
        expect(await call(processor, operation, order)).toEqual({
          kind: 'not_executed',
          evidence: 'reference_missing',
        });
      }
      for (const operation of ['fence', 'lookUpRefund'] as const) {
        expect((await call(processor, operation, order)).kind).toBe('unknown');
      }
      expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'unproven' });
      expect(http.requests).toEqual([]);
    },
  );

  it('is nothing for an amount that Stripe cannot say', async () => {
    const { http, processor } = scripted();
    const order = { ...REFUND_ORDER, amountMinor: 4_201, currency: 'KWD' };
    for (const operation of ['prepare', 'capture', 'refund'] as const) {
      expect(await call(processor, operation, order)).toEqual({
        kind: 'not_executed',
        evidence: 'amount_not_representable',
      });
    }
    expect(http.requests).toEqual([]);
  });

  it('is what concurrent calls say, each with its own signal', async () => {
    const { http, processor } = scripted(...[1, 2, 3].map(() => answered(200, {})));
    const signals = [1, 2, 3].map(() => new AbortController().signal);
    await Promise.all(signals.map((signal) => processor.prepare(ORDER, signal)));
    expect(http.requests.map(({ signal }) => signals.indexOf(signal!))).toEqual([0, 1, 2]);
  });
});

describe('a call that fails', () => {
  const reset = Object.assign(new HttpTransportError('sent', 'connection_reset'), {
    code: 'ECONNRESET',
  });

  it.each([
    [reset, 'connection_reset'],
    [answered(500, {}), 'http_500'],
    [answered(503, {}), 'http_503'],
    [failed(409, { code: 'idempotency_key_in_use' }), 'http_409:idempotency_key_in_use'],
  ])('is never tried again by the package (%#)', async (failure, evidence) => {
    const { http, processor } = scripted(failure);
    expect(await call(processor, 'authorize')).toEqual({ kind: 'unknown', evidence });
    expect(http.requests).toHaveLength(1);
  });

  it('was not executed when nothing was sent', async () => {
    const { processor } = scripted(new HttpTransportError('not_sent', 'connection_refused'));
    expect(await call(processor, 'authorize')).toEqual({
      kind: 'not_executed',
      evidence: 'connection_refused',
    });
  });

  it.each(['123', '"text"', 'true', 'null', '[]', '', '{"error":"text"}', '{"error":null}'])(
    'in a body like %s neither throws nor hangs',
    async (body) => {
      const { processor } = scripted(...Array.from({ length: 9 }, () => answered(200, body)));
      for (const operation of ['authorize', 'capture', 'void', 'fence', 'refund'] as const) {
        expect((await call(processor, operation, REFUND_ORDER)).kind).toBe('unknown');
      }
      expect((await call(processor, 'prepare')).kind).toBe('not_executed');
      expect((await call(processor, 'lookUpRefund', REFUND_ORDER)).kind).toBe('unknown');
    },
  );

  it('is a dead processor to a ping when a proxy answers in its place', async () => {
    const { processor } = scripted(answered(503, ''), answered(401, '{}'));
    await expect(processor.ping(NEVER_ABORTED)).rejects.toThrow('503');
    await expect(processor.ping(NEVER_ABORTED)).resolves.toBeUndefined();
  });
});

describe('the fence', () => {
  const waiting = answered(200, wireIntent({ status: 'requires_confirmation' }));
  const held = answered(200, wireIntent());

  it('looks, cancels what holds nothing, and believes only that it is canceled', async () => {
    const { http, processor } = scripted(waiting, answered(200, wireCanceled()));
    expect(await call(processor, 'fence')).toEqual({
      kind: 'fenced',
      evidence: 'payment_intent_canceled',
    });
    expect(http.posted).toEqual([
      'GET /v1/payment_intents/pi_1',
      'POST /v1/payment_intents/pi_1/cancel',
    ]);
  });

  it('never cancels what holds money, or took it', async () => {
    for (const response of [held, answered(200, wireCaptured())]) {
      const { http, processor } = scripted(response);
      expect((await call(processor, 'fence')).kind).toBe('succeeded');
      expect(http.posted).toEqual(['GET /v1/payment_intents/pi_1']);
    }
  });

  it('is one, too, when a confirmation landed first and the cancellation let go of its hold', async () => {
    const released = answered(200, wireCanceled({ latest_charge: wireCharge() }));
    const { processor } = scripted(waiting, released);
    expect(await call(processor, 'fence')).toEqual({ kind: 'fenced', evidence: 'hold_released' });
  });

  it.each([
    [
      failed(400, { code: 'payment_intent_unexpected_state' }),
      answered(200, wireCaptured()),
      'succeeded',
    ],
    [answered(500, {}), answered(200, wireCanceled()), 'fenced'],
    [answered(500, {}), held, 'succeeded'],
    [answered(500, {}), waiting, 'unknown'],
    [answered(500, {}), answered(500, {}), 'unknown'],
  ])('looks again when the cancellation proves nothing (%#)', async (canceled, after, kind) => {
    const { processor } = scripted(waiting, canceled, after);
    expect((await call(processor, 'fence')).kind).toBe(kind);
  });

  it('is unknown, never not executed, when it is lost on any of its ways', async () => {
    const refused = new HttpTransportError('not_sent', 'connection_refused');
    const ways = [[refused], [waiting, refused], [waiting, answered(500, {}), refused]];
    for (const script of ways) {
      const { processor } = scripted(...script);
      expect(await call(processor, 'fence')).toEqual({
        kind: 'unknown',
        evidence: 'connection_refused',
      });
    }
  });
});

describe('secrets', () => {
  it('are not in what a connector shows of itself', () => {
    const { processor } = scripted();
    expect(inspect(processor, { depth: 20, showHidden: true })).not.toContain('secret0123456789');
    expect(JSON.stringify(processor)).not.toContain('secret0123456789');
  });

  it.each([
    [{ secretKey: 'pk_test_secret0123456789' }, 'no usable secret key'],
    [{ secretKey: 'sk_test_secret0123456789 ' }, 'no usable secret key'],
    [{ secretKey: '' }, 'no usable secret key'],
    [{ secretKey: 'sk_live_secret0123456789', baseUrl: 'http://x.example' }, 'without encryption'],
    [{ secretKey: SECRET_KEY, baseUrl: 'ftp://x.example' }, 'not http or https'],
    [{ secretKey: SECRET_KEY, returnUrl: 'javascript:x' }, 'not http or https'],
  ])('are not in the refusal of an account that could never work (%#)', (account, reason) => {
    const http = new ScriptedHttpClient([]);
    const create = () => createStripeProcessor({ name: 'stripe', ...account }, http);
    expect(create).toThrow(reason);
    expect(create).not.toThrow('secret0123456789');
  });

  it('of a card go to Stripe and nowhere else', async () => {
    const number = '4242424242424242';
    const card = new Card({ number, expMonth: 12, expYear: 2040, cvc: '123' });
    const echoing = failed(402, { type: 'card_error', code: 'incorrect_number', message: number });
    const lost = new HttpTransportError('sent', 'connection_reset');
    const { http, processor } = scripted(echoing, lost);
    const outcomes = [
      await processor.provision(card, 'key-1', NEVER_ABORTED),
      await processor.provision(card, 'key-1', NEVER_ABORTED),
    ];
    expect(outcomes).toEqual([
      { kind: 'declined', code: 'incorrect_number', message: '[number]' },
      { kind: 'failed', evidence: 'connection_reset' },
    ]);
    expect(http.requests[0]?.body).toBe(
      `type=card&card[number]=${number}&card[exp_month]=12&card[exp_year]=2040&card[cvc]=123`,
    );
    expect(inspect(processor, { depth: 20, showHidden: true })).not.toContain(number);
  });
});

describe('the look-up of a refund', () => {
  it('goes by the reference where it is known, and through the refunds of the charge where not', async () => {
    const listed = answered(200, { object: 'list', data: [wireRefund()] });
    const { http, processor } = scripted(answered(200, wireRefund()), listed);
    const known = { ...REFUND_ORDER, refund: { key: 'abc-1-r1', reference: 're_1' } };
    for (const order of [known, REFUND_ORDER]) {
      expect((await call(processor, 'lookUpRefund', order)).kind).toBe('succeeded');
    }
    expect(http.requests.map(({ url }) => url.replace('https://api.stripe.com', ''))).toEqual([
      '/v1/refunds/re_1',
      '/v1/refunds?payment_intent=pi_1&limit=100',
    ]);
  });
});
