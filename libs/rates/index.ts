export * from './rate-source.port.js';
export * from './rate.board.js';
