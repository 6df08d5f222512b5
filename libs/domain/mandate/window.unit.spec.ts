import { describe, expect, it } from 'vitest';
import { calendarPeriod, durationMs, isTimezone } from './window.js';

type Calendar = Parameters<typeof calendarPeriod>[0];

function period(calendar: Calendar, timezone: string, at: string): [string, string] {
  const { startMs, endMs } = calendarPeriod(calendar, timezone, Date.parse(at));
  return [new Date(startMs).toISOString(), new Date(endMs).toISOString()];
}

describe('a calendar period', () => {
  const cases: [string, Calendar, string, string, string, string][] = [
    ['a day', 'day', 'UTC', '2026-03-01T00:00:00Z', '2026-03-01T00', '2026-03-02T00'],
    ['its last moment', 'day', 'UTC', '2026-03-01T23:59:59.999Z', '2026-03-01T00', '2026-03-02T00'],
    [
      'a day far east',
      'day',
      'Asia/Tokyo',
      '2026-03-01T15:00:00Z',
      '2026-03-01T15',
      '2026-03-02T15',
    ],
    ['a short February', 'month', 'UTC', '2026-02-28T23:00:00Z', '2026-02-01T00', '2026-03-01T00'],
    ['a leap February', 'month', 'UTC', '2028-02-29T12:00:00Z', '2028-02-01T00', '2028-03-01T00'],
    ['a December', 'month', 'UTC', '2026-12-31T23:00:00Z', '2026-12-01T00', '2027-01-01T00'],
    ['a Sunday', 'week', 'UTC', '2026-03-01T12:00:00Z', '2026-02-23T00', '2026-03-02T00'],
    ['a Monday', 'week', 'UTC', '2026-03-02T00:00:00Z', '2026-03-02T00', '2026-03-09T00'],
    ['week 53 of a year', 'week', 'UTC', '2027-01-01T12:00:00Z', '2026-12-28T00', '2027-01-04T00'],
    [
      'a zone west of a Monday',
      'week',
      'America/New_York',
      '2026-03-02T04:59:59Z',
      '2026-02-23T05',
      '2026-03-02T05',
    ],
    [
      'a month with a change of clocks',
      'month',
      'Europe/Berlin',
      '2026-03-15T00:00:00Z',
      '2026-02-28T23',
      '2026-03-31T22',
    ],
    [
      'a week with a change of clocks',
      'week',
      'Europe/Berlin',
      '2026-03-29T12:00:00Z',
      '2026-03-22T23',
      '2026-03-29T22',
    ],
    [
      '23 hours in Berlin',
      'day',
      'Europe/Berlin',
      '2026-03-29T12:00:00Z',
      '2026-03-28T23',
      '2026-03-29T22',
    ],
    [
      '25 hours in Berlin',
      'day',
      'Europe/Berlin',
      '2026-10-25T12:00:00Z',
      '2026-10-24T22',
      '2026-10-25T23',
    ],
    [
      'the hour that comes twice',
      'day',
      'Europe/Berlin',
      '2026-10-25T01:30:00Z',
      '2026-10-24T22',
      '2026-10-25T23',
    ],
    [
      'the last hour before the clocks change',
      'day',
      'Europe/Berlin',
      '2026-10-24T22:00:00Z',
      '2026-10-24T22',
      '2026-10-25T23',
    ],
    [
      '23 hours in New York',
      'day',
      'America/New_York',
      '2026-03-08T12:00:00Z',
      '2026-03-08T05',
      '2026-03-09T04',
    ],
    [
      '25 hours in New York',
      'day',
      'America/New_York',
      '2026-11-01T12:00:00Z',
      '2026-11-01T04',
      '2026-11-02T05',
    ],
    [
      'a day without midnight',
      'day',
      'America/Sao_Paulo',
      '2018-11-04T12:00:00Z',
      '2018-11-04T03',
      '2018-11-05T02',
    ],
    [
      'the day before it',
      'day',
      'America/Sao_Paulo',
      '2018-11-04T02:59:59Z',
      '2018-11-03T03',
      '2018-11-04T03',
    ],
    [
      'a day whose last hour comes twice',
      'day',
      'America/Sao_Paulo',
      '2018-02-18T02:30:00Z',
      '2018-02-17T02',
      '2018-02-18T03',
    ],
    [
      'a day whose midnight comes twice',
      'day',
      'America/Havana',
      '2026-11-01T12:00:00Z',
      '2026-11-01T04',
      '2026-11-02T05',
    ],
    [
      'half an hour off',
      'day',
      'Asia/Kolkata',
      '2026-03-01T12:00:00Z',
      '2026-02-28T18:30',
      '2026-03-01T18:30',
    ],
  ];
  it.each(cases)('is right for %s', (_, calendar, timezone, at, start, end) => {
    const whole = (hour: string) => `${hour.length === 13 ? `${hour}:00` : hour}:00.000Z`;
    expect(period(calendar, timezone, at)).toEqual([whole(start), whole(end)]);
  });

  it.each(['Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Australia/Lord_Howe', 'UTC'])(
    'follows the one before without a gap, for two years in %s',
    (timezone) => {
      for (const calendar of ['day', 'week', 'month'] as const) {
        let at = Date.UTC(2017, 11, 31, 12);
        while (at < Date.UTC(2020, 0, 1)) {
          const { startMs, endMs } = calendarPeriod(calendar, timezone, at);
          expect([startMs <= at, endMs > at]).toEqual([true, true]);
          expect(calendarPeriod(calendar, timezone, endMs).startMs).toBe(endMs);
          expect(calendarPeriod(calendar, timezone, endMs - 1)).toEqual({ startMs, endMs });
          at = endMs;
        }
      }
    },
  );
});

describe('a duration', () => {
  it.each([
    ['PT1H', 3_600_000],
    ['P7D', 604_800_000],
    ['P1W', 604_800_000],
    ['P1DT2H3M4S', 93_784_000],
  ])('%s is %i ms', (iso, ms) => expect(durationMs(iso)).toBe(ms));

  it.each(['', 'P', 'PT', 'PT0S', 'P1M', 'P1Y', '1H', 'PT1.5H', 'PT-1H', 'pt1h'])(
    '%j is none',
    (iso) => expect(durationMs(iso)).toBeUndefined(),
  );
});

it('knows time zones by their IANA names', () => {
  expect(['UTC', 'Europe/Berlin'].map(isTimezone)).toEqual([true, true]);
  expect(['', 'Mars/Olympus', 'Europe/'].map(isTimezone)).toEqual([false, false, false]);
});
