export * from './event-store.port.js';
export * from './read-whole-stream.js';
