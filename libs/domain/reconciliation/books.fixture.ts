import type { OurRecord, TheirRecord } from './books.js';

export const MIDNIGHT_MS = Date.UTC(2026, 2, 1);
export const DAY_MS = 86_400_000;
export const MARGIN_MS = 3_600_000;
export const WINDOW = { fromMs: MIDNIGHT_MS, toMs: MIDNIGHT_MS + DAY_MS };
const NOON_MS = MIDNIGHT_MS + DAY_MS / 2;

export const ourCharge = (id: string, changes: Partial<OurRecord> = {}): OurRecord => ({
  ...{ subject: 'charge', state: 'captured', amountMinor: 4_200, currency: 'EUR' },
  ...{ key: `${id}-1`, reference: `ch_${id}`, tenant: 'tnt_1', payment: `pi_${id}`, open: false },
  ...{ atMs: NOON_MS, knownAtMs: NOON_MS + 300, changedAtMs: NOON_MS + 500 },
  ...changes,
});

export const theirCharge = (id: string, changes: Partial<TheirRecord> = {}): TheirRecord => ({
  ...{ subject: 'charge', state: 'captured', amountMinor: 4_200, currency: 'EUR' },
  ...{ key: `${id}-1`, reference: `ch_${id}`, atMs: NOON_MS + 200 },
  ...changes,
});

export const ourRefund = (id: string, changes: Partial<OurRecord> = {}): OurRecord =>
  ourCharge(id, {
    ...{ subject: 'refund', state: 'returned', amountMinor: 1_000 },
    ...{ key: `${id}-1-r1`, reference: `re_${id}` },
    ...changes,
  });

export const theirRefund = (id: string, changes: Partial<TheirRecord> = {}): TheirRecord =>
  theirCharge(id, {
    ...{ subject: 'refund', state: 'returned', amountMinor: 1_000 },
    ...{ key: `${id}-1-r1`, reference: `re_${id}` },
    ...changes,
  });
