/** The windows in which cards and declines are counted. */
export const MINUTES_10_MS = 10 * 60 * 1_000;
export const HOUR_MS = 60 * 60 * 1_000;
export const DAY_MS = 24 * HOUR_MS;
