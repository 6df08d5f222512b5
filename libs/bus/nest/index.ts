export * from './as-it-is.filter.js';
