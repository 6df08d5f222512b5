export * from './platform.port.js';
export * from './http-client.port.js';
export * from './trouble.port.js';
