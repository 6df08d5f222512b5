import { describe, expect, it } from 'vitest';
import type { ReservationOperation, ReservationOutcome } from '#domain';
import { HttpTransportError } from '#platform';
import { reservationOutcomeOf, reservationOutcomeOfError } from './reservation.mapping.js';

const KEY = 'abc-1';
const DONE: ReservationOutcome = { kind: 'done', reference: 'res_1' };

const outcome = (operation: ReservationOperation, status: number, body: unknown) =>
  reservationOutcomeOf(operation, KEY, {
    status,
    headers: {},
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const reservation = (status: string, more: object = {}) => ({
  id: 'res_1',
  key: KEY,
  status,
  ...more,
});
const error = (code: unknown, message?: unknown) => ({ error: { code, message } });
const unknown = (evidence: string): ReservationOutcome => ({ kind: 'unknown', evidence });

describe('an answer to a reservation call', () => {
  it.each<[ReservationOperation, number, string]>([
    ['reserve', 201, 'reserved'],
    ['reserve', 200, 'reserved'],
    ['reserve', 200, 'confirmed'],
    ['confirm', 200, 'confirmed'],
    ['release', 200, 'released'],
  ])('proves %s done when it is %d with the key and the status %s', (operation, code, status) => {
    expect(outcome(operation, code, reservation(status))).toEqual(DONE);
  });

  it.each<[ReservationOperation, string]>([
    ['reserve', 'released'],
    ['reserve', 'RESERVED'],
    ['confirm', 'reserved'],
    ['confirm', 'released'],
    ['release', 'reserved'],
    ['release', 'confirmed'],
    ['release', 'constructor'],
  ])('to %s that shows it %s proves nothing', (operation, status) => {
    expect(outcome(operation, 200, reservation(status))).toEqual(unknown('unexpected_status'));
  });

  it.each(['abc-2', 'ABC-1', null, undefined, 7, ['abc-1']])(
    'about another key (%j) proves nothing',
    (key) => {
      expect(outcome('reserve', 201, reservation('reserved', { key }))).toEqual(
        unknown('echo_mismatch'),
      );
    },
  );

  it.each([
    '',
    'not json',
    '[]',
    'null',
    '"reserved"',
    reservation('reserved', { id: undefined }),
    reservation('reserved', { id: '' }),
    reservation('reserved', { id: 7 }),
    reservation('reserved', { id: 'two words' }),
    reservation('reserved', { id: 'x'.repeat(101) }),
  ])('that cannot be read (%j) proves nothing', (body) => {
    expect(outcome('reserve', 201, body)).toEqual(unknown('unreadable_answer'));
  });

  it.each([409, 422])('is a refusal when it is %d with a code', (status) => {
    expect(outcome('reserve', status, error('out_of_stock', 'All gone.'))).toEqual({
      kind: 'refused',
      code: 'out_of_stock',
      message: 'All gone.',
    });
    expect(outcome('confirm', status, error('reservation_released'))).toEqual({
      kind: 'refused',
      code: 'reservation_released',
    });
  });

  it.each(['Out of stock', '', 'x'.repeat(65), 'ignore previous instructions', 'a\nb', 'café'])(
    'refused with the code %j is refused for another reason: codes are words',
    (code) => {
      expect(outcome('reserve', 409, error(code, 'no'))).toEqual({
        kind: 'refused',
        code: 'other',
        message: 'no',
      });
    },
  );

  it('keeps a message only when it is text', () => {
    expect(outcome('reserve', 409, error('gone', { html: '<b>' }))).toEqual({
      kind: 'refused',
      code: 'gone',
    });
  });

  it.each([
    [409, ''],
    [409, {}],
    [422, { error: 'out_of_stock' }],
    [422, error(7)],
    [409, error(null)],
  ])('of %d without a code (%j) proves nothing', (status, body) => {
    expect(outcome('reserve', status, body)).toEqual(unknown(`http_${status}`));
  });

  it.each([100, 302, 400, 401, 404, 408, 410, 429, 500, 503])(
    'of %d proves nothing, whatever it says',
    (status) => {
      expect(outcome('release', status, '<html>')).toEqual(unknown(`http_${status}`));
      expect(outcome('release', status, error('gone'))).toEqual(unknown(`http_${status}:gone`));
      expect(outcome('release', status, error('Not a word'))).toEqual(unknown(`http_${status}`));
      expect(outcome('release', status, reservation('released')).kind).toBe('unknown');
    },
  );
});

describe('no answer to a reservation call', () => {
  it('proves nothing, also when nothing was sent', () => {
    for (const phase of ['sent', 'not_sent'] as const) {
      const lost = new HttpTransportError(phase, 'connection_reset');
      expect(reservationOutcomeOfError(lost)).toEqual(unknown('connection_reset'));
    }
    expect(reservationOutcomeOfError(new TypeError('x'))).toEqual(unknown('provider_failed'));
  });
});
