import { describe, expect, it } from 'vitest';
import { brandOf, holdsCardNumber, passesLuhn, withoutCardNumbers } from './card-number.js';

describe('the check of a card number', () => {
  it.each(['4242424242424242', '378282246310005', '6304000000000000', '4000000000009995'])(
    'passes %s, and no number with another last digit',
    (number) => {
      expect(passesLuhn(number)).toBe(true);
      for (let shift = 1; shift < 10; shift += 1) {
        const last = (Number(number.at(-1)) + shift) % 10;
        expect(passesLuhn(`${number.slice(0, -1)}${last}`)).toBe(false);
      }
    },
  );

  it('notices two neighbours that changed places', () => {
    expect(passesLuhn('4539578763621486')).toBe(true);
    expect(passesLuhn('4359578763621486')).toBe(false);
  });
});

describe('the brand of a card', () => {
  it.each([
    ['4242424242424242', 'visa'],
    ['5555555555554444', 'mastercard'],
    ['2223003122003222', 'mastercard'],
    ['378282246310005', 'amex'],
    ['6011111111111117', 'discover'],
    ['3566002020360505', 'jcb'],
    ['3056930009020004', 'diners'],
    ['6200000000000005', 'unionpay'],
    ['6759649826438453', 'maestro'],
    ['9999999999999995', 'unknown'],
  ])('of %s is %s', (number, brand) => {
    expect(brandOf(number)).toBe(brand);
  });
});

describe('a card number in a text', () => {
  it.each([
    'pay with 4242424242424242 please',
    'pay with 4242 4242 4242 4242 please',
    'until 12 2030: 4242 4242 4242 4242 12 2030',
    '3782 822463 10005',
    '{"number":"4242-4242-4242-4242"}',
    '/v1/payment_methods/4242424242424242',
    'pm_4242424242424242',
    '378282246310005',
  ])('is found in "%s", and masked', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
    expect(withoutCardNumbers(text)).toContain('[card number]');
    expect(holdsCardNumber(withoutCardNumbers(text))).toBe(false);
  });

  it.each([
    'PO-7781',
    '1785312000000 ms',
    '4242424242424241',
    '0af7651916cd43dd8448eb211c80319c',
    'a4242424242424242',
    '424242424242424242424242',
    '2026-07-29T12:34:56.789Z',
    'c9d04242-4242-4242-8242-1234567890ab',
  ])('is not seen in "%s"', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
    expect(withoutCardNumbers(text)).toBe(text);
  });
});
