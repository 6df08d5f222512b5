import { beforeEach, describe, expect, it } from 'vitest';
import { HttpClient, type HttpRequest, type HttpResponse, HttpTransportError } from '#platform';
import { VirtualClock, VirtualTimers } from '#platform/memory';
import { WebhookSender } from './webhook.sender.js';

const WEBHOOK = {
  url: 'https://hooks.example/bursar?x=1',
  id: 'evt_1',
  timestamp: 1_893_456_000,
  signature: 'v1,AAAA',
  body: '{"id":"evt_1"}',
};

class ScriptedHttp extends HttpClient {
  readonly sent: HttpRequest[] = [];
  answer: (request: HttpRequest) => Promise<HttpResponse> = async () => answered(200);

  override request(request: HttpRequest): Promise<HttpResponse> {
    this.sent.push(request);
    return this.answer(request);
  }

  override async close(): Promise<void> {}
}

const answered = (status: number): HttpResponse => ({ status, headers: {}, body: '' });
/** Answers nothing until it is aborted. */
const silence = ({ signal }: HttpRequest) =>
  new Promise<HttpResponse>((_, reject) => {
    signal?.addEventListener('abort', () => reject(new HttpTransportError('sent', 'aborted')));
  });

let http: ScriptedHttp;
let timers: VirtualTimers;
let sender: WebhookSender;
beforeEach(() => {
  const clock = new VirtualClock();
  timers = new VirtualTimers(clock);
  http = new ScriptedHttp();
  sender = new WebhookSender(http, clock, timers, { allowInternal: false });
});

describe('an event that is sent', () => {
  it('has the three headers of Standard Webhooks and the very bytes of the body', async () => {
    expect(await sender.send(WEBHOOK)).toEqual({ status: 200, evidence: null, durationMs: 0 });
    expect(http.sent).toMatchObject([
      {
        method: 'POST',
        url: WEBHOOK.url,
        headers: {
          'content-type': 'application/json',
          'webhook-id': 'evt_1',
          'webhook-timestamp': '1893456000',
          'webhook-signature': 'v1,AAAA',
        },
        body: WEBHOOK.body,
      },
    ]);
  });

  it.each([204, 302, 410, 500])(
    'has the status %s for an answer, whatever it means',
    async (status) => {
      http.answer = async () => answered(status);
      expect(await sender.send(WEBHOOK)).toMatchObject({ status, evidence: null });
      expect(http.sent).toHaveLength(1);
    },
  );

  it('is given up after ten seconds, and its connection is closed', async () => {
    http.answer = silence;
    const given = sender.send(WEBHOOK);
    await timers.advance(9_999);
    expect(http.sent[0]?.signal?.aborted).toBe(false);
    await timers.advance(1);
    expect(await given).toEqual({ status: null, evidence: 'timeout', durationMs: 10_000 });
  });

  it.each([
    [new HttpTransportError('not_sent', 'connection_refused'), 'connection_refused'],
    [new HttpTransportError('not_sent', 'address_not_allowed'), 'address_not_allowed'],
    [new TypeError('a defect'), 'transport_failed'],
  ])('that got no answer has a word for why', async (error, evidence) => {
    http.answer = () => Promise.reject(error);
    expect(await sender.send(WEBHOOK)).toMatchObject({ status: null, evidence });
    // No timer is left that would keep it waiting.
    expect(timers.nextDueMs()).toBeUndefined();
  });

  it.each([
    ['http://hooks.example/', 'scheme_not_allowed'],
    ['https://hooks.example:22/', 'port_not_allowed'],
    ['https://127.0.0.1/', 'address_not_allowed'],
    ['nonsense', 'url_not_allowed'],
  ])('goes nowhere when it was registered for %s under other rules', async (url, evidence) => {
    expect(await sender.send({ ...WEBHOOK, url })).toEqual({
      status: null,
      evidence,
      durationMs: 0,
    });
    expect(http.sent).toEqual([]);
  });
});
