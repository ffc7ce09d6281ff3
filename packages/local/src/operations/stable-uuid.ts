import { createHash } from 'node:crypto';

/**
 * An id in the form of a UUID that depends on its parts alone, so that a bus which
 * repeats its remembered operations gives the same ARNs again.
 */
export function stableUuid(...parts: readonly (string | number)[]): string {
  const hex = createHash('sha256').update(parts.join('\n')).digest('hex');
  return [8, 4, 4, 4, 12]
    .map((length, index) => {
      const from = [0, 8, 12, 16, 20][index] ?? 0;
      return hex.slice(from, from + length);
    })
    .join('-');
}
