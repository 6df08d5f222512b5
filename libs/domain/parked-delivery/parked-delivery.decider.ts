import { type Decider, accepted, refused } from '../shared/decider.js';
import { toRfc3339 } from '../shared/time.js';

/** An event that a saga could not handle after many tries: kept for a human, out of the way of all others. */
export type ParkedDeliveryEvent =
  | {
      type: 'DeliveryParked';
      data: {
        /** Id, type, stream and log position of the event that could not be handled. */
        event: string;
        eventType: string;
        stream: string;
        position: number;
        tenant: string;
        error: string;
        tries: number;
        at: string;
      };
    }
  | {
      type: 'DeliveryRetried';
      data: { event: string; stream: string; operation: string; by: string; at: string };
    }
  | { type: 'DeliveryResolved'; data: { event: string; at: string } };

type Parked = Extract<ParkedDeliveryEvent, { type: 'DeliveryParked' }>['data'];

export type ParkedDeliveryCommand = { nowMs: number } & (
  | ({ type: 'ParkDelivery' } & Omit<Parked, 'at'>)
  | { type: 'RetryDelivery'; operation: string; tenant: string; by: string }
  | { type: 'ResolveDelivery' }
);

export interface ParkedDeliveryState {
  status: 'none' | 'parked' | 'retrying' | 'resolved';
  event: string;
  stream: string;
  tenant: string;
  /** The operations by which operators asked for another try. */
  retriedBy: readonly string[];
}

export const parkedDeliveryDecider: Decider<
  ParkedDeliveryCommand,
  ParkedDeliveryEvent,
  ParkedDeliveryState,
  'not_found' | 'invalid_transition',
  null
> = {
  initial: () => ({ status: 'none', event: '', stream: '', tenant: '', retriedBy: [] }),
  decide: (command, state) => {
    const at = toRfc3339(command.nowMs);
    switch (command.type) {
      case 'ParkDelivery': {
        if (state.status === 'parked') return accepted();
        const { type: _type, nowMs: _nowMs, ...delivery } = command;
        return accepted<ParkedDeliveryEvent>({ type: 'DeliveryParked', data: { ...delivery, at } });
      }
      case 'RetryDelivery': {
        if (state.status === 'none' || state.tenant !== command.tenant)
          return refused('not_found', null);
        if (state.retriedBy.includes(command.operation)) return accepted();
        if (state.status === 'resolved') return refused('invalid_transition', null);
        const { event, stream } = state;
        const data = { event, stream, operation: command.operation, by: command.by, at };
        return accepted<ParkedDeliveryEvent>({ type: 'DeliveryRetried', data });
      }
      case 'ResolveDelivery':
        if (state.status !== 'retrying') return accepted();
        return accepted<ParkedDeliveryEvent>({
          type: 'DeliveryResolved',
          data: { event: state.event, at },
        });
    }
  },
  evolve: (state, event) => {
    switch (event.type) {
      case 'DeliveryParked': {
        const { event: id, stream, tenant } = event.data;
        return { ...state, status: 'parked', event: id, stream, tenant };
      }
      case 'DeliveryRetried':
        return {
          ...state,
          status: 'retrying',
          retriedBy: [...state.retriedBy, event.data.operation],
        };
      case 'DeliveryResolved':
        return { ...state, status: 'resolved' };
      default:
        return state;
    }
  },
};
