export * from './database.driver.js';
export * from './transaction.js';
export * from './data-folder.lock.js';
export * from './worker-thread.js';
export * from './checked-text.js';
export * from './disposable.database.js';
