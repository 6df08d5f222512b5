export * from './event-store.port.js';
export * from './log-damaged.error.js';
export * from './read-whole-stream.js';
