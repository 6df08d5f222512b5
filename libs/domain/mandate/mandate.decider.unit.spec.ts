import { describe, expect, it } from 'vitest';
import type { MandateTerms } from './mandate.events.js';
import {
  HOUR_MS,
  NOW_MS,
  TERMS,
  after,
  commit,
  grant,
  operation,
  release,
  reserve,
  revoke,
} from './mandate.fixture.js';

function terms(more: Partial<MandateTerms>): MandateTerms {
  return { ...TERMS, ...more };
}

function limits(more: MandateTerms['limits']): MandateTerms {
  return { ...TERMS, limits: more };
}

describe('a reservation', () => {
  it('within every rule is recorded, with every rule that was looked at', () => {
    const told = after(grant(), reserve('a', 1_000));
    expect(told.events).toEqual([
      {
        type: 'BudgetReserved',
        data: { intent: 'a', amountMinor: 1_000, currency: 'USD', at: '2026-03-01T12:00:00.000Z' },
      },
    ]);
    expect(told.details?.checks.map(({ rule, result }) => [rule, result])).toEqual(
      [
        'mandate.agent',
        'mandate.active',
        'mandate.validity',
        'payees.allow',
        'payees.deny',
        'categories.deny',
        'currency',
        'per_payment',
      ].map((rule) => [rule, 'passed']),
    );
  });

  const at = (iso: string) => Date.parse(iso);
  const cases: [string, string, MandateTerms, Parameters<typeof reserve>[2]][] = [
    ['of another agent', 'mandate_required', TERMS, { agent: 'agt_2' }],
    ['of another tenant', 'mandate_required', TERMS, { tenant: 'tnt_2' }],
    [
      'before it is valid',
      'mandate_expired',
      terms({ valid_from: '2026-03-01T12:00:00.001Z' }),
      {},
    ],
    [
      'at the instant it ends',
      'mandate_expired',
      terms({ valid_until: '2026-03-01T12:00:00Z' }),
      {},
    ],
    ['for a payee not on the list', 'payee_not_allowed', terms({ payees: { allow: ['x'] } }), {}],
    [
      'for a payee on the black list',
      'payee_not_allowed',
      terms({ payees: { deny: ['acme-books'] } }),
      {},
    ],
    [
      'for a denied category',
      'category_not_allowed',
      terms({ categories: { deny: ['7995'] } }),
      { payee: { id: 'p', mcc: '7995' } },
    ],
    [
      'for an unknown category',
      'category_not_allowed',
      terms({ categories: { deny: ['7995'] } }),
      {},
    ],
    ['in another currency', 'currency_not_allowed', TERMS, { currency: 'EUR' }],
    [
      'in a currency that one of its limits leaves out',
      'currency_not_allowed',
      limits({ per_payment: { USD: 9, EUR: 9 }, lifetime: { USD: 99 } }),
      { currency: 'EUR', amountMinor: 1 },
    ],
    ['above the limit of a payment', 'mandate_limit_exceeded', TERMS, { amountMinor: 1_001 }],
    [
      'above the limit of its life',
      'mandate_limit_exceeded',
      limits({ lifetime: { USD: 99 } }),
      {},
    ],
    [
      'that a human would have to approve',
      'policy_denied',
      terms({ approval: { above: { USD: 50 } } }),
      {},
    ],
  ];
  it.each(cases)('%s is refused as %s', (_, code, granted, more) => {
    const told = after(grant(granted), reserve('a', 100, more));
    expect([told.outcome, told.events]).toEqual([code, []]);
  });

  it('is possible from the first to the last millisecond of the validity', () => {
    const granted = terms({
      valid_from: '2026-03-01T12:00:00Z',
      valid_until: '2026-03-01T13:00:00Z',
    });
    const last = { nowMs: at('2026-03-01T12:59:59.999Z') };
    expect(after(grant(granted), reserve('a', 1)).outcome).toBe('accepted');
    expect(after(grant(granted), reserve('a', 1, last)).outcome).toBe('accepted');
  });

  it('up to the amount that needs approval needs none', () => {
    const granted = terms({ approval: { above: { USD: 50 } } });
    expect(after(grant(granted), reserve('a', 50)).outcome).toBe('accepted');
  });

  it('without a mandate is refused', () => {
    expect(after(reserve('a', 1)).outcome).toBe('mandate_required');
  });

  it('under a revoked mandate is refused', () => {
    expect(after(grant(), revoke(), reserve('a', 1)).outcome).toBe('mandate_revoked');
  });

  it('that comes again changes nothing, also after it was spent', () => {
    const again = after(grant(), reserve('a', 600), reserve('a', 600));
    expect([again.outcome, again.events]).toEqual(['accepted', []]);
    const spent = after(grant(), reserve('a', 600), commit('a', 600), reserve('a', 600));
    expect([spent.outcome, spent.events]).toEqual(['accepted', []]);
  });

  it('is refused when its release came first, or was made before', () => {
    expect(after(grant(), release('a'), reserve('a', 1)).outcome).toBe('invalid_transition');
    expect(after(grant(), reserve('a', 1), release('a'), reserve('a', 1)).outcome).toBe(
      'invalid_transition',
    );
  });

  it('made with a clock that is behind counts at the time the stream has reached', () => {
    const hourly = limits({ windows: [{ name: 'hour', rolling: 'PT1H', count: 1 }] });
    const first = reserve('a', 1, { nowMs: NOW_MS });
    const behind = reserve('b', 1, { nowMs: NOW_MS - 2 * HOUR_MS });
    expect(after(grant(hourly), first, behind).outcome).toBe('mandate_limit_exceeded');
  });
});

describe('a mandate', () => {
  it('is granted with the answer to its operator', () => {
    expect(after(grant()).events).toMatchObject([
      { type: 'MandateGranted', data: { id: 'mnd_1', tenant: 'tnt_1', terms: TERMS } },
      { type: 'OperationConcluded', data: { operation: 'grant', body: 'answer to grant' } },
    ]);
  });

  it('granted again under the same key changes nothing; with another request it is refused', () => {
    expect(after(grant(), grant())).toMatchObject({ outcome: 'accepted', events: [] });
    const other = { ...grant(), operation: operation('grant', { agent: 'agt_2' }) };
    const told = after(grant(), other as ReturnType<typeof grant>);
    expect(told.outcome).toBe('idempotency_key_reused');
    expect(told.details?.pointers).toEqual(['/agent']);
  });

  it('is revoked once; the same key gets its answer again, another key is refused', () => {
    expect(after(grant(), revoke()).events).toMatchObject([
      { type: 'MandateRevoked' },
      { type: 'OperationConcluded', data: { operation: 'revoke' } },
    ]);
    expect(after(grant(), revoke(), revoke())).toMatchObject({ outcome: 'accepted', events: [] });
    expect(after(grant(), revoke(), revoke('other')).outcome).toBe('mandate_revoked');
  });

  it('of another tenant, or that does not exist, is not found', () => {
    expect(after(revoke()).outcome).toBe('not_found');
    const stranger = { ...revoke(), tenant: 'tnt_2' } as ReturnType<typeof revoke>;
    expect(after(grant(), stranger).outcome).toBe('not_found');
  });
});
