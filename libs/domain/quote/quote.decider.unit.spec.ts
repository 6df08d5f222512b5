import { describe, expect, it } from 'vitest';
import { RATE, T0, VALID_MS, WANTED, after, issue, release, use } from './quote.fixture.js';

describe('a quote that is asked for', () => {
  it('is issued with its price, its rate and its end, and answered, in one go', () => {
    const { events, state } = after(issue());
    expect(events).toMatchObject([
      { type: 'QuoteRequested', data: { ...WANTED, at: '2026-03-01T12:00:00.000Z' } },
      {
        type: 'QuoteIssued',
        data: {
          price: { amountMinor: 3903, currency: 'EUR', markupMinor: 39, version: '1' },
          rate: RATE,
          expiresAt: '2026-03-01T12:05:00.000Z',
        },
      },
      {
        type: 'OperationConcluded',
        data: { operation: 'op-1', status: 201, body: 'qt_1: 3903 EUR' },
      },
    ]);
    expect(state.quote).toMatchObject({ ...WANTED, usedBy: null });
  });

  it('again is answered as before, whatever the rate is by then', () => {
    const again = after(issue(), issue({ rate: { ...RATE, rate: '0.5' }, nowMs: T0 + 99 }));
    expect([again.outcome, again.types]).toEqual(['accepted', []]);
    expect(again.state.answers.get('op-1')?.body).toBe('qt_1: 3903 EUR');
    expect(after(issue(), { type: 'RecallQuote', operation: issue().operation }).types).toEqual([]);
  });

  it('under the key of another request is refused, and says where the two differ', () => {
    const operation = { id: 'op-1', request: { amount: 4300 } };
    for (const command of [issue({ operation }), { type: 'RecallQuote', operation } as const])
      expect(after(issue(), command)).toMatchObject({
        outcome: 'idempotency_key_reused',
        pointers: ['/amount'],
      });
  });

  it('is none when no coin of the charge currency is worth so little', () => {
    const wanted = { ...WANTED, amountMinor: 1, chargeCurrency: 'KWD' };
    const rate = { ...RATE, to: 'KWD', rate: '0.3' };
    expect(after(issue({ wanted, rate }))).toMatchObject({
      outcome: 'validation_failed',
      pointers: ['/amount'],
      history: [],
    });
  });

  it.each([{ from: 'EUR' }, { to: 'USD' }])(
    'is not priced by a rate of something else: %j',
    (change) => {
      expect(after(issue({ rate: { ...RATE, ...change } }))).toMatchObject({
        outcome: 'invalid_transition',
        history: [],
      });
    },
  );

  it('is not there before it was issued', () => {
    expect(after(use('a')).outcome).toBe('not_found');
    expect(after(release('a'))).toMatchObject({ outcome: 'accepted', history: [] });
  });
});

describe('a quote that is used', () => {
  it('belongs to that payment, also when it asks again and later', () => {
    const used = after(issue(), use('a'));
    expect(used.events).toEqual([
      { type: 'QuoteUsed', data: { intent: 'a', at: '2026-03-01T12:00:01.000Z' } },
    ]);
    expect(used.state.quote?.usedBy).toBe('a');
    const late = use('a', { nowMs: T0 + VALID_MS + 1 });
    expect(after(issue(), use('a'), late)).toMatchObject({ outcome: 'accepted', types: [] });
  });

  it('is refused to every other payment', () => {
    expect(after(issue(), use('a'), use('b'))).toMatchObject({
      outcome: 'quote_mismatch',
      pointers: ['/quote'],
    });
  });

  it.each([[{ agent: 'agt_2' }], [{ tenant: 'tnt_2' }]])(
    'is not there for anybody else: %j',
    (foreign) => {
      expect(after(issue(), use('a', foreign))).toMatchObject({ outcome: 'not_found', types: [] });
      expect(after(issue(), use('a'), use('a', foreign)).outcome).toBe('not_found');
    },
  );

  it.each([
    [{ amountMinor: 4199 }, '/amount'],
    [{ currency: 'EUR' }, '/currency'],
    [{ payee: { id: 'other', country: 'US' } }, '/payee/id'],
    [{ payee: { id: 'acme-books', country: 'BR' } }, '/payee/country'],
    [{ payee: { id: 'acme-books', country: null } }, '/payee/country'],
  ])('is refused when it is altered by %j', (change, pointer) => {
    expect(after(issue(), use('a', change))).toMatchObject({
      outcome: 'quote_mismatch',
      pointers: [pointer],
      types: [],
    });
  });

  it('is for any payee when it was asked for without one', () => {
    const wanted = { ...WANTED, payee: null };
    const other = { payee: { id: 'other', country: 'BR' } };
    expect(after(issue({ wanted }), use('a', other)).outcome).toBe('accepted');
  });

  it('is good until the millisecond before it expires', () => {
    const at = (nowMs: number) => after(issue(), use('a', { nowMs })).outcome;
    expect(at(T0 + VALID_MS - 1)).toBe('accepted');
    expect(at(T0 + VALID_MS)).toBe('quote_expired');
  });
});

describe('a quote that is released', () => {
  it('is free for another payment until it expires', () => {
    const freed = after(issue(), use('a'), release('a'));
    expect(freed.types).toEqual(['QuoteReleased']);
    expect(freed.state.quote?.usedBy).toBeNull();
    expect(after(issue(), use('a'), release('a'), use('b')).state.quote?.usedBy).toBe('b');
    const late = use('b', { nowMs: T0 + VALID_MS });
    expect(after(issue(), use('a'), release('a'), late).outcome).toBe('quote_expired');
  });

  it('is never used by the payment that is over, though its wish to comes late', () => {
    expect(after(issue(), release('a'), use('a'))).toMatchObject({ outcome: 'invalid_transition' });
    expect(after(issue(), use('a'), release('a'), use('a')).outcome).toBe('invalid_transition');
  });

  it('stays with the payment that has it when another one is over', () => {
    const { state, outcome } = after(issue(), use('a'), release('b'));
    expect([outcome, state.quote?.usedBy]).toEqual(['accepted', 'a']);
  });

  it('is released once, and by nobody else', () => {
    expect(after(issue(), use('a'), release('a'), release('a')).types).toEqual([]);
    const foreign = after(issue(), use('a'), release('a', 'agt_2'));
    expect([foreign.outcome, foreign.types]).toEqual(['accepted', []]);
    expect(foreign.state.quote?.usedBy).toBe('a');
  });
});
