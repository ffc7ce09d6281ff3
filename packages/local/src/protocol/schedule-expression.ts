const rate = /^rate\((1 (minute|hour|day)|([2-9]|[1-9]\d+) (minutes|hours|days))\)$/;
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

const fields: readonly CronField[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31, special: /^(\?|L|LW|([1-9]|[12]\d|3[01])W)$/ },
  { min: 1, max: 12, names: months },
  {
    min: 1,
    max: 7,
    names: weekdays,
    special: /^(\?|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))$/,
  },
  { min: 1970, max: 2199 },
];
const dayOfMonth = 2;
const dayOfWeek = 4;

/** Whether a rule may have this schedule: `rate(5 minutes)`, `cron(0 12 * * ? *)`. */
export function isScheduleExpression(expression: string): boolean {
  if (rate.test(expression)) return true;
  const [, inner] = /^cron\((.*)\)$/.exec(expression) ?? [];
  const given = inner?.toUpperCase().split(' ') ?? [];
  if (given.length !== fields.length) return false;
  // One of the days must be left open, and only one.
  if ((given[dayOfMonth] === '?') === (given[dayOfWeek] === '?')) return false;
  return fields.every((field, index) =>
    (given[index] ?? '').split(',').every((item) => isCronItem(field, item)),
  );
}

function isCronItem(field: CronField, item: string): boolean {
  if (field.special?.test(item)) return true;
  const [base = '', step, ...more] = item.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return false;
  if (base === '*') return true;
  const ends = base.split('-');
  return ends.length <= 2 && ends.every((end) => isCronValue(field, end));
}

function isCronValue({ min, max, names = [] }: CronField, text: string): boolean {
  if (names.includes(text)) return true;
  return /^\d{1,4}$/.test(text) && Number(text) >= min && Number(text) <= max;
}
