import { describe, expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import {
  type ProcessorAccountCommand,
  type ProcessorAccountEvent,
  type ReconciliationSummary,
  processorAccountDecider,
} from './processor-account.decider.js';

const nowMs = Date.UTC(2026, 2, 2, 1);
const at = '2026-03-02T01:00:00.000Z';

function after(...commands: readonly ProcessorAccountCommand[]) {
  const history: ProcessorAccountEvent[] = [];
  for (const command of commands) {
    const decision = processorAccountDecider.decide(
      command,
      replay(processorAccountDecider, history),
    );
    if (decision.ok) history.push(...decision.events);
  }
  return history;
}

describe('money that no payment knows of', () => {
  const orphan = {
    ...{ type: 'charge.dispute.created', key: null, reference: 'pi_x' },
    meaning: { about: 'dispute' },
  };
  const processor = 'stripe';
  const report = (notice: string) =>
    ({ type: 'ReportOrphan', processor, orphan: { ...orphan, notice }, nowMs }) as const;

  it('is reported once per notice', () => {
    expect(after(...['evt_1', 'evt_1', 'evt_2'].map(report))).toEqual(
      ['evt_1', 'evt_2'].map((notice) => ({
        type: 'OrphanReported',
        data: { ...orphan, notice, processor, at },
      })),
    );
  });
});

describe('a comparison of the books', () => {
  const SUMMARY: ReconciliationSummary = {
    processor: 'sandbox_a',
    from: '2026-03-01T00:00:00.000Z',
    to: '2026-03-02T00:00:00.000Z',
    ours: 7,
    theirs: 8,
    differences: { missing_here: 1 },
    unexpected: 1,
  };
  const record = (summary: ReconciliationSummary) =>
    ({ type: 'RecordReconciliation', summary, nowMs }) as const;

  it('is recorded with what it came to, and up to when the books were compared', () => {
    const history = after(record(SUMMARY));
    expect(history).toEqual([{ type: 'ReconciliationCompleted', data: { ...SUMMARY, at } }]);
    expect(replay(processorAccountDecider, history).reconciledTo).toBe(SUMMARY.to);
  });

  it('of one window is recorded once, whoever compared it', () => {
    expect(after(record(SUMMARY), record({ ...SUMMARY, theirs: 9 }))).toHaveLength(1);
  });

  it('of the window after it is recorded, too', () => {
    const next = { ...SUMMARY, from: SUMMARY.to, to: '2026-03-03T00:00:00.000Z' };
    const history = after(record(SUMMARY), record(next));
    expect(history).toHaveLength(2);
    expect(replay(processorAccountDecider, history).reconciledTo).toBe(next.to);
  });
});
