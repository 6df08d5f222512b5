export * from './reservation.port.js';
export * from './reservation.desk.js';
