import { expect, it } from 'vitest';
import { csvField, differencesCsv } from './reconciliation.csv.js';

it('has a line for each difference, with both sides in columns', () => {
  const at = '2026-01-01T00:00:00.000Z';
  const theirs = { state: 'captured', amount: 4_200, currency: 'EUR', at };
  const about = { kind: 'missing_here', subject: 'charge', tenant: null, payment_intent: null };
  const difference = { ...about, key: 'a,"b"', reference: '=1+1', ours: null, theirs };
  const csv = differencesCsv([{ ...difference, expected: false, explanation: 'key_never_used' }]);
  expect(csv.split('\r\n')).toEqual([
    'kind,subject,tenant,payment_intent,key,reference,expected,explanation,ours_state,ours_amount,ours_currency,' +
      'ours_at,theirs_state,theirs_amount,theirs_currency,theirs_at',
    `missing_here,charge,,,"a,""b""",'=1+1,false,key_never_used,,,,,captured,4200,EUR,${at}`,
    '',
  ]);
});

it.each(['=1', '+1', '-1', '@x', '\t=1', '\r=1', '\n=1'])(
  'lets no spreadsheet take %j for a formula',
  (text) => {
    expect(csvField(text).replace(/^"/, '')).toMatch(/^'/);
  },
);

it('leaves what is harmless as it is', () => {
  expect(csvField("pi_1-1'")).toBe("pi_1-1'");
});
