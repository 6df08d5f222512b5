export * from './platform.port.js';
export * from './http-client.port.js';
export * from './trouble.port.js';
export * from './key-value.port.js';
export * from './members.port.js';
export * from './rendezvous.js';
export * from './publication.port.js';
export * from './global-address.js';
