export * from './fraud-provider.port.js';
export * from './fraud.screen.js';
