import { describe, expect, it } from 'vitest';
import { KNOWN_REFUSALS, refusalOf } from './adyen.refusals.js';

describe('a refusal', () => {
  it.each(['2', '4', '9', '10', '12', '21', '27', '28', '29'])(
    'with code %s is soft: another way may work',
    (code) => {
      expect(refusalOf(code).category).toBe('soft');
    },
  );

  it('with every other published code is hard: it is about the card, the buyer, or fraud', () => {
    const soft = KNOWN_REFUSALS.filter((code) => refusalOf(code).category === 'soft');
    expect(soft).toHaveLength(9);
    expect(KNOWN_REFUSALS).toHaveLength(43);
  });

  it('has a word that may be shown anywhere', () => {
    for (const code of KNOWN_REFUSALS) expect(refusalOf(code).code).toMatch(/^[a-z0-9_]{3,40}$/);
  });

  it.each(['0', '1', '13', '30', '47', '999', 'constructor'])(
    'with a code nobody refuses with is hard: %s',
    (code) => {
      expect(refusalOf(code)).toEqual({ code: `refusal_${code}`, category: 'hard' });
    },
  );
});
