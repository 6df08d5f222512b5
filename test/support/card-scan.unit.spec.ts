import { describe, expect, it } from 'vitest';
import { CardScan } from './card-scan.js';

const NUMBER = '4242421234567899';
const CVC = '9713';
const scan = new CardScan([
  { number: NUMBER, cvc: CVC },
  { number: '378282246310005', cvc: '8642' },
]);
const NOISE = 'événement 12345 {"a":"4242424242424242"} '.repeat(50);

function found(planted: string | Buffer): string[] {
  const bytes = Buffer.concat([
    Buffer.from(NOISE),
    Buffer.from(planted as string),
    Buffer.from(NOISE),
  ]);
  return scan.scan(bytes).map(({ canary, form }) => `${canary} ${form}`);
}

describe('the scan for card data', () => {
  it.each([
    ['plain', NUMBER],
    ['inside a text', `x${NUMBER}y`],
    ['in groups', '4242 4212 3456 7899'],
    ['with dashes', '4242-4212-3456-7899'],
    ['in a form', '4242+4212+3456+7899'],
    ['hex', Buffer.from(NUMBER).toString('hex')],
    ['upper-case hex', Buffer.from(`é${NUMBER}`).toString('hex').toUpperCase()],
    ['percent-encoded', [...Buffer.from(NUMBER)].map((byte) => `%${byte.toString(16)}`).join('')],
    ['UTF-16', Buffer.from(NUMBER, 'utf16le')],
    ['packed digits', Buffer.from(NUMBER, 'hex')],
  ])('finds a planted number %s', (_, planted) => {
    expect(found(planted).join()).toContain(NUMBER);
  });

  it.each([0, 1, 2, 3, 4, 5])('finds it in base64 of a text, %i bytes in', (before) => {
    const text = `${'x'.repeat(before)}${NUMBER} and more`;
    expect(found(Buffer.from(text).toString('base64'))).toEqual([`${NUMBER} base64`]);
    expect(found(Buffer.from(text).toString('base64url'))).toEqual([`${NUMBER} base64`]);
  });

  it.each([
    `{"cvc":"${CVC}"}`,
    JSON.stringify(JSON.stringify({ cvc: CVC })),
    `cvc=${CVC}`,
    `cvc: ${CVC}`,
    Buffer.from(`{"card":{"cvc":"${CVC}"}}`).toString('base64'),
    Buffer.from(`{"cvc":"${CVC}"}`).toString('hex'),
  ])('finds a planted CVC in %s', (planted) => {
    expect(found(planted).join()).toContain(CVC);
  });

  it('says which card, and where', () => {
    expect(scan.scan('abc378282246310005')).toEqual([
      { canary: '378282246310005', form: 'plain', offset: 3 },
    ]);
  });

  it.each([
    '',
    '424',
    NUMBER.slice(1),
    `${NUMBER.slice(0, 15)}0`,
    `amount ${CVC}`,
    '4242 4212 3456',
  ])('finds nothing in %j', (planted) => {
    expect(found(planted)).toEqual([]);
  });
});
