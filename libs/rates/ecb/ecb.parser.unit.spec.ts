import { describe, expect, it } from 'vitest';
import { PUBLISHED, dailyXml } from './ecb.fixture.js';
import { parseEcb } from './ecb.parser.js';
import { EcbRateSource } from './index.js';
import { isTargetClosed, nextTargetDay } from './target-days.js';
import { ScriptedHttp } from '../rate-source.contract.js';

const DAILY = dailyXml('2025-10-21', PUBLISHED);
const UNREADABLE = { ok: false, fault: 'unreadable' };

describe('the daily file of the European Central Bank', () => {
  it('is read as it is published', () => {
    const outcome = parseEcb(DAILY);
    const rates = outcome.ok ? Object.fromEntries(outcome.sheet.rates) : {};
    expect(outcome).toMatchObject({
      ok: true,
      sheet: { base: 'EUR', asOf: Date.parse('2025-10-21T12:00:00Z') },
    });
    expect(Object.keys(rates)).toHaveLength(14);
    expect(rates).toMatchObject({ USD: '1.1607', GBP: '0.8678', ISK: '141.6', TRY: '48.7114' });
  });

  it.each([
    ['is cut off', DAILY.slice(0, -20)],
    ['has an element that is not closed', DAILY.replace("rate='1.1607'/>", "rate='1.1607'>")],
    ['gives one currency twice', DAILY.replace("currency='JPY'", "currency='USD'")],
    ['has no day', DAILY.replace(" time='2025-10-21'", '')],
    ['has a day that is none', DAILY.replace('2025-10-21', '2025-02-30')],
    ['has a day in words', DAILY.replace('2025-10-21', 'yesterday')],
    ['has a currency without a rate', DAILY.replace(" rate='1.1607'", '')],
    [
      'has a history',
      DAILY.replace('</Cube>\n\t</Cube>', "</Cube><Cube time='2025-10-20'/></Cube>"),
    ],
    ['is of another vocabulary', DAILY.replace('/eurofxref"', '/other"')],
    ['is of no vocabulary', DAILY.replace(/ xmlns\S+/g, '').replaceAll('gesmes:', '')],
    ['is HTML', '<!doctype html><html><body>Not now</body></html>'],
  ])('that %s is not believed', (_how, xml) => {
    expect(parseEcb(xml)).toMatchObject(UNREADABLE);
  });

  it('expands no entities and reads no document type', () => {
    const bomb =
      '<!DOCTYPE x [<!ENTITY a "9"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>';
    const [declaration, rest] = DAILY.split('?>\n');
    expect(parseEcb(`${declaration}?>\n${bomb}${rest}`)).toMatchObject(UNREADABLE);
    expect(parseEcb(DAILY.replace('1.1607', '&b;'))).toMatchObject(UNREADABLE);
  });

  it('means nothing where a Cube lies elsewhere', () => {
    const astray = DAILY.replace(
      '<gesmes:Sender>',
      "<gesmes:Sender><Cube currency='KRW' rate='1'/>",
    );
    const outcome = parseEcb(astray);
    expect(outcome.ok && outcome.sheet.rates.has('KRW')).toBe(false);
    expect(outcome.ok).toBe(true);
  });
});

describe('the days of TARGET', () => {
  it.each([
    ['2026-01-01', 'New Year'],
    ['2026-04-03', 'Good Friday'],
    ['2026-04-06', 'Easter Monday'],
    ['2024-03-29', 'Good Friday'],
    ['2024-04-01', 'Easter Monday'],
    ['2027-03-26', 'Good Friday'],
    ['2038-04-26', 'Easter Monday'],
    ['2026-05-01', 'Labour Day'],
    ['2025-12-25', 'Christmas'],
    ['2025-12-26', 'the day after'],
    ['2026-02-28', 'a Saturday'],
    ['2026-03-01', 'a Sunday'],
  ])('do not count %s, %s', (day) => {
    expect(isTargetClosed(Date.parse(day))).toBe(true);
  });

  it.each(['2026-03-02', '2026-04-02', '2026-04-07', '2026-05-14', '2026-12-24', '2026-12-31'])(
    'count %s',
    (day) => {
      expect(isTargetClosed(Date.parse(day))).toBe(false);
    },
  );

  it.each([
    ['2026-02-26', '2026-02-27', 'on the next day'],
    ['2026-02-27', '2026-03-02', 'over a weekend'],
    ['2026-04-02', '2026-04-07', 'over Easter'],
    ['2025-12-24', '2025-12-29', 'over Christmas'],
  ])('lead from %s to %s %s, when the rates become too old in the evening', (day, next) => {
    const noonMs = Date.parse(`${day}T12:00:00Z`);
    expect(new Date(nextTargetDay(noonMs)).toISOString().slice(0, 10)).toBe(next);
    const source = new EcbRateSource(new ScriptedHttp(() => Promise.reject(new Error())));
    expect(new Date(source.goodUntil(noonMs)).toISOString()).toBe(`${next}T18:00:00.000Z`);
  });
});
