import { hash } from 'node:crypto';
import type { EventStamp } from '@tidings/contract';
import type { RowChange } from './row-change.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeDigits = 10;
const randomDigits = 16;

/** The id as ASCII: read at one go, it is one flat string and no chain of 26. */
const text = Buffer.alloc(timeDigits + randomDigits);

/** Value of a hexadecimal digit, `0` to `9` or `a` to `f`. */
function nibble(hex: string, at: number): number {
  const code = hex.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

/**
 * A ULID that is derived from a change: its time is the change's, and where a new one has
 * randomness it has 80 bits of a hash over the change and the event's place in it.
 */
function derivedUlid(at: number, seed: string): string {
  for (let digit = timeDigits - 1, rest = at; digit >= 0; digit--, rest = Math.floor(rest / 32)) {
    text[digit] = alphabet.charCodeAt(rest % 32);
  }
  const hex = hash('sha256', seed, 'hex');
  for (let digit = 0; digit < randomDigits; digit++) {
    const fiveBits = (nibble(hex, 2 * digit) & 1) * 16 + nibble(hex, 2 * digit + 1);
    text[timeDigits + digit] = alphabet.charCodeAt(fiveBits);
  }
  return text.toString('latin1');
}

/**
 * Gives the events of a change their ids and time. An id is derived from the change, the
 * detail-type and how many events of that type the mapping made before: a mapping that
 * learns to tell of something else as well leaves the other events' ids as they were.
 */
export function changeStamp(change: RowChange): EventStamp {
  const { id, table, occurredAt } = change;
  const made: string[] = [];
  return {
    occurredAt,
    nextEventId(detailType) {
      let before = 0;
      for (const type of made) if (type === detailType) before += 1;
      made.push(detailType);
      return derivedUlid(
        Math.max(0, occurredAt.getTime()),
        `${table}\n${id}\n${detailType}\n${before}`,
      );
    },
  };
}
