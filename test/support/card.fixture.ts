import type { CardCanary } from './card-scan.js';

export interface Card {
  number: string;
  exp_month: number;
  exp_year: number;
  cvc: string;
}

/** A test card that works, another one for each number. Its CVC is no status of HTTP, nor the end of a number: those are shown. */
export function cardNumbered(count: number): Card {
  const digits = `424242${String(count).padStart(9, '0')}`;
  const cvc = String(600 + ((count * 7) % 400));
  return { number: withCheckDigit(digits), exp_month: 7, exp_year: 2041, cvc };
}

export function canaryOf({ number, cvc }: Card): CardCanary {
  return { number, cvc };
}

function withCheckDigit(digits: string): string {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}
