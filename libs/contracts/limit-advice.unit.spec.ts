import { describe, expect, it } from 'vitest';
import type { MandateCheck } from '#domain';
import { limitAdvice, mandateViolations } from './limit-advice.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const MIDNIGHT = '2026-03-02T00:00:00.000Z';

function limit(rule: string, remaining: number, more: Partial<MandateCheck> = {}): MandateCheck {
  const figures = { currency: 'USD', limit: 5_000, used: 5_000 - remaining, held: 0, remaining };
  const result = remaining < 1_500 ? 'failed' : 'passed';
  return { rule, result, ...figures, requested: 1_500, resetsAt: MIDNIGHT, ...more };
}

describe('what a chain of mandates objects to', () => {
  it('is found in the same place of the request as what the lowest objects to', () => {
    const failed = (rule: string): MandateCheck => ({ rule, result: 'failed' });
    const checks = [
      failed('payees.allow'),
      failed('parent.payees.deny'),
      failed('parent.parent.mandate.active'),
      limit('parent.window.day', 1_000),
      limit('parent.lifetime', 4_000),
    ];
    expect(mandateViolations(checks)).toMatchObject([
      { pointer: '/payee/id', rule: 'payees.allow' },
      { pointer: '/payee/id', rule: 'parent.payees.deny' },
      { pointer: '/mandate', rule: 'parent.parent.mandate.active' },
      { pointer: '/amount', rule: 'parent.window.day', remaining: 1_000, resets_at: MIDNIGHT },
    ]);
  });

  it('is mended by an amount that all of them have room for', () => {
    const checks = [limit('window.day', 1_000), limit('parent.lifetime', 400)];
    expect(limitAdvice(checks, NOW_MS).remedies[0]).toMatchObject({ patch: [{ value: 400 }] });
  });
});

describe('an amount that a human is asked about', () => {
  const asked: MandateCheck = {
    ...{ rule: 'approval.above', result: 'asked' },
    ...{ limit: 500, requested: 1_500 },
  };

  it('is no violation, and the amount that is advised may be one too', () => {
    const checks = [limit('window.day', 1_000), asked];
    expect(mandateViolations(checks).map(({ rule }) => rule)).toEqual(['window.day']);
    expect(limitAdvice(checks, NOW_MS).remedies[0]).toMatchObject({ patch: [{ value: 1_000 }] });
  });
});
