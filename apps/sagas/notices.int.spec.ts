import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import type { NoticeMeaning, ProcessorNotice } from '#domain';
import type { JsonObject } from '#event-store';
import { AT, MONEY, sagas } from './sagas.fixture.js';

const FIND = 'queries.charges.payment';
const REPORT = 'commands.processor_account.report_orphan';
const TELL = 'commands.payment_intent.tell';
const CAPTURED: NoticeMeaning = {
  about: 'capture',
  outcome: { kind: 'succeeded', reference: 'ch_1', ...MONEY },
};

let world: Awaited<ReturnType<typeof sagas>>;
beforeEach(async () => {
  world = await sagas();
  world.bus.replies[FIND] = { id: 'abc', tenant: 'tnt_9' };
  world.bus.replies[REPORT] = { ok: true };
});
afterEach(() => world.stop());

const noticeOf = (meaning: NoticeMeaning): ProcessorNotice => ({
  ...{ id: 'evt_1', type: 'x', at: AT },
  ...{ attemptKey: 'abc-1', reference: 'ch_1', meaning },
});
const received = (meaning: NoticeMeaning = CAPTURED) =>
  world.happens(
    'NoticeReceived',
    { processor: 'one', notice: noticeOf(meaning), at: AT } as unknown as JsonObject,
    'processor_notice-1',
  );

describe('a notice of a processor', () => {
  it('is taken in by the payment whose charge it is about, in the name of its tenant', async () => {
    const id = await received();
    const { bus } = world;
    expect(bus.askedFor(FIND)).toEqual([{ processor: 'one', key: 'abc-1', reference: 'ch_1' }]);
    expect(bus.askedFor(TELL)).toMatchObject([
      { id: 'abc', tenant: 'tnt_9', commandId: `${id}/take`, causationId: id },
    ]);
    expect(bus.told()).toEqual([
      { type: 'TakeNotice', processor: 'one', notice: noticeOf(CAPTURED), sender: 'life-1' },
    ]);
    expect(bus.askedFor(REPORT)).toEqual([]);
  });

  it('about a refund is found by the key of the refund', async () => {
    await received({ about: 'refund', refundKey: 'abc-1-r1', outcome: CAPTURED.outcome as never });
    expect(world.bus.askedFor(FIND)).toMatchObject([{ key: 'abc-1-r1' }]);
  });

  it.each([
    ['that nobody knows', FIND, null],
    ['that its payment does not know', TELL, { ok: false, code: 'not_found', revision: 1 }],
  ])('about money %s is reported as an orphan', async (_, subject, reply) => {
    const { bus, troubles } = world;
    bus.replies[subject] = reply;
    const id = await received();
    const orphan = { notice: 'evt_1', type: 'x', key: 'abc-1', reference: 'ch_1' };
    expect(bus.askedFor(REPORT)).toMatchObject([
      { commandId: `${id}/orphan`, processor: 'one', orphan: { ...orphan, meaning: CAPTURED } },
    ]);
    expect(troubles).toEqual([expect.stringContaining('no payment knows')]);
  });

  it('about no money that nobody knows is left alone', async () => {
    world.bus.replies[FIND] = null;
    const outcome = { kind: 'declined', category: 'soft', code: 'x' } as const;
    await received({ about: 'authorize', outcome });
    expect(world.bus.askedFor(REPORT)).toEqual([]);
  });

  it('of no consequence asks nobody', async () => {
    await received({ about: 'nothing' });
    expect(world.bus.asked).toEqual([]);
  });

  it('waits for a write side that is away', async () => {
    const { bus, timers } = world;
    bus.errors.set(TELL, [new BusError('timeout', TELL, '')]);
    await received();
    await timers.advance(60_000);
    expect(bus.told()).toHaveLength(2);
    expect(bus.askedFor(REPORT)).toEqual([]);
  });
});
