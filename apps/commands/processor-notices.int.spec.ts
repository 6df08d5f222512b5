import { beforeEach, describe, expect, it } from 'vitest';
import type { ProcessorNotice } from '#domain';
import type { MemoryEventStore } from '#event-store/memory';
import { commands } from './commands.fixture.js';
import { ProcessorAccountsController } from './processor-accounts.controller.js';
import { ProcessorNoticesController } from './processor-notices.controller.js';

const NOTICE: ProcessorNotice = {
  ...{ id: 'evt_1', type: 'never.heard.of', at: '2026-03-01T12:00:00.000Z' },
  ...{ attemptKey: null, reference: null, meaning: { about: 'nothing' } },
};

let controller: ProcessorNoticesController;
let accounts: ProcessorAccountsController;
let store: MemoryEventStore;

beforeEach(async () => {
  const started = await commands();
  controller = started.module.get(ProcessorNoticesController);
  accounts = started.module.get(ProcessorAccountsController);
  ({ store } = started);
});

const recorded = async () => {
  const { events } = await store.readAll({ after: -1, limit: 100 });
  return events.map(({ stream, type, data }) => ({ stream: stream.split('-')[0], type, data }));
};

describe('what processors tell unasked', () => {
  it('is recorded whole, whatever it is, and once however often and however late it comes', async () => {
    const received = { processor: 'stripe', notice: NOTICE };
    const answers = await Promise.all([controller.receive(received), controller.receive(received)]);
    answers.push(await controller.receive(received));
    expect(answers).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(await recorded()).toMatchObject([
      { stream: 'processor_notice', type: 'NoticeReceived', data: received },
    ]);
  });

  it('is another notice at another processor', async () => {
    for (const processor of ['stripe', 'adyen'])
      await controller.receive({ processor, notice: NOTICE });
    expect(await recorded()).toHaveLength(2);
  });

  it('about money that no payment knows is recorded with the account, once', async () => {
    const orphan = { notice: 'evt_1', type: 'x', key: null, reference: 'ch_1', meaning: {} };
    const report = {
      ...{ commandId: 'e/orphan', causationId: 'e', correlationId: 'c', tenant: '' },
      ...{ traceparent: null, processor: 'stripe', orphan },
    };
    for (const commandId of ['e/orphan', 'f/orphan'])
      await accounts.report({ ...report, commandId });
    expect(await recorded()).toMatchObject([
      { stream: 'processor_account', type: 'OrphanReported', data: orphan },
    ]);
  });
});
