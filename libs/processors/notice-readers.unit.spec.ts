import { describe, expect, it } from 'vitest';
import type { NoticeReader } from './notice.port.js';
import { NoticeReaders } from './notice-readers.js';

const of = (processor: string): NoticeReader => ({
  processor,
  read: () => ({ ok: true, notices: [] }),
});

describe('the readers of webhooks', () => {
  it('are found by the name of their processor', () => {
    const [stripe, adyen] = [of('stripe'), of('adyen')];
    const readers = new NoticeReaders([stripe, adyen]);
    expect(readers.of('adyen')).toBe(adyen);
    expect(readers.of('stripe')).toBe(stripe);
    expect(readers.of('acme')).toBeUndefined();
  });

  it('are refused when two are of one processor', () => {
    expect(() => new NoticeReaders([of('stripe'), of('stripe')])).toThrow('one processor');
  });
});
