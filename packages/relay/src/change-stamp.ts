import { hash } from 'node:crypto';
import type { EventStamp } from '@tidings/contract';
import type { RowChange } from './row-change.ts';

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const timeDigits = 10;
const randomDigits = 16;

/**
 * A ULID that is derived from a change: its time is the change's, and where a new one has
 * randomness it has 80 bits of a hash over the change and the event's place in it.
 */
function derivedUlid(at: number, seed: string): string {
  let text = '';
  for (let digit = 0, rest = at; digit < timeDigits; digit++, rest = Math.floor(rest / 32)) {
    text = `${alphabet[rest % 32]}${text}`;
  }
  // Ten bytes are sixteen digits of five bits; 'hex' is the cheapest form to read them from.
  const hex = hash('sha256', seed, 'hex');
  for (let digit = 0; digit < randomDigits; digit += 4) {
    const bits = Number.parseInt(hex.slice(digit * 1.25, digit * 1.25 + 5), 16);
    for (let shift = 15; shift >= 0; shift -= 5) text += alphabet[(bits >> shift) & 31];
  }
  return text;
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
