export * from './webhook.target.js';
export * from './webhook.sender.js';
