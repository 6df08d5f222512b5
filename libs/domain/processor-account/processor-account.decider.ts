import { type Decider, accepted } from '../shared/decider.js';
import type { JsonRecord } from '../shared/json.js';
import { toRfc3339 } from '../shared/time.js';

/** Money at a processor that no payment knows of, as a notice told it. */
export interface Orphan {
  /** The processor's id of the notice. */
  readonly notice: string;
  /** Its word for what happened. */
  readonly type: string;
  /** The key and the charge that it names, if any. */
  readonly key: string | null;
  readonly reference: string | null;
  readonly meaning: JsonRecord;
}

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

export type ProcessorAccountEvent =
  | { type: 'OrphanReported'; data: Orphan & { processor: string; at: string } }
  | { type: 'ReconciliationCompleted'; data: ReconciliationSummary & { at: string } };

export type ProcessorAccountCommand = { nowMs: number } & (
  | { type: 'ReportOrphan'; processor: string; orphan: Orphan }
  | { type: 'RecordReconciliation'; summary: ReconciliationSummary }
);

/** Changed in place: its actor owns it alone. */
export interface ProcessorAccountState {
  /** The notices of the orphans that were reported. */
  orphans: Set<string>;
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
  initial: () => ({ orphans: new Set(), reconciledTo: null }),
  decide: (command, { orphans, reconciledTo }) => {
    const at = toRfc3339(command.nowMs);
    if (command.type === 'ReportOrphan') {
      const { processor, orphan } = command;
      return orphans.has(orphan.notice)
        ? accepted()
        : accepted<ProcessorAccountEvent>({
            type: 'OrphanReported',
            data: { ...orphan, processor, at },
          });
    }
    const { summary } = command;
    // Somebody else compared the same window meanwhile.
    return reconciledTo !== null && summary.to <= reconciledTo
      ? accepted()
      : accepted<ProcessorAccountEvent>({
          type: 'ReconciliationCompleted',
          data: { ...summary, at },
        });
  },
  evolve: (state, event) => {
    if (event.type === 'OrphanReported') state.orphans.add(event.data.notice);
    else if (event.type === 'ReconciliationCompleted') state.reconciledTo = event.data.to;
    return state;
  },
};
