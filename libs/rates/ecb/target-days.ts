const DAY_MS = 86_400_000;
const CLOSED = new Set(['01-01', '05-01', '12-25', '12-26']);

/** Days on which the Eurosystem's settlement (TARGET) is closed, and no reference rates are published. */
export function isTargetClosed(dayMs: number): boolean {
  const date = new Date(dayMs);
  const weekday = date.getUTCDay();
  if (weekday === 0 || weekday === 6) return true;
  if (CLOSED.has(date.toISOString().slice(5, 10))) return true;
  const daysAfterEaster = Math.round((startOfDay(dayMs) - easter(date.getUTCFullYear())) / DAY_MS);
  return daysAfterEaster === -2 || daysAfterEaster === 1;
}

/** The beginning, UTC, of the first day after this one on which rates are published. */
export function nextTargetDay(ms: number): number {
  let day = startOfDay(ms) + DAY_MS;
  while (isTargetClosed(day)) day += DAY_MS;
  return day;
}

export function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** Easter Sunday of the Gregorian calendar, by the rule of Meeus, Jones and Butcher. */
function easter(year: number): number {
  const a = year % 19;
  const [b, c] = [Math.floor(year / 100), year % 100];
  const f = Math.floor((b + 8) / 25);
  const g = Math.floor((b - f + 1) / 3);
  const h = (19 * a + b - Math.floor(b / 4) - g + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const days = h + l - 7 * m + 114;
  return Date.UTC(year, Math.floor(days / 31) - 1, (days % 31) + 1);
}
