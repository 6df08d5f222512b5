import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import { processorNoticeDecider } from './processor-notice.decider.js';

const RECEIVE = {
  type: 'ReceiveNotice',
  processor: 'stripe',
  notice: { id: 'evt_1', type: 'never.heard.of' },
  nowMs: Date.UTC(2026, 2, 1, 12),
} as const;

it('keeps a notice whole, of whatever type, and once', () => {
  const first = processorNoticeDecider.decide(RECEIVE, processorNoticeDecider.initial());
  const { processor, notice } = RECEIVE;
  const at = '2026-03-01T12:00:00.000Z';
  expect(first).toEqual({
    ok: true,
    events: [{ type: 'NoticeReceived', data: { processor, notice, at } }],
  });
  const received = replay(processorNoticeDecider, first.ok ? first.events : []);
  expect(processorNoticeDecider.decide(RECEIVE, received)).toEqual({ ok: true, events: [] });
});
