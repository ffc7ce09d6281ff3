const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const digits = 26;
const timeDigits = 10;

/** Clock and randomness of a ULID factory. */
export interface UlidSource {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Fills the bytes with randomness. */
  readonly random: (bytes: Uint8Array<ArrayBuffer>) => unknown;
}

/**
 * Makes ULIDs that rise strictly, also within one millisecond and when the clock steps
 * back. Randomness is drawn once a millisecond and counted up from there: that is what
 * the specification asks for, and it keeps the entropy pool out of the hot path.
 */
export function ulidFactory(source: UlidSource): () => string {
  const bytes = new Uint8Array(digits - timeDigits);
  const current = new Array<number>(digits).fill(0);
  let last = -1;

  return () => {
    const now = source.now();
    if (now > last) {
      last = now;
      source.random(bytes);
      for (let digit = timeDigits - 1, rest = now; digit >= 0; digit -= 1) {
        current[digit] = rest % 32;
        rest = Math.floor(rest / 32);
      }
      for (const [index, byte] of bytes.entries()) current[timeDigits + index] = byte % 32;
    } else {
      // An overflow of all 80 random bits carries into the time, and still rises.
      let digit = digits - 1;
      while (current[digit] === 31) {
        current[digit] = 0;
        digit -= 1;
      }
      current[digit] = (current[digit] ?? 0) + 1;
    }
    let text = '';
    for (const value of current) text += alphabet[value];
    return text;
  };
}

/** The next event id: a ULID, greater than every one that this process made before. */
export const nextEventId: () => string = ulidFactory({
  now: Date.now,
  random: (bytes) => crypto.getRandomValues(bytes),
});
