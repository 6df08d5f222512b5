/** Epoch milliseconds; `endMs` is exclusive. */
export interface Period {
  startMs: number;
  endMs: number;
}

const DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;
const DAY_MS = 86_400_000;

/** Milliseconds of an ISO 8601 duration without years and months, or undefined when it is none or zero. */
export function durationMs(iso: string): number | undefined {
  const match = DURATION.exec(iso);
  if (!match) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  const total =
    (weeks ?? 0) * 7 * DAY_MS +
    (days ?? 0) * DAY_MS +
    (hours ?? 0) * 3_600_000 +
    (minutes ?? 0) * 60_000 +
    (seconds ?? 0) * 1_000;
  return total > 0 ? total : undefined;
}

/** The calendar period that `atMs` falls into, by the wall clock of `timezone`; days at a change of clocks have 23 or 25 hours. */
export function calendarPeriod(
  calendar: 'day' | 'week' | 'month',
  timezone: string,
  atMs: number,
): Period {
  const { year, month, day } = localDate(timezone, atMs);
  if (calendar === 'month') {
    return {
      startMs: localMidnight(timezone, year, month, 1),
      endMs: localMidnight(timezone, year, month + 1, 1),
    };
  }
  // Weeks begin on Monday (ISO 8601).
  const weekday = (new Date(Date.UTC(year, month, day)).getUTCDay() + 6) % 7;
  const first = calendar === 'week' ? day - weekday : day;
  const length = calendar === 'week' ? 7 : 1;
  return {
    startMs: localMidnight(timezone, year, month, first),
    endMs: localMidnight(timezone, year, month, first + length),
  };
}

export function isTimezone(timezone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: timezone });
    return true;
  } catch {
    return false;
  }
}

/** Months count from 0, as in Date. */
function localDate(timezone: string, atMs: number): { year: number; month: number; day: number } {
  const local = new Date(atMs + offsetMs(timezone, atMs));
  return { year: local.getUTCFullYear(), month: local.getUTCMonth(), day: local.getUTCDate() };
}

/** The first instant of a local day; where midnight does not exist, the first instant after the gap. */
function localMidnight(timezone: string, year: number, month: number, day: number): number {
  const wall = Date.UTC(year, month, day);
  if (timezone === 'UTC') return wall;
  // The offset in force can be the one before or the one after a change: the earliest instant that shows this date is right.
  const candidates = [
    wall - offsetMs(timezone, wall - DAY_MS),
    wall - offsetMs(timezone, wall + DAY_MS),
  ];
  const showing = candidates.filter((instant) => instant + offsetMs(timezone, instant) >= wall);
  return Math.min(...(showing.length > 0 ? showing : candidates));
}

function offsetMs(timezone: string, atMs: number): number {
  if (timezone === 'UTC') return 0;
  const parts: Record<string, number> = {};
  for (const { type, value } of formatter(timezone).formatToParts(atMs))
    parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const wholeSeconds = Math.floor(atMs / 1000) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSeconds;
}

/** Building a formatter is slow and gives the same thing every time. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timezone: string): Intl.DateTimeFormat {
  let known = formatters.get(timezone);
  if (!known) {
    known = new Intl.DateTimeFormat('en-US', {
      timeZone: timezone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timezone, known);
  }
  return known;
}
