/**
 * A log sequence number as one integer, so that it compares and adds without the
 * traps of its text form (`2/28` sorts before `1/FFFFFFF8`).
 */
export type Lsn = bigint;

/** Reads Postgres' notation `16/B374D848`. @throws Error on anything else. */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(text);
  if (match === null) throw new Error(`"${text}" is not a log sequence number such as 16/B374D848`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** Writes Postgres' notation, upper case and without leading zeros. */
export function formatLsn(lsn: Lsn): string {
  return formatLsnHalves(Number(lsn >> 32n), Number(lsn & 0xffffffffn));
}

/** `formatLsn` for a number that is read from the wire in two 32-bit halves. */
export function formatLsnHalves(high: number, low: number): string {
  return `${high.toString(16).toUpperCase()}/${low.toString(16).toUpperCase()}`;
}
