import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptOrder, Processor } from './processor.port.js';

/** A charge in the processor's own books, which are the judge of every test here. */
export interface BookedCharge {
  reference: string;
  amount: number;
  currency: string;
  state: 'authorized' | 'captured' | 'voided' | 'refunded';
  amountCaptured: number;
}

/** `lose_request`: not executed, and the answer does not say so. `lose_answer`: executed, and the answer is lost. */
export type ContractFault = 'none' | 'refuse' | 'lose_request' | 'lose_answer' | 'hang_after';

export interface ProcessorUnderTest {
  processor: Processor;
  tokens: { good: string; softDecline: string; hardDecline: string };
  /** The charges that hold or held money for this attempt. */
  charges(orderKey: string): Promise<BookedCharge[]>;
  break(fault: ContractFault): Promise<void>;
  stop(): Promise<void>;
}

const NEVER_ABORTED = new AbortController().signal;

/** The behaviour that every connector must show, against the real processor or a faithful double of it. */
export function describeProcessor(name: string, start: () => Promise<ProcessorUnderTest>): void {
  describe(`processor ${name}`, () => {
    let subject: ProcessorUnderTest;
    let processor: Processor;
    let orders = 0;

    beforeAll(async () => {
      subject = await start();
      processor = subject.processor;
    });
    afterEach(() => subject.break('none'));
    afterAll(() => subject.stop());

    const newOrder = (changes: Partial<AttemptOrder> = {}): AttemptOrder => ({
      key: `contract-${(orders += 1)}-1`,
      amountMinor: 4_200,
      currency: 'EUR',
      paymentMethod: subject.tokens.good,
      ...changes,
    });

    /** The order as it is when money may move: a two-step processor knows its reference already. */
    const preparedOrder = async (changes: Partial<AttemptOrder> = {}): Promise<AttemptOrder> => {
      const order = newOrder(changes);
      if (processor.capabilities.authorization === 'one_step') return order;
      const prepared = await processor.prepare(order, NEVER_ABORTED);
      if (prepared.kind !== 'prepared') throw new Error(`not prepared: ${prepared.kind}`);
      return { ...order, reference: prepared.reference };
    };

    const authorizedOrder = async (changes: Partial<AttemptOrder> = {}): Promise<AttemptOrder> => {
      const order = await preparedOrder(changes);
      const outcome = await processor.authorize(order, NEVER_ABORTED);
      if (outcome.kind !== 'succeeded') throw new Error(`not authorized: ${outcome.kind}`);
      return { ...order, reference: outcome.reference };
    };

    const states = async (order: AttemptOrder) =>
      (await subject.charges(order.key)).map((charge) => charge.state);

    describe('authorize', () => {
      it('holds exactly what was meant and echoes it', async () => {
        const order = await preparedOrder();
        const outcome = await processor.authorize(order, NEVER_ABORTED);
        const [charge, ...others] = await subject.charges(order.key);
        expect(others).toEqual([]);
        expect(charge).toMatchObject({ amount: 4_200, currency: 'EUR', state: 'authorized' });
        expect(outcome).toEqual({
          kind: 'succeeded',
          reference: charge?.reference,
          amountMinor: 4_200,
          currency: 'EUR',
        });
      });

      it('answers a repeated call as before, with one charge', async () => {
        const order = await preparedOrder();
        const first = await processor.authorize(order, NEVER_ABORTED);
        expect(await processor.authorize(order, NEVER_ABORTED)).toEqual(first);
        expect(await states(order)).toEqual(['authorized']);
      });

      it('tells a soft decline from a hard one, and neither is a charge', async () => {
        for (const category of ['soft', 'hard'] as const) {
          const paymentMethod = subject.tokens[`${category}Decline`];
          const order = await preparedOrder({ paymentMethod });
          const outcome = await processor.authorize(order, NEVER_ABORTED);
          expect(outcome).toMatchObject({ kind: 'declined', category });
          expect(await processor.authorize(order, NEVER_ABORTED)).toEqual(outcome);
          expect(await states(order)).toEqual([]);
        }
      });

      it('is not executed when the connection is refused', async () => {
        const order = await preparedOrder();
        await subject.break('refuse');
        const outcome = await processor.authorize(order, NEVER_ABORTED);
        expect(outcome).toMatchObject({ kind: 'not_executed', evidence: 'connection_refused' });
        await expect(processor.ping(NEVER_ABORTED)).rejects.toThrow();
        expect(await states(order)).toEqual([]);
      });

      it('is unknown while answers are lost, and charges once when the same call is repeated', async () => {
        const order = await preparedOrder();
        await subject.break('lose_answer');
        const lost = await processor.authorize(order, NEVER_ABORTED);
        expect(lost.kind).toBe('unknown');
        expect(await states(order)).toEqual(['authorized']);
        await subject.break('none');
        expect(await processor.authorize(order, NEVER_ABORTED)).toMatchObject({
          kind: 'succeeded',
          amountMinor: 4_200,
        });
        expect(await states(order)).toEqual(['authorized']);
      });

      it('is unknown when it was given up after it was sent, whatever the processor did', async () => {
        const order = await preparedOrder();
        await subject.break('hang_after');
        const givingUp = new AbortController();
        const pending = processor.authorize(order, givingUp.signal);
        await expect.poll(() => states(order), { timeout: 5_000 }).toEqual(['authorized']);
        givingUp.abort();
        expect((await pending).kind).toBe('unknown');
      });

      it('is unknown when the request itself was lost, and charges once when it is repeated', async () => {
        const order = await preparedOrder();
        await subject.break('lose_request');
        const lost = await processor.authorize(order, NEVER_ABORTED);
        expect(lost.kind).toBe('unknown');
        expect(await states(order)).toEqual([]);
        await subject.break('none');
        const repeated = await processor.authorize(order, NEVER_ABORTED);
        expect(repeated.kind).toBe('succeeded');
        expect(await states(order)).toEqual(['authorized']);
      });
    });

    describe('prepare', () => {
      it('makes a reference that holds nothing, the same one for the same order', async (test) => {
        test.skip(processor.capabilities.authorization === 'one_step');
        const order = newOrder();
        const prepared = await processor.prepare(order, NEVER_ABORTED);
        expect(prepared.kind).toBe('prepared');
        expect(await processor.prepare(order, NEVER_ABORTED)).toEqual(prepared);
        expect(await states(order)).toEqual([]);
      });

      it('is not executed when nobody answers, because no money can have moved', async (test) => {
        test.skip(processor.capabilities.authorization === 'one_step');
        await subject.break('refuse');
        const outcome = await processor.prepare(newOrder(), NEVER_ABORTED);
        expect(outcome.kind).toBe('not_executed');
      });
    });

    describe('capture', () => {
      it('takes all that is held', async () => {
        const order = await authorizedOrder();
        expect(await processor.capture(order, NEVER_ABORTED)).toEqual({
          kind: 'succeeded',
          reference: order.reference,
          amountMinor: 4_200,
          currency: 'EUR',
        });
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amountCaptured: 4_200 },
        ]);
      });

      it('takes a part, and echoes that part', async () => {
        const order = { ...(await authorizedOrder()), amountMinor: 1_000 };
        const outcome = await processor.capture(order, NEVER_ABORTED);
        expect(outcome).toMatchObject({ kind: 'succeeded', amountMinor: 1_000 });
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amount: 4_200, amountCaptured: 1_000 },
        ]);
      });

      it('never takes more than is held', async () => {
        const order = { ...(await authorizedOrder()), amountMinor: 4_201 };
        expect((await processor.capture(order, NEVER_ABORTED)).kind).toBe('not_executed');
        expect(await states(order)).toEqual(['authorized']);
      });

      it('is unknown while answers are lost, and takes the money once when it is repeated', async () => {
        const order = await authorizedOrder();
        await subject.break('lose_answer');
        expect((await processor.capture(order, NEVER_ABORTED)).kind).toBe('unknown');
        await subject.break('none');
        expect((await processor.capture(order, NEVER_ABORTED)).kind).toBe('succeeded');
        expect(await subject.charges(order.key)).toMatchObject([
          { state: 'captured', amountCaptured: 4_200 },
        ]);
      });
    });

    describe('void', () => {
      it('lets go of what is held, also when it is repeated', async () => {
        const order = await authorizedOrder();
        const outcome = await processor.void(order, NEVER_ABORTED);
        expect(outcome).toMatchObject({ kind: 'succeeded', reference: order.reference });
        expect(await processor.void(order, NEVER_ABORTED)).toEqual(outcome);
        expect(await states(order)).toEqual(['voided']);
      });

      it('does not touch money that was taken', async () => {
        const order = await authorizedOrder();
        await processor.capture(order, NEVER_ABORTED);
        expect((await processor.void(order, NEVER_ABORTED)).kind).toBe('not_executed');
        expect(await states(order)).toEqual(['captured']);
      });
    });

    describe('lookUp', () => {
      it('finds what is held, taken and let go, with and without a reference', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        const order = await authorizedOrder();
        const voided = await authorizedOrder();
        const fact = { reference: order.reference, amountMinor: 4_200, currency: 'EUR' };
        for (const reference of [order.reference, undefined]) {
          const asked = { ...order, reference };
          expect(await processor.lookUp(asked, NEVER_ABORTED)).toEqual({
            state: 'authorized',
            ...fact,
          });
        }
        await processor.capture(order, NEVER_ABORTED);
        expect(await processor.lookUp(order, NEVER_ABORTED)).toEqual({
          state: 'captured',
          ...fact,
        });
        await processor.void(voided, NEVER_ABORTED);
        expect(await processor.lookUp(voided, NEVER_ABORTED)).toMatchObject({ state: 'voided' });
      });

      it('proves nothing by finding nothing', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        expect(await processor.lookUp(newOrder(), NEVER_ABORTED)).toMatchObject({
          state: 'unproven',
        });
      });

      it('proves nothing by an unconfirmed charge', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        test.skip(processor.capabilities.authorization === 'one_step');
        expect(await processor.lookUp(await preparedOrder(), NEVER_ABORTED)).toMatchObject({
          state: 'unproven',
        });
      });

      it('proves nothing when it fails', async (test) => {
        test.skip(!processor.capabilities.lookUp);
        const order = await authorizedOrder();
        for (const fault of ['refuse', 'lose_answer'] as const) {
          await subject.break(fault);
          expect(await processor.lookUp(order, NEVER_ABORTED)).toMatchObject({ state: 'unproven' });
        }
      });
    });

    describe('fence', () => {
      it('proves that the attempt never takes money: a later confirmation is refused', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await preparedOrder();
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
        expect((await processor.authorize(order, NEVER_ABORTED)).kind).toBe('fenced');
        expect(await states(order)).toEqual([]);
      });

      it('says that money is already held, and leaves it', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await authorizedOrder();
        expect(await processor.fence(order, NEVER_ABORTED)).toMatchObject({
          kind: 'succeeded',
          reference: order.reference,
          amountMinor: 4_200,
        });
        expect(await states(order)).toEqual(['authorized']);
      });

      it('says that the attempt was declined, as it was', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await preparedOrder({ paymentMethod: subject.tokens.hardDecline });
        await processor.authorize(order, NEVER_ABORTED);
        expect(await processor.fence(order, NEVER_ABORTED)).toMatchObject({
          kind: 'declined',
          category: 'hard',
        });
      });

      it('proves nothing while it does not reach the processor', async (test) => {
        test.skip(!processor.capabilities.fence);
        const order = await preparedOrder();
        for (const fault of ['refuse', 'lose_request', 'lose_answer'] as const) {
          await subject.break(fault);
          expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('unknown');
        }
        await subject.break('none');
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('fenced');
      });

      it('is unknown where the processor has none', async (test) => {
        test.skip(processor.capabilities.fence);
        const order = await preparedOrder();
        expect((await processor.fence(order, NEVER_ABORTED)).kind).toBe('unknown');
      });
    });

    it('keeps the keys of an attempt within what the processor accepts', async () => {
      const order = await authorizedOrder({ key: `longest-${'k'.repeat(32)}` });
      expect(order.key).toHaveLength(40);
      expect((await processor.capture(order, NEVER_ABORTED)).kind).toBe('succeeded');
    });
  });
}
