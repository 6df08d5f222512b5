export { SeededRandom } from './seeded.random.js';
export { VirtualClock } from './virtual.clock.js';
export { VirtualTimers } from './virtual.timers.js';
export { MemoryKeyValueStore } from './memory.key-value.js';
export { MemoryMembers } from './memory.members.js';
