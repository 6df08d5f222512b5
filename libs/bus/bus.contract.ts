import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bus, BusError } from './bus.port.js';

export interface BusUnderTest {
  bus: Bus;
  /** Makes a responder reachable; resolves when requests get to it. */
  respond(subject: string, responder: (payload: unknown) => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

/** What every bus does. Subjects of one suite are distinct, so one bus serves all of its tests. */
export function describeBus(name: string, open: () => Promise<BusUnderTest>): void {
  describe(`the bus ${name}`, () => {
    let under: BusUnderTest;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());

    const failure = async (answer: Promise<unknown>): Promise<BusError> => {
      const error = await answer.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(BusError);
      return error as BusError;
    };

    it('carries a request to its responder and the reply back', async () => {
      await under.respond('test.add', async (payload) => {
        const { a, b } = payload as { a: number; b: number };
        return { sum: a + b, of: { nested: ['ünï', null, true] } };
      });
      expect(await under.bus.request('test.add', { a: 1, b: 2 })).toEqual({
        sum: 3,
        of: { nested: ['ünï', null, true] },
      });
    });

    it('carries JSON and nothing else, in both directions', async () => {
      let received: unknown;
      await under.respond('test.json', async (payload) => {
        received = payload;
        return { date: new Date(0), gone: undefined, buffer: new Map([[1, 2]]) };
      });
      const sent = { date: new Date(0), gone: undefined, list: [undefined, 1.0] };
      const reply = await under.bus.request('test.json', sent);
      const date = '1970-01-01T00:00:00.000Z';
      expect(received).toStrictEqual({ date, list: [null, 1] });
      expect(reply).toStrictEqual({ date, buffer: {} });
    });

    it('shares no object between the two sides', async () => {
      const kept: { list: number[] } = { list: [1] };
      await under.respond('test.mine', async (payload) => {
        (payload as { list: number[] }).list.push(2);
        return kept;
      });
      const sent = { list: [1] };
      const reply = (await under.bus.request('test.mine', sent)) as { list: number[] };
      reply.list.push(9);
      expect([sent, kept]).toEqual([{ list: [1] }, { list: [1] }]);
    });

    it('answers null for a responder that says nothing', async () => {
      await under.respond('test.silent', async () => undefined);
      expect(await under.bus.request('test.silent', {})).toBeNull();
    });

    it('says at once that nobody listens: nothing happened', async () => {
      expect(await failure(under.bus.request('test.nobody', {}))).toMatchObject({
        reason: 'no_responder',
        subject: 'test.nobody',
        errorName: null,
      });
    });

    it('says that nobody answered in time: anything may have happened', async () => {
      let late = () => {};
      await under.respond('test.late', () => new Promise<void>((resolve) => (late = resolve)));
      const error = await failure(under.bus.request('test.late', {}, { timeoutMs: 20 }));
      expect(error).toMatchObject({ reason: 'timeout', subject: 'test.late', errorName: null });
      late();
    });

    it('passes on the name of what a responder threw, and its message for the log', async () => {
      class StoreIsAwayError extends Error {
        override name = 'StoreIsAwayError';
      }
      await under.respond('test.broken', async () => {
        throw new StoreIsAwayError('the disk is full');
      });
      const error = await failure(under.bus.request('test.broken', {}));
      expect(error).toMatchObject({ reason: 'failed', errorName: 'StoreIsAwayError' });
      expect(error.message).toContain('the disk is full');
    });

    it('serves many requests at once, each with its own reply', async () => {
      const waiting: (() => void)[] = [];
      await under.respond('test.slow', async (payload) => {
        const turn = new Promise<void>((resolve) => waiting.push(resolve));
        // All are let go, the last one first, when the last one has come.
        if (waiting.length === 50) for (const go of waiting.reverse()) go();
        await turn;
        return payload;
      });
      const numbers = [...Array(50).keys()];
      const replies = numbers.map((n) => under.bus.request('test.slow', { n }));
      expect(await Promise.all(replies)).toEqual(numbers.map((n) => ({ n })));
    });

    it('carries a thousand requests at once', async () => {
      await under.respond('test.many', async (payload) => payload);
      const numbers = [...Array(1_000).keys()];
      const replies = numbers.map((n) => under.bus.request('test.many', { n }));
      expect(await Promise.all(replies)).toEqual(numbers.map((n) => ({ n })));
    });

    it('fails with nothing but its own error, also for what is no JSON', async () => {
      const circle: { itself?: unknown } = {};
      circle.itself = circle;
      await under.respond('test.circle', async () => circle);
      const about = { reason: 'failed', errorName: 'TypeError' };
      expect(await failure(under.bus.request('test.circle', {}))).toMatchObject(about);
      expect(await failure(under.bus.request('test.circle', circle))).toMatchObject(about);
    });

    it('goes on after a responder failed or was too slow', async () => {
      let calls = 0;
      await under.respond('test.flaky', async () => {
        calls += 1;
        if (calls === 1) throw new Error('first');
        return calls;
      });
      expect((await failure(under.bus.request('test.flaky', {}))).reason).toBe('failed');
      expect(await under.bus.request('test.flaky', {})).toBe(2);
    });
  });
}
