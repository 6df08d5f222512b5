import { expect, it } from 'vitest';
import { replay } from '../shared/decider.js';
import {
  type ProcessorAccountEvent,
  processorAccountDecider,
} from './processor-account.decider.js';

const ORPHAN = {
  ...{ notice: 'evt_1', type: 'charge.dispute.created', key: null, reference: 'pi_x' },
  meaning: { about: 'dispute' },
};

it('reports money that no payment knows of, once per notice', () => {
  const history: ProcessorAccountEvent[] = [];
  for (const notice of ['evt_1', 'evt_1', 'evt_2']) {
    const orphan = { ...ORPHAN, notice };
    const nowMs = Date.UTC(2026, 2, 1);
    const command = { type: 'ReportOrphan', processor: 'stripe', orphan, nowMs } as const;
    const decision = processorAccountDecider.decide(
      command,
      replay(processorAccountDecider, history),
    );
    if (decision.ok) history.push(...decision.events);
  }
  const at = '2026-03-01T00:00:00.000Z';
  expect(history).toEqual(
    ['evt_1', 'evt_2'].map((notice) => ({
      type: 'OrphanReported',
      data: { ...ORPHAN, notice, processor: 'stripe', at },
    })),
  );
});
