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

export type ProcessorAccountEvent = {
  type: 'OrphanReported';
  data: Orphan & { processor: string; at: string };
};

export type ProcessorAccountCommand = {
  type: 'ReportOrphan';
  processor: string;
  orphan: Orphan;
  nowMs: number;
};

/** Changed in place: its actor owns it alone. */
export interface ProcessorAccountState {
  /** The notices of the orphans that were reported. */
  orphans: Set<string>;
}

/** An account at a processor: what is known about it beyond single payments. */
export const processorAccountDecider: Decider<
  ProcessorAccountCommand,
  ProcessorAccountEvent,
  ProcessorAccountState,
  never,
  null
> = {
  initial: () => ({ orphans: new Set() }),
  decide: ({ processor, orphan, nowMs }, { orphans }) =>
    orphans.has(orphan.notice)
      ? accepted()
      : accepted<ProcessorAccountEvent>({
          type: 'OrphanReported',
          data: { ...orphan, processor, at: toRfc3339(nowMs) },
        }),
  evolve: (state, event) => {
    if (event.type === 'OrphanReported') state.orphans.add(event.data.notice);
    return state;
  },
};
