export * from './payment-intent/outcome.js';
