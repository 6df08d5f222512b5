/** Card numbers by their value, wherever they turn up. */

/** As they are written: in one, or in the groups of cards. Nothing alphanumeric adjoins them: ids and hashes are none by chance. */
const CANDIDATE =
  /(?<![A-Za-z0-9])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![A-Za-z0-9])/g;
const MASK = '[card number]';

interface Scheme {
  readonly brand: string;
  /** What its numbers begin with. */
  readonly prefix: RegExp;
}

const SCHEMES: readonly Scheme[] = [
  { brand: 'visa', prefix: /^4/ },
  { brand: 'mastercard', prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/ },
  { brand: 'amex', prefix: /^3[47]/ },
  { brand: 'discover', prefix: /^(?:6011|64[4-9]|65)/ },
  { brand: 'jcb', prefix: /^35(?:2[89]|[3-8])/ },
  { brand: 'diners', prefix: /^3(?:0[0-5]|[689])/ },
  { brand: 'unionpay', prefix: /^62/ },
  { brand: 'maestro', prefix: /^(?:50|5[6-9]|6)/ },
];

/** Whether digits pass the check of ISO/IEC 7812, annex B. */
export function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let index = 0; index < digits.length; index += 1) {
    const digit = Number(digits[digits.length - 1 - index]);
    const doubled = index % 2 === 0 ? digit : 2 * digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** The scheme whose numbers begin so; `unknown` for all others. */
export function brandOf(number: string): string {
  return SCHEMES.find(({ prefix }) => prefix.test(number))?.brand ?? 'unknown';
}

/** Whether there is a card number in the text: 13 to 19 digits of a known scheme that pass their check. */
export function holdsCardNumber(text: string): boolean {
  return [...text.matchAll(CANDIDATE)].some(([found]) => isCardNumber(found));
}

/** The text with every card number masked. */
export function withoutCardNumbers(text: string): string {
  return text.replace(CANDIDATE, (found) => (isCardNumber(found) ? MASK : found));
}

function isCardNumber(candidate: string): boolean {
  const digits = candidate.replaceAll(/[ -]/g, '');
  return brandOf(digits) !== 'unknown' && passesLuhn(digits);
}
