import { type Decider, accepted } from '../shared/decider.js';
import type { JsonRecord } from '../shared/json.js';
import { toRfc3339 } from '../shared/time.js';

/** A processor told something. Kept whole, whatever it is about; what it means is for the payment to decide. */
export interface ProcessorNoticeEvent {
  readonly type: 'NoticeReceived';
  readonly data: {
    readonly processor: string;
    /** What was read of it, with the processor's own id. */
    readonly notice: JsonRecord;
    readonly at: string;
  };
}

export interface ProcessorNoticeCommand {
  readonly type: 'ReceiveNotice';
  readonly processor: string;
  readonly notice: JsonRecord;
  readonly nowMs: number;
}

export interface ProcessorNoticeState {
  readonly received: boolean;
}

/** One notice, in a stream of its own that its id names: the same one is taken once, for ever. */
export const processorNoticeDecider: Decider<
  ProcessorNoticeCommand,
  ProcessorNoticeEvent,
  ProcessorNoticeState,
  never,
  null
> = {
  initial: () => ({ received: false }),
  decide: ({ processor, notice, nowMs }, { received }) =>
    received
      ? accepted()
      : accepted<ProcessorNoticeEvent>({
          type: 'NoticeReceived',
          data: { processor, notice, at: toRfc3339(nowMs) },
        }),
  evolve: (state, { type }) => (type === 'NoticeReceived' ? { received: true } : state),
};
