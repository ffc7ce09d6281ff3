const DAY_MS = 86_400_000n;
/** What a Date reaches either way: 100 million days. */
const MAX_DAYS = 100_000_000n;

/** `.123456`, without the zeros at its end; empty for none. */
function fraction(value: bigint, unitsPerSecond: bigint): string {
  const digits = `${value}`.padStart(`${unitsPerSecond}`.length - 1, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

/** Division that rounds down, as time before 1970 needs it. */
function floorDivide(value: bigint, by: bigint): readonly [bigint, bigint] {
  const rest = ((value % by) + by) % by;
  return [(value - rest) / by, rest];
}

/** `2026-06-07`; undefined where it lies beyond what a Date holds. */
export function dateText(days: bigint): string | undefined {
  if (days > MAX_DAYS || days < -MAX_DAYS) return undefined;
  return new Date(Number(days * DAY_MS)).toISOString().split('T')[0];
}

/** `02:00:00.123456`; MySQL's times may be negative and beyond a day. */
export function timeText(units: bigint, unitsPerSecond: bigint): string {
  const [sign, size] = units < 0n ? ['-', -units] : ['', units];
  const [seconds, rest] = floorDivide(size, unitsPerSecond);
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  const clock = parts.map((part) => `${part}`.padStart(2, '0')).join(':');
  return `${sign}${clock}${fraction(rest, unitsPerSecond)}`;
}

/** How the JDBC driver, and so Debezium, writes Postgres' infinite timestamps. */
const infinities: Readonly<Record<string, string>> = {
  '9223372036825200000': 'infinity',
  '-9223372036832400000': '-infinity',
};

/**
 * `2026-06-07T02:00:00.123456`, without a zone, for the column has none. Undefined where it
 * lies beyond what a Date holds.
 */
export function timestampText(units: bigint, unitsPerSecond: bigint): string | undefined {
  const infinity = infinities[`${units}`];
  if (infinity !== undefined) return infinity;
  const [days, rest] = floorDivide(units, 86_400n * unitsPerSecond);
  const date = dateText(days);
  return date === undefined ? undefined : `${date}T${timeText(rest, unitsPerSecond)}`;
}
