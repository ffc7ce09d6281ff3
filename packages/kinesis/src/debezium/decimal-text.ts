/**
 * The decimal that Kafka Connect writes as its unscaled value, a big-endian two's
 * complement, and a scale: `C+o=` with scale 2 is `30.50`.
 */
export function decimalText(bytes: Uint8Array, scale: number): string {
  if (bytes.length === 0) return decimalOf(0n, scale);
  const unsigned = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  return decimalOf(BigInt.asIntN(bytes.length * 8, unsigned), scale);
}

function decimalOf(unscaled: bigint, scale: number): string {
  if (scale <= 0) return `${unscaled}${unscaled === 0n ? '' : '0'.repeat(-scale)}`;
  const sign = unscaled < 0n ? '-' : '';
  const digits = `${unscaled < 0n ? -unscaled : unscaled}`.padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
