const isoMilliseconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

// Dozens of events are made within a millisecond: the last instant is not written, read or
// cut again.
let lastMs = 0;
let lastText = '1970-01-01T00:00:00.000Z';
let lastTime = '1970-01-01T00:00:00Z';

function note(ms: number, text: string): void {
  lastMs = ms;
  lastText = text;
  lastTime = `${text.slice(0, 19)}Z`;
}

const year0 = Date.parse('0000-01-01T00:00:00.000Z');
const year9999 = Date.parse('9999-12-31T23:59:59.999Z');

/** Whether a time is a Date of the years 0 to 9999: ISO 8601 writes no others in this form. */
export function isInstant(time: unknown): time is Date {
  // What is no valid time is NaN, which lies nowhere.
  return time instanceof Date && time.getTime() >= year0 && time.getTime() <= year9999;
}

/** `2026-06-07T02:00:00.123Z`, as `occurredAt` has it; of a Date that `isInstant`. */
export function instantText(ms: number): string {
  if (ms !== lastMs) note(ms, new Date(ms).toISOString());
  return lastText;
}

/** Milliseconds since 1970 of such a text; `NaN` for any other value, 31 June included. */
export function instantMs(value: unknown): number {
  if (value === lastText) return lastMs;
  if (typeof value !== 'string' || !isoMilliseconds.test(value)) return Number.NaN;
  const ms = Date.parse(value);
  // What runs over, such as 31 June, is written differently.
  // A day that its month does not have is read as one of the next month.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== value) return Number.NaN;
  note(ms, value);
  return ms;
}

/** `2026-06-07T02:00:00.123Z` -> `2026-06-07T02:00:00Z`, the `time` that EventBridge delivers. */
export function timeOf(occurredAt: string): string {
  return occurredAt === lastText ? lastTime : `${occurredAt.slice(0, 19)}Z`;
}
