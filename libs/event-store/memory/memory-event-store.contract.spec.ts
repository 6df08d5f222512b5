import { SystemClock, SystemTimers } from '#platform/system';
import { describeEventStore } from '../event-store.contract.js';
import { MemoryEventStore } from './memory-event-store.js';
import { MemoryLog } from './memory-log.js';

describeEventStore({
  name: 'memory',
  ownsLog: true,
  make: async () => {
    const log = new MemoryLog();
    const clock = new SystemClock();
    const timers = new SystemTimers();
    return {
      open: async () => new MemoryEventStore({ clock, timers, log }),
      remove: async () => {},
    };
  },
});
