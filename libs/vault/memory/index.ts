export * from './memory.vault.js';
