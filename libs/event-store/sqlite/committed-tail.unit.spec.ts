import { expect, it } from 'vitest';
import { CommittedTail } from './committed-tail.js';
import type { EventRow } from './log.file.js';

function row(position: number, data = '{}'): EventRow {
  const event = { stream: 'agent-1', revision: position, id: `${position}`, type: 'Happened' };
  return { ...event, position, data, metadata: '{}', recorded_at: 0 };
}

function rows(first: number, count: number): EventRow[] {
  return Array.from({ length: count }, (_, index) => row(first + index));
}

it('answers only for positions it wholly covers', () => {
  const tail = new CommittedTail();
  expect(tail.page(-1, {})).toBeUndefined();
  tail.push(rows(10, 3));
  expect(tail.page(8, {})).toBeUndefined();
  expect(tail.page(9, {})?.events.map(({ position }) => position)).toEqual([10, 11, 12]);
  expect(tail.page(11, {})).toMatchObject({ events: [{ position: 12 }], scannedTo: 12 });
  expect(tail.page(12, {})).toEqual({ events: [], scannedTo: 12 });
});

it('knows nothing new for a reader that is ahead of it', () => {
  const tail = new CommittedTail();
  tail.push(rows(1, 2));
  expect(tail.page(5, {})).toEqual({ events: [], scannedTo: 5 });
});

it('parses an event once for all its readers', () => {
  const tail = new CommittedTail();
  tail.push(rows(1, 1));
  expect(tail.page(0, {})?.events[0]).toBe(tail.page(0, {})?.events[0]);
});

it('forgets the oldest events beyond its limits of number and of bytes', () => {
  const tail = new CommittedTail();
  tail.push(rows(1, 5_000));
  expect(tail.page(100, {})).toBeUndefined();
  expect(tail.page(4_000, {})?.events).toHaveLength(500);

  const text = JSON.stringify({ text: 'x'.repeat(1_000_000) });
  tail.push(Array.from({ length: 10 }, (_, index) => row(5_001 + index, text)));
  expect(tail.page(5_001, {})).toBeUndefined();
  expect(tail.page(5_006, {})?.events).toHaveLength(4);
});

it('covers nothing after it was cleared, until more is pushed', () => {
  const tail = new CommittedTail();
  tail.push(rows(1, 2));
  tail.clear();
  expect(tail.page(2, {})).toBeUndefined();
  tail.push(rows(5, 1));
  expect(tail.page(2, {})).toBeUndefined();
  expect(tail.page(4, {})?.scannedTo).toBe(5);
});
