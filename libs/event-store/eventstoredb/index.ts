export {
  EventStoreDbEventStore,
  type EventStoreDbEventStoreOptions,
} from './eventstoredb-event-store.js';
export type { CallLimits } from './call.limits.js';
