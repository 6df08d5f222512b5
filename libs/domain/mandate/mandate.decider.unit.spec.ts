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

  it.each([
    [50, 'passed'],
    [51, 'asked'],
  ])('of %i, where a human is asked above 50, is made and the rule has %s', (amount, result) => {
    const granted = terms({ approval: { above: { USD: 50 } } });
    const told = after(grant(granted), reserve('a', amount));
    expect(told.events).toMatchObject([{ type: 'BudgetReserved' }]);
    const rule = { rule: 'approval.above', result, limit: 50, requested: amount };
    expect(told.details?.checks.at(-1)).toEqual(rule);
  });

  it('for a mandate below is no matter of whose agent asks', () => {
    const told = after(grant(), reserve('a', 1, { agent: 'agt_2', onBehalf: true }));
    expect(told.outcome).toBe('accepted');
    expect(told.details?.checks.map(({ rule }) => rule)).not.toContain('mandate.agent');
  });

  it('that is only to be judged gets its verdict and is not made', () => {
    const onlyJudge = { onlyJudge: true };
    const passed = after(grant(), reserve('a', 1_000, onlyJudge));
    expect([passed.outcome, passed.events]).toEqual(['accepted', []]);
    expect(passed.details?.checks.at(-1)).toMatchObject({ rule: 'per_payment', remaining: 1_000 });
    const failed = after(grant(), reserve('a', 1_001, onlyJudge));
    expect(failed.outcome).toBe('mandate_limit_exceeded');
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

  it('that comes again is judged anew by all but the limits, which count it already', () => {
    const tight = terms({
      valid_until: '2026-03-01T13:00:00Z',
      limits: { lifetime: { USD: 100 } },
      approval: { above: { USD: 50 } },
    });
    const held = [grant(tight), reserve('a', 100)];
    const again = after(...held, reserve('a', 100, { nowMs: NOW_MS + HOUR_MS - 1 }));
    expect([again.outcome, again.events]).toEqual(['accepted', []]);
    expect(again.details?.checks.map(({ rule, result }) => [rule, result])).toEqual([
      ...['agent', 'active', 'validity'].map((rule) => [`mandate.${rule}`, 'passed']),
      ...['payees.allow', 'payees.deny', 'categories.deny', 'currency'].map((rule) => [
        rule,
        'passed',
      ]),
      ['approval.above', 'asked'],
    ]);
    for (const [ended, code] of [
      [after(...held, reserve('a', 100, { nowMs: NOW_MS + HOUR_MS })), 'mandate_expired'],
      [after(...held, revoke(), reserve('a', 100)), 'mandate_revoked'],
      [after(...held, reserve('a', 100, { agent: 'agt_2' })), 'mandate_required'],
    ] as const) {
      expect([ended.outcome, ended.events]).toEqual([code, []]);
      expect(ended.state.reservations.get('a')?.status).toBe('reserved');
    }
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

  it('can be looked at by its own tenant, which changes nothing', () => {
    const look = (tenant: string) => ({ type: 'InspectMandate', tenant, nowMs: NOW_MS }) as const;
    expect(after(grant(), look('tnt_1'))).toMatchObject({ outcome: 'accepted', events: [] });
    expect(after(grant(), look('tnt_2')).outcome).toBe('not_found');
    expect(after(look('tnt_1')).outcome).toBe('not_found');
  });

  it('of another tenant, or that does not exist, is not found', () => {
    expect(after(revoke()).outcome).toBe('not_found');
    const stranger = { ...revoke(), tenant: 'tnt_2' } as ReturnType<typeof revoke>;
    expect(after(grant(), stranger).outcome).toBe('not_found');
  });
});
