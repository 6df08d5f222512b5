import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpClient, type HttpRequest, type HttpResponse, HttpTransportError } from '#platform';
import type { RateSource, SheetOutcome } from './rate-source.port.js';

export interface RateSourceUnderTest {
  create: (http: HttpClient) => RateSource;
  base: string;
  /** An instant that such rates can be of. */
  asOf: number;
  /** What the source sends. */
  document: (asOf: number, rates: Readonly<Record<string, string>>) => string;
}

const NEVER = new AbortController().signal;

/** Answers every request as it is told to. */
export class ScriptedHttp extends HttpClient {
  readonly requests: HttpRequest[] = [];

  constructor(private readonly answer: () => Promise<HttpResponse>) {
    super();
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    this.requests.push(request);
    return this.answer();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** The behaviour that every source of rates must show, whatever it is sent. */
export function describeRateSource(name: string, subject: RateSourceUnderTest): void {
  const { create, base, asOf, document } = subject;
  const told = (body: string, status = 200): Promise<SheetOutcome> =>
    create(new ScriptedHttp(async () => ({ status, headers: {}, body }))).latest(NEVER);
  const good = document(asOf, { GBP: '0.86780', JPY: '176.45' });

  describe(`rate source ${name}`, () => {
    it('reads the rates, their base and their instant, digit by digit', async () => {
      const outcome = await told(good);
      expect(outcome).toMatchObject({ ok: true, sheet: { base, asOf } });
      const rates = outcome.ok && Object.fromEntries(outcome.sheet.rates);
      expect(rates).toEqual({ GBP: '0.8678', JPY: '176.45' });
    });

    it('keeps every digit of a rate that a binary fraction could not hold', async () => {
      const outcome = await told(document(asOf, { JPY: '176.123456789012345678' }));
      expect(outcome.ok && outcome.sheet.rates.get('JPY')).toBe('176.123456789012345678');
    });

    it('leaves out what nobody pays with', async () => {
      const outcome = await told(document(asOf, { XAU: '0.0003', GBP: '0.9', BTC: '0.00001' }));
      expect(outcome.ok && [...outcome.sheet.rates.keys()]).toEqual(['GBP']);
    });

    it('may say that one of the base is one of the base, and nothing else', async () => {
      expect((await told(document(asOf, { GBP: '0.9', [base]: '1' }))).ok).toBe(true);
      expect(await told(document(asOf, { GBP: '0.9', [base]: '2' }))).toMatchObject({
        fault: 'unreadable',
      });
    });

    it.each(['0', '-1.5', 'NaN', 'Infinity', '1e999', '', '1,5', '1.5.5', '0x10'])(
      'believes nothing when one of the rates is %j',
      async (rate) => {
        const outcome = await told(document(asOf, { GBP: '0.9', JPY: rate }));
        expect(outcome).toMatchObject({ ok: false, fault: 'unreadable' });
      },
    );

    it('believes no sheet without rates', async () => {
      expect(await told(document(asOf, {}))).toMatchObject({ ok: false, fault: 'unreadable' });
    });

    it.each([301, 401, 403, 404, 429, 500, 503])(
      'is refused by %d, whatever it says',
      async (status) => {
        const outcome = await told(good, status);
        expect(outcome).toEqual({ ok: false, fault: 'refused', detail: `http_${status}` });
      },
    );

    it('is unreachable when no answer comes', async () => {
      const lost = new HttpTransportError('sent', 'connection_reset');
      const outcome = await create(new ScriptedHttp(() => Promise.reject(lost))).latest(NEVER);
      expect(outcome).toEqual({ ok: false, fault: 'unreachable', detail: 'connection_reset' });
    });

    it('hands on the signal that ends the call', async () => {
      const http = new ScriptedHttp(async () => ({ status: 200, headers: {}, body: good }));
      const { signal } = new AbortController();
      await create(http).latest(signal);
      expect(http.requests.map((request) => request.signal)).toEqual([signal]);
    });

    it('does not reject whatever comes, and gives only positive rates of a known instant', async () => {
      const damaged = fc
        .tuple(fc.nat(good.length), fc.nat(40), fc.string({ unit: 'binary', maxLength: 40 }))
        .map(([at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut));
      const bodies = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), damaged);
      await fc.assert(
        fc.asyncProperty(bodies, async (body) => {
          const outcome = await told(body);
          if (!outcome.ok) {
            expect(outcome.fault).toBe('unreadable');
            return;
          }
          expect(Number.isSafeInteger(outcome.sheet.asOf)).toBe(true);
          for (const rate of outcome.sheet.rates.values()) expect(rate).toMatch(/^\d+(\.\d+)?$/);
        }),
        { numRuns: 500 },
      );
    });
  });
}
