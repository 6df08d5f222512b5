import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import {
  type ProcessorAccountEvent,
  type ReconciliationSummary,
  processorAccountDecider,
} from './processor-account.decider.js';

const nowMs = Date.UTC(2026, 2, 2, 1);
const SUMMARY: ReconciliationSummary = {
  processor: 'sandbox_a',
  from: '2026-03-01T00:00:00.000Z',
  to: '2026-03-02T00:00:00.000Z',
  ours: 7,
  theirs: 8,
  differences: { missing_here: 1 },
  unexpected: 1,
};

function after(...summaries: ReconciliationSummary[]) {
  const history: ProcessorAccountEvent[] = [];
  for (const summary of summaries) {
    const command = { type: 'RecordReconciliation', summary, nowMs } as const;
    const decision = processorAccountDecider.decide(
      command,
      replay(processorAccountDecider, history),
    );
    if (decision.ok) history.push(...decision.events);
  }
  return history;
}

it('records what a comparison came to, and up to when the books were compared', () => {
  const history = after(SUMMARY);
  const at = '2026-03-02T01:00:00.000Z';
  expect(history).toEqual([{ type: 'ReconciliationCompleted', data: { ...SUMMARY, at } }]);
  expect(replay(processorAccountDecider, history)).toEqual({ reconciledTo: SUMMARY.to });
});

it('records a window once, whoever compared it', () => {
  expect(after(SUMMARY, { ...SUMMARY, theirs: 9 })).toHaveLength(1);
});

it('records the window after it', () => {
  const next = { ...SUMMARY, from: SUMMARY.to, to: '2026-03-03T00:00:00.000Z' };
  const history = after(SUMMARY, next);
  expect(history).toHaveLength(2);
  expect(replay(processorAccountDecider, history).reconciledTo).toBe(next.to);
});
