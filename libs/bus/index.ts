export * from './bus.port.js';
export * from './nats.url.js';
