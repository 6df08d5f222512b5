import { expect, it } from 'vitest';
import {
  limitFigures,
  mandateDecider,
  mandateSnapshot,
  type MandateEvent,
  type MandateTerms,
} from '#domain';
import type { NewEvent } from '#event-store';
import { MemoryEventStore } from '#event-store/memory';
import { SystemClock, SystemRandom, SystemTimers } from '#platform/system';
import { MandateFigures } from './mandate-figures.js';

const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const random = new SystemRandom();

/** Counts how much is read. */
class CountingStore extends MemoryEventStore {
  read = 0;

  override async readStream(...args: Parameters<MemoryEventStore['readStream']>) {
    const events = await super.readStream(...args);
    this.read += events.length;
    return events;
  }
}

function stored(event: MandateEvent): NewEvent {
  const metadata = { $correlationId: 'c', $causationId: 'c', schemaVersion: 1, tenant: 'tnt_1' };
  return { id: random.uuid(), ...event, metadata } as unknown as NewEvent;
}

const TERMS: MandateTerms = {
  agent: 'agt_1',
  valid_until: '2026-02-01T00:00:00Z',
  limits: {
    lifetime: { USD: 1_000_000 },
    windows: [{ name: 'hour', rolling: 'PT1H', amount: { USD: 50_000 }, count: 500 }],
  },
};

it('gives the figures of the whole stream, also to many who ask at once, and reads each event once', async () => {
  const store = new CountingStore({ clock: new SystemClock(), timers: new SystemTimers() });
  const at = (index: number) => new Date(T0 + index * 1_000).toISOString();
  const granted = { id: 'mnd_1', tenant: 'tnt_1', terms: TERMS, by: 'op', at: at(0) };
  const history: MandateEvent[] = [{ type: 'MandateGranted', data: granted }];
  for (let index = 0; index < 700; index += 1) {
    const intent = `p${index}`;
    const amountMinor = 10 + index;
    history.push({
      type: 'BudgetReserved',
      data: { intent, amountMinor, currency: 'USD', at: at(index) },
    });
    if (index % 3 === 0)
      history.push({ type: 'SpendCommitted', data: { intent, amountMinor, at: at(index) } });
    if (index % 3 === 1) history.push({ type: 'BudgetReleased', data: { intent, at: at(index) } });
  }
  for (let from = 0; from < history.length; from += 400)
    await store.append('mandate-1', 'any', history.slice(from, from + 400).map(stored));

  const nowMs = T0 + 800_000;
  const expected = () => {
    const state = history.reduce(mandateDecider.evolve, mandateDecider.initial());
    return { status: 'active', limits: limitFigures(state, null, nowMs) };
  };
  const figures = new MandateFigures(store);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => figures.standing('mnd_1', nowMs)),
  );
  for (const answer of answers) expect(answer).toEqual(expected());

  const more: MandateEvent = {
    type: 'SpendCommitted',
    data: { intent: 'p2', amountMinor: 5, at: at(701) },
  };
  history.push(more);
  await store.append('mandate-1', 'any', [stored(more)]);
  expect(await figures.standing('mnd_1', nowMs)).toEqual(expected());
  expect(store.read).toBe(history.length);

  const afterItsEnd = Date.parse('2026-02-01T00:00:00Z');
  expect((await figures.standing('mnd_1', afterItsEnd))?.status).toBe('expired');
  expect(await figures.standing('mnd_2', nowMs)).toBeNull();
  await store.close();
});

/** A granted mandate of this id that holds `amountMinor` for one payment. */
function holding(
  id: string,
  amountMinor: number,
  more: Partial<MandateTerms> = {},
): MandateEvent[] {
  const at = new Date(T0).toISOString();
  const terms = { agent: 'agt_1', limits: { lifetime: { USD: 100 } }, ...more };
  return [
    { type: 'MandateGranted', data: { id: `mnd_${id}`, tenant: 'tnt_1', terms, by: 'op', at } },
    { type: 'BudgetReserved', data: { intent: 'p', amountMinor, currency: 'USD', at } },
  ];
}

const opened = () => new CountingStore({ clock: new SystemClock(), timers: new SystemTimers() });

it('shows with a mandate the limits of all above it, and ends it when one of them ends', async () => {
  const store = opened();
  const until = { valid_until: '2026-01-02T00:00:00Z' };
  await store.append('mandate-top', 'any', holding('top', 30, until).map(stored));
  const middle = holding('middle', 20, { parent: 'mnd_top' });
  await store.append('mandate-middle', 'any', middle.map(stored));
  await store.append(
    'mandate-low',
    'any',
    holding('low', 10, { parent: 'mnd_middle' }).map(stored),
  );
  const figures = new MandateFigures(store);
  const shown = async (nowMs: number, mandate = 'mnd_low') => {
    const standing = await figures.standing(mandate, nowMs);
    return [standing?.status, standing?.limits.map(({ rule, held }) => [rule, held])];
  };
  const limits = [
    ['lifetime', 10],
    ['parent.lifetime', 20],
    ['parent.parent.lifetime', 30],
  ];
  expect(await shown(T0)).toEqual(['active', limits]);
  expect(await shown(Date.parse(until.valid_until))).toEqual(['expired', limits]);
  const revoked: MandateEvent = {
    type: 'MandateRevoked',
    data: { by: 'op', at: until.valid_until },
  };
  await store.append('mandate-middle', 'any', [stored(revoked)]);
  expect(await shown(T0)).toEqual(['revoked', limits]);
  expect((await shown(T0, 'mnd_top'))[0]).toBe('active');
  await store.close();
});

it('begins at a snapshot that belongs to the stream, and reads everything when there is no such', async () => {
  const store = opened();
  const events = holding('a', 30).map(stored);
  await store.append('mandate-a', 'any', events);
  const elsewhere = holding('a', 99).reduce(mandateDecider.evolve, mandateDecider.initial());
  const snapshot = {
    version: mandateSnapshot.version,
    revision: 1,
    eventId: String(events[1]?.id),
    state: mandateSnapshot.save(elsewhere),
  };
  const heldWith = async (load: () => typeof snapshot | null) => {
    const standing = await new MandateFigures(store, { load }).standing('mnd_a', T0);
    return standing?.limits[0]?.held;
  };
  expect(await heldWith(() => snapshot)).toBe(99);
  const broken = () => {
    throw new Error('the file is broken');
  };
  const unfit = [{ version: 0 }, { eventId: 'another' }, { revision: 7 }, { state: {} }];
  const loads = unfit.map((faults) => () => ({ ...snapshot, ...faults }) as typeof snapshot);
  for (const load of [() => null, broken, ...loads]) expect(await heldWith(load)).toBe(30);
  await store.close();
});
