export * from './processor.port.js';
export * from './card.js';
export * from './guarded-processor.js';
export * from './processor-registry.js';
export type { Availability } from './processor-breakers.js';
export * from './notice.port.js';
export * from './minor-units.js';
export * from './notice-readers.js';
export * from './unknown-method.js';
