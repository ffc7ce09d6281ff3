const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const digits = 26;
const timeDigits = 10;
const lowest = alphabet.charCodeAt(0);
const highest = alphabet.charCodeAt(31);

/** By ASCII code: the code of the digit that follows. */
const successors = new Uint8Array(highest);
for (let digit = 0; digit < 31; digit += 1) {
  successors[alphabet.charCodeAt(digit)] = alphabet.charCodeAt(digit + 1);
}

/** Clock and randomness of a ULID factory. */
export interface UlidSource {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Fills the bytes with randomness. */
  readonly random: (bytes: Uint8Array) => unknown;
}

/**
 * Makes ULIDs that rise strictly, also within one millisecond and when the clock steps
 * back. Randomness is drawn once a millisecond and counted up from there: that is what
 * the specification asks for, and it keeps the entropy pool out of the hot path.
 */
export function ulidFactory(source: UlidSource): () => string {
  const random = new Uint8Array(digits - timeDigits);
  /** The last id as ASCII: read at one go, it is one flat string and no chain of 26. */
  const text = Buffer.alloc(digits, lowest);
  let last = -1;

  return () => {
    const now = source.now();
    if (now > last) {
      last = now;
      source.random(random);
      for (let digit = timeDigits - 1, rest = now; digit >= 0; digit -= 1) {
        text[digit] = alphabet.charCodeAt(rest % 32);
        rest = Math.floor(rest / 32);
      }
      for (const [index, byte] of random.entries()) {
        text[timeDigits + index] = alphabet.charCodeAt(byte % 32);
      }
    } else {
      // An overflow of all 80 random bits carries into the time, and still rises.
      let digit = digits - 1;
      while (text[digit] === highest) {
        text[digit] = lowest;
        digit -= 1;
      }
      text[digit] = successors[text[digit] ?? lowest] ?? lowest;
    }
    return text.toString('latin1');
  };
}

/** The next event id: a ULID, greater than every one that this process made before. */
export const nextEventId: () => string = ulidFactory({
  now: Date.now,
  random: (bytes) => crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>),
});
