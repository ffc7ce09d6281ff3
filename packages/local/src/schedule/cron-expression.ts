const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** What one of the six fields of a cron expression takes. */
interface CronField {
  readonly min: number;
  readonly max: number;
  /** Names that stand for `min` and the numbers after it. */
  readonly names?: readonly string[];
  /** Forms beside values, ranges, steps and `*`. */
  readonly special?: RegExp;
}

const minutes: CronField = { min: 0, max: 59 };
const hours: CronField = { min: 0, max: 23 };
const daysOfMonth: CronField = {
  min: 1,
  max: 31,
  special: /^(\?|L|LW|([1-9]|[12]\d|3[01])W)$/,
};
const monthsOfYear: CronField = { min: 1, max: 12, names: months };
const daysOfWeek: CronField = {
  min: 1,
  max: 7,
  names: weekdays,
  special: /^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/,
};
const years: CronField = { min: 1970, max: 2199 };
const fields = [minutes, hours, daysOfMonth, monthsOfYear, daysOfWeek, years] as const;
const minuteMs = 60_000;
const dayMs = 86_400_000;

/** A cron expression that was understood. Times are UTC. */
export interface CronExpression {
  /** The first time after this one, both in milliseconds since 1970; undefined where none is left. */
  next(after: number): number | undefined;
}

/**
 * Reads what stands between the brackets of `cron(0 12 * * ? *)`: minutes, hours, day of
 * month, month, day of week, year. Undefined where the service would refuse it.
 */
export function parseCron(text: string): CronExpression | undefined {
  const given = text.toUpperCase().split(' ');
  if (given.length !== fields.length) return undefined;
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = given.map((part) =>
    part.split(','),
  ) as [string[], string[], string[], string[], string[], string[]];
  // One of the days must be left open, and only one.
  if ((dayOfMonth.join() === '?') === (dayOfWeek.join() === '?')) return undefined;
  const parts = [minute, hour, dayOfMonth, month, dayOfWeek, year];
  if (!fields.every((field, index) => parts[index]?.every((item) => isItem(field, item)))) {
    return undefined;
  }
  const isDay = (date: Date): boolean =>
    matches(years, year, date.getUTCFullYear()) &&
    matches(monthsOfYear, month, date.getUTCMonth() + 1) &&
    dayOfMonth.some((item) => isDayOfMonth(item, date)) &&
    dayOfWeek.some((item) => isDayOfWeek(item, date));
  const times: number[] = [];
  for (let at = 0; at < dayMs; at += minuteMs) {
    const date = new Date(at);
    if (
      matches(hours, hour, date.getUTCHours()) &&
      matches(minutes, minute, date.getUTCMinutes())
    ) {
      times.push(at);
    }
  }
  const end = Date.UTC(years.max + 1, 0, 1);
  return {
    next(after) {
      for (let day = after - mod(after, dayMs); day < end; day += dayMs) {
        if (!isDay(new Date(day))) continue;
        const time = times.find((each) => day + each > after);
        if (time !== undefined) return day + time;
      }
      return undefined;
    },
  };
}

function isItem(field: CronField, item: string): boolean {
  if (field.special?.test(item)) return true;
  const [base = '', step, ...more] = item.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return false;
  if (base === '*') return true;
  const ends = base.split('-');
  return ends.length <= 2 && ends.every((end) => isValue(field, end));
}

function isValue({ min, max, names = [] }: CronField, text: string): boolean {
  if (names.includes(text)) return true;
  return /^\d{1,4}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

function matches(field: CronField, items: readonly string[], value: number): boolean {
  return items.some((item) => matchesItem(field, item, value));
}

function matchesItem(field: CronField, item: string, value: number): boolean {
  const [base = '', step] = item.split('/');
  const [first = '', last] = base.split('-');
  const from = first === '*' ? field.min : numberOf(field, first);
  // `5/10` goes on to the end of the field, `5` does not.
  const isOpen = first === '*' || (last === undefined && step !== undefined);
  const to = isOpen ? field.max : numberOf(field, last ?? first);
  const size = field.max - field.min + 1;
  // `FRI-MON` goes over the end.
  const distance = mod(value - from, size);
  return distance <= mod(to - from, size) && distance % Number(step ?? 1) === 0;
}

function isDayOfMonth(item: string, date: Date): boolean {
  const day = date.getUTCDate();
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  if (item === '?') return true;
  if (item === 'L') return day === lastDay;
  if (!item.endsWith('W')) return matchesItem(daysOfMonth, item, day);
  const wanted = item === 'LW' ? lastDay : Number(item.slice(0, -1));
  return wanted <= lastDay && day === nearestWorkday(date, wanted, lastDay);
}

/** The day from Monday to Friday that is nearest to a day, in the same month. */
function nearestWorkday(date: Date, wanted: number, lastDay: number): number {
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), wanted)).getUTCDay();
  if (weekday === 6) return wanted > 1 ? wanted - 1 : wanted + 2;
  if (weekday === 0) return wanted < lastDay ? wanted + 1 : wanted - 2;
  return wanted;
}

function isDayOfWeek(item: string, date: Date): boolean {
  const weekday = date.getUTCDay() + 1;
  const day = date.getUTCDate();
  if (item === '?') return true;
  if (item === 'L') return weekday === daysOfWeek.max;
  const [name = '', count] = item.split('#');
  if (count !== undefined) {
    return weekday === numberOf(daysOfWeek, name) && Math.ceil(day / 7) === Number(count);
  }
  if (daysOfWeek.special?.test(item)) {
    const isLast = new Date(date.getTime() + 7 * dayMs).getUTCMonth() !== date.getUTCMonth();
    return isLast && weekday === numberOf(daysOfWeek, item.slice(0, -1));
  }
  return matchesItem(daysOfWeek, item, weekday);
}

function numberOf({ min, names = [] }: CronField, text: string): number {
  const index = names.indexOf(text);
  return index === -1 ? Number(text) : min + index;
}

function mod(value: number, size: number): number {
  return ((value % size) + size) % size;
}
