import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ReservationCall, ReservationOperation, ReservationOutcome } from '#domain';
import type { ReservationProvider } from './reservation.port.js';

/** A reservation in the service's own books, which are the judge of every test here. */
export interface BookedReservation {
  id: string;
  status: 'reserved' | 'confirmed' | 'released';
  items: ReservationCall['items'];
}

/** `lose_request`: not executed, and the answer does not say so. `lose_answer`: executed, and the answer is lost. */
export type ReservationFault = 'none' | 'refuse' | 'lose_request' | 'lose_answer' | 'hang_after';

export interface ReservationProviderUnderTest {
  provider: ReservationProvider;
  /** Goods that the service has, and goods that it has no more of. */
  skus: { available: string; soldOut: string };
  reservations(key: string): Promise<BookedReservation[]>;
  break(fault: ReservationFault): Promise<void>;
  stop(): Promise<void>;
}

const NEVER_ABORTED = new AbortController().signal;
const STEPS: readonly ReservationOperation[] = ['reserve', 'confirm', 'release'];
const DONE_AS = { reserve: 'reserved', confirm: 'confirmed', release: 'released' } as const;

/** The behaviour that every reservation provider must show, against the real service or a faithful double of it. */
export function describeReservationProvider(
  name: string,
  start: () => Promise<ReservationProviderUnderTest>,
): void {
  describe(`reservation provider ${name}`, () => {
    let subject: ReservationProviderUnderTest;
    let orders = 0;

    beforeAll(async () => {
      subject = await start();
    });
    afterEach(() => subject.break('none'));
    afterAll(() => subject.stop());

    const newCall = (changes: Partial<ReservationCall> = {}): ReservationCall => ({
      participant: subject.provider.participant,
      key: `contract-${(orders += 1)}`,
      items: [{ sku: subject.skus.available, quantity: 2 }],
      payee: 'acme-books',
      orderReference: `PO-${orders}`,
      reference: null,
      ...changes,
    });

    const run = (step: ReservationOperation, call: ReservationCall, signal = NEVER_ABORTED) =>
      subject.provider[step](call, signal);

    /** Everything that has to be true before the step can be taken. */
    const ready = async (step: ReservationOperation): Promise<ReservationCall> => {
      const call = newCall();
      if (step === 'reserve') return call;
      return { ...call, reference: referenceOf(await run('reserve', call)) };
    };

    const statuses = async ({ key }: ReservationCall) =>
      (await subject.reservations(key)).map(({ status }) => status);

    it('keeps aside exactly what was asked for and gives it a name', async () => {
      const call = newCall();
      const outcome = await run('reserve', call);
      const booked = await subject.reservations(call.key);
      expect(booked).toEqual([{ id: referenceOf(outcome), status: 'reserved', items: call.items }]);
    });

    it.each(STEPS)('answers a repeated %s as before, with one reservation', async (step) => {
      const call = await ready(step);
      const first = await run(step, call);
      expect(first.kind).toBe('done');
      expect(await run(step, call)).toEqual(first);
      expect(await statuses(call)).toEqual([DONE_AS[step]]);
    });

    it('makes one reservation of many that come at the same moment', async () => {
      const call = newCall();
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => run('reserve', call)));
      expect(new Set(outcomes.map(referenceOf)).size).toBe(1);
      expect(await statuses(call)).toEqual(['reserved']);
    });

    it('keeps what was confirmed when the reserve comes again, late', async () => {
      const call = await ready('confirm');
      await run('confirm', call);
      expect((await run('reserve', call)).kind).toBe('done');
      expect(await statuses(call)).toEqual(['confirmed']);
    });

    it('refuses another reservation under a key that was used', async () => {
      const call = await ready('confirm');
      const other = { ...call, items: [{ sku: subject.skus.available, quantity: 3 }] };
      expect((await run('reserve', other)).kind).toBe('refused');
      expect((await subject.reservations(call.key))[0]?.items).toEqual(call.items);
    });

    it('refuses what is sold out, keeps nothing of it, and lets it be released', async () => {
      const { available, soldOut } = subject.skus;
      const items = [available, soldOut].map((sku) => ({ sku, quantity: 1 }));
      const call = newCall({ items });
      const refused = await run('reserve', call);
      expect(refused).toMatchObject({ kind: 'refused', code: 'out_of_stock' });
      expect(await statuses(call)).toEqual([]);
      expect((await run('release', call)).kind).toBe('done');
    });

    it('remembers a release that came first: the reserve after it is refused for ever', async () => {
      const call = newCall();
      const released = await run('release', call);
      expect(released.kind).toBe('done');
      expect((await run('reserve', call)).kind).toBe('refused');
      expect((await run('reserve', call)).kind).toBe('refused');
      expect(await run('release', call)).toEqual(released);
      expect(await subject.reservations(call.key)).toEqual([
        { id: referenceOf(released), status: 'released', items: [] },
      ]);
    });

    it('refuses to reserve or confirm what was released', async () => {
      const call = await ready('release');
      await run('release', call);
      expect((await run('confirm', call)).kind).toBe('refused');
      expect((await run('reserve', call)).kind).toBe('refused');
      expect(await statuses(call)).toEqual(['released']);
    });

    it('refuses to release what was confirmed', async () => {
      const call = await ready('confirm');
      await run('confirm', call);
      expect((await run('release', call)).kind).toBe('refused');
      expect(await statuses(call)).toEqual(['confirmed']);
    });

    it('refuses to confirm what was never reserved, and reserves it afterwards', async () => {
      const call = newCall();
      expect((await run('confirm', call)).kind).toBe('refused');
      expect((await run('reserve', call)).kind).toBe('done');
    });

    it.each(STEPS)('is unknown while the answers to %s are lost, then done once', async (step) => {
      const call = await ready(step);
      await subject.break('lose_answer');
      expect((await run(step, call)).kind).toBe('unknown');
      expect(await statuses(call)).toEqual([DONE_AS[step]]);
      await subject.break('none');
      expect((await run(step, call)).kind).toBe('done');
      expect(await statuses(call)).toEqual([DONE_AS[step]]);
    });

    it.each(STEPS)('is unknown when the request of %s is lost, then done once', async (step) => {
      const call = await ready(step);
      const before = await statuses(call);
      for (const fault of ['lose_request', 'refuse'] as const) {
        await subject.break(fault);
        expect((await run(step, call)).kind).toBe('unknown');
        expect(await statuses(call)).toEqual(before);
      }
      await subject.break('none');
      expect((await run(step, call)).kind).toBe('done');
      expect(await statuses(call)).toEqual([DONE_AS[step]]);
    });

    it('is unknown when it was given up after it was sent, whatever the service did', async () => {
      const call = newCall();
      await subject.break('hang_after');
      const givingUp = new AbortController();
      const pending = run('reserve', call, givingUp.signal);
      await expect.poll(() => statuses(call), { timeout: 5_000 }).toEqual(['reserved']);
      givingUp.abort();
      expect((await pending).kind).toBe('unknown');
    });
  });
}

function referenceOf(outcome: ReservationOutcome): string {
  if (outcome.kind !== 'done') throw new Error(`not done: ${JSON.stringify(outcome)}`);
  return outcome.reference;
}
