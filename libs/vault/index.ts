export * from './vault.port.js';
export * from './absent.vault.js';
export * from './cvc.memory.js';
