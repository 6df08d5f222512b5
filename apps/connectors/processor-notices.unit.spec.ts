import { describe, expect, it } from 'vitest';
import { BusError } from '#bus';
import type { ProcessorNotice } from '#domain';
import { VirtualClock } from '#platform/memory';
import { NoticeReaders, type NoticeReading } from '#processors';
import { ProcessorNotices } from './processor-notices.js';

const NOTICE: ProcessorNotice = {
  ...{ id: 'evt_1', type: 'x', at: '2026-03-01T12:00:00.000Z' },
  ...{ attemptKey: null, reference: null, meaning: { about: 'nothing' } },
};

function notices(reading: NoticeReading, request = async () => ({ ok: true })) {
  const read: unknown[] = [];
  const recorded: unknown[] = [];
  const reader = {
    processor: 'stripe',
    read: (...came: unknown[]) => (read.push(came), reading),
  };
  const clock = new VirtualClock();
  const bus = {
    request: (subject: string, payload: unknown) => (recorded.push([subject, payload]), request()),
  };
  const readers = new NoticeReaders([reader]);
  const taking = new ProcessorNotices(readers, bus as never, clock);
  const take = (processor = 'stripe') => taking.take(processor, { a: 'b' }, Buffer.from('body'));
  return { take, read, recorded, clock };
}

describe('webhooks of processors at the connectors', () => {
  it('are checked as they came, and every notice in them is recorded before they are taken', async () => {
    const second = { ...NOTICE, id: 'evt_2' };
    const { take, read, recorded, clock } = notices({ ok: true, notices: [NOTICE, second] });
    expect(await take()).toBe('taken');
    expect(read).toEqual([[Buffer.from('body'), { a: 'b' }, clock.now()]]);
    expect(recorded).toEqual(
      [NOTICE, second].map((notice) => [
        'commands.processor_notice.receive',
        { processor: 'stripe', notice },
      ]),
    );
  });

  it.each(['signature_invalid', 'malformed'] as const)(
    'that are %s leave nothing behind',
    async (code) => {
      const { take, recorded } = notices({ ok: false, code });
      expect([await take(), recorded]).toEqual([code, []]);
    },
  );

  it('of a processor that nobody reads are not read', async () => {
    const { take, read } = notices({ ok: true, notices: [] });
    expect([await take('adyen'), read]).toEqual(['unknown_processor', []]);
  });

  it('that could not be recorded are not taken', async () => {
    const error = new BusError('timeout', 'commands.processor_notice.receive', '');
    const { take } = notices({ ok: true, notices: [NOTICE] }, () => Promise.reject(error));
    await expect(take()).rejects.toBe(error);
  });
});
