import { type Decider, accepted } from '../shared/decider.js';
import { toRfc3339 } from '../shared/time.js';

/** What a scheduled comparison of our books with the processor's came to. The differences themselves are found again by comparing again. */
export interface ReconciliationSummary {
  readonly processor: string;
  /** RFC 3339. Of the records that began in [from, to). */
  readonly from: string;
  readonly to: string;
  /** How many records were compared. */
  readonly ours: number;
  readonly theirs: number;
  /** How many differences of each kind. */
  readonly differences: Readonly<Record<string, number>>;
  /** Those among them that a human has to look at. */
  readonly unexpected: number;
}

export type ProcessorAccountEvent = {
  type: 'ReconciliationCompleted';
  data: ReconciliationSummary & { at: string };
};

export type ProcessorAccountCommand = {
  type: 'RecordReconciliation';
  summary: ReconciliationSummary;
  nowMs: number;
};

export interface ProcessorAccountState {
  /** RFC 3339: the end of the last window that was compared. */
  reconciledTo: string | null;
}

/** An account at a processor: what is known about it beyond single payments. */
export const processorAccountDecider: Decider<
  ProcessorAccountCommand,
  ProcessorAccountEvent,
  ProcessorAccountState,
  never,
  null
> = {
  initial: () => ({ reconciledTo: null }),
  decide: ({ summary, nowMs }, { reconciledTo }) =>
    // Somebody else compared the same window meanwhile.
    reconciledTo !== null && summary.to <= reconciledTo
      ? accepted()
      : accepted<ProcessorAccountEvent>({
          type: 'ReconciliationCompleted',
          data: { ...summary, at: toRfc3339(nowMs) },
        }),
  evolve: (state, event) =>
    event.type === 'ReconciliationCompleted' ? { ...state, reconciledTo: event.data.to } : state,
};
