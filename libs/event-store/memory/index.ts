export { MemoryEventStore, type MemoryEventStoreOptions } from './memory-event-store.js';
export { MemoryLog } from './memory-log.js';
