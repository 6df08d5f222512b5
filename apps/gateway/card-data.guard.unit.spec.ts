import { describe, expect, it } from 'vitest';
import type { JsonRecord } from '#domain';
import { refuseCardData } from './card-data.guard.js';
import { ProblemException } from './problem.exception.js';

function refusalOf(request: object): ProblemException | null {
  try {
    refuseCardData(request as JsonRecord);
    return null;
  } catch (error) {
    return error as ProblemException;
  }
}

describe('a request with a card number', () => {
  it.each([
    [{ purpose: 'books, paid with 4242 4242 4242 4242' }, '/purpose'],
    [{ payment_method: 'pm_4242424242424242' }, '/payment_method'],
    [{ metadata: { 'the/card': '4242424242424242' } }, '/metadata/the~1card'],
    [{ metadata: { '4242424242424242': 'x' } }, '/metadata'],
    [
      { reservation: { items: [{ sku: 'a' }, { sku: '378282246310005' }] } },
      '/reservation/items/1/sku',
    ],
  ])('is refused and nothing of it repeated: %#', (request, pointer) => {
    const refusal = refusalOf(request);
    expect(refusal).toBeInstanceOf(ProblemException);
    expect(refusal?.facts.code).toBe('validation_failed');
    expect(refusal?.facts.violations).toMatchObject([{ pointer, rule: 'no_card_number' }]);
    expect(JSON.stringify(refusal?.facts)).not.toMatch(/\d{13}|\d{4} \d{4}/);
  });

  it.each([
    { order_reference: 'PO-7781', amount: 4200 },
    { order_reference: '1785312000000' },
    { metadata: { task: 'c9d04242-4242-4242-8242-1234567890ab' } },
    {},
  ])('is not seen in %j', (request) => {
    expect(refusalOf(request)).toBeNull();
  });
});
