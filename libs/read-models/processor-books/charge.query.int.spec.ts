import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordedEvent } from '#event-store';
import { ReadModelDatabase } from '#runtime/projection';
import { openDatabase } from '#sqlite';
import { paymentOfCharge } from './charge.query.js';
import { processorBooksProjection } from './processor-books.projection.js';

const MONEY = { amountMinor: 4200, currency: 'USD', at: '2026-03-01T12:00:00.000Z' };
let folder: string;
let db: ReadModelDatabase;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'charges-'));
  db = new ReadModelDatabase(openDatabase(join(folder, 'a.db'), { synchronous: 'NORMAL' }));
  db.define(processorBooksProjection.tables);
  project('AttemptStarted', { ...MONEY, number: 1, processor: 'stripe', key: 'p-1' });
  project('AttemptPrepared', { ...MONEY, number: 1, reference: 'pi_1' });
  project('AttemptStarted', { ...MONEY, number: 2, processor: 'adyen', key: 'p-2' });
});

afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

function project(type: string, data: object): void {
  const event = { stream: 'payment_intent-p', type, data, metadata: { tenant: 'tnt_1' } };
  processorBooksProjection.project(db, event as unknown as RecordedEvent);
}

it.each([
  ['our key', { processor: 'stripe', key: 'p-1', reference: null }],
  ['the key of a refund', { processor: 'stripe', key: 'p-1-r2', reference: null }],
  ["the processor's name", { processor: 'stripe', key: null, reference: 'pi_1' }],
  ['our key before it has a name', { processor: 'adyen', key: 'p-2', reference: 'PSP' }],
])('finds the payment of a charge by %s', (_, names) => {
  expect(paymentOfCharge(db, names)).toEqual({ id: 'p', tenant: 'tnt_1' });
});

it.each([
  ['another processor', { processor: 'adyen', key: 'p-1', reference: null }],
  ['another key', { processor: 'stripe', key: 'p-3', reference: 'pi_1' }],
  ['another name', { processor: 'stripe', key: null, reference: 'pi_2' }],
  ['no name at all', { processor: 'adyen', key: null, reference: null }],
])('finds none by %s', (_, names) => {
  expect(paymentOfCharge(db, names)).toBeNull();
});
