import { describe, expect, it } from 'vitest';
import { problemFailure } from './failures.js';
import { moneyText } from './money.text.js';
import { printable, table } from './table.js';

describe('text for people', () => {
  it('writes amounts with the digits of their currency', () => {
    expect(moneyText(4_200, 'USD')).toBe('42.00 USD');
    expect(moneyText(5, 'EUR')).toBe('0.05 EUR');
    expect(moneyText(-5, 'EUR')).toBe('-0.05 EUR');
    expect(moneyText(1_500, 'JPY')).toBe('1500 JPY');
    expect(moneyText(1_234, 'KWD')).toBe('1.234 KWD');
    expect(moneyText(7, 'XXX')).toBe('7 minor units of XXX');
  });

  it('lets nothing through that steers a terminal', () => {
    expect(printable('a\u001b[31mb\u009bc\u202ed\ne')).toBe('a?[31mb?c?d?e');
  });

  it('aligns columns', () => {
    expect(
      table(
        ['ID', 'N'],
        [
          ['long-id', '1'],
          ['x', '22'],
        ],
      ),
    ).toEqual(['ID       N', 'long-id  1', 'x        22']);
  });

  it('tells a problem with its ways on, in one line', () => {
    const remedies = [
      { type: 'fetch', url: '/v1/x' },
      { type: 'wait', until: '2030-01-01T00:00:00Z' },
    ];
    const { message } = problemFailure({
      code: 'possible_duplicate',
      detail: 'Twice?\n',
      remedies,
    });
    expect(message).toBe(
      'possible_duplicate: Twice?? To go on: fetch /v1/x, or wait until 2030-01-01T00:00:00Z.',
    );
  });
});
