import type { Backoff } from './full-jitter.ts';

/** Longest delay that a timer of Node or a browser holds: about 24.8 days. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;

/** Checks options, also those of an untyped configuration, and returns what it checked. */
export interface OptionBounds {
  /**
   * Refuses what is not an object of options, and a name that is not in `names`, with the
   * name that was probably meant.
   */
  known(what: string, options: unknown, names: Readonly<Record<string, unknown>>): void;
  /** A number from `least` to `most`; NaN is refused. */
  within(name: string, value: number, least: number, most: number): number;
  /** A whole number from `least` to `most`. */
  whole(name: string, value: number, least: number, most: number): number;
  /** Milliseconds that a timer can hold, from `least`. */
  milliseconds(name: string, value: number, least: number): number;
  /** One of the values listed. */
  oneOf<Value extends string>(name: string, value: Value, allowed: readonly Value[]): Value;
  /** True or false, and not the text of either. */
  flag(name: string, value: boolean): boolean;
  /** A back-off in which missing bounds take those of `fallback`. */
  backoff(name: string, given: Partial<Backoff> | undefined, fallback: Backoff): Backoff;
}

const BACKOFF_NAMES: Record<keyof Backoff, true> = { baseMs: true, capMs: true };

/**
 * The one checker of options. Every message names the option, its bound and the value given.
 * @param Refusal Thrown for what is refused: each package has its own error class.
 */
export function optionBounds(Refusal: new (message: string) => Error): OptionBounds {
  function within(name: string, value: number, least: number, most: number): number {
    // The negation also refuses NaN.
    if (!(typeof value === 'number' && value >= least && value <= most)) {
      throw new Refusal(`${name} must be ${least} to ${most}, got ${shown(value)}`);
    }
    return value;
  }

  function known(what: string, options: unknown, names: Readonly<Record<string, unknown>>): void {
    if (typeof options !== 'object' || options === null || Array.isArray(options)) {
      throw new Refusal(`${what} must be an object, got ${shown(options)}`);
    }
    const unknown = Object.keys(options).find((name) => !Object.hasOwn(names, name));
    if (unknown === undefined) return;
    const meant = nearest(unknown, Object.keys(names));
    const advice =
      meant === undefined
        ? `write one of ${Object.keys(names).join(', ')}`
        : `did you mean ${meant}?`;
    throw new Refusal(`${what} has no option ${JSON.stringify(unknown)}; ${advice}`);
  }

  return {
    known,
    within,
    whole(name, value, least, most) {
      if (Number.isInteger(value) && value >= least && value <= most) return value;
      throw new Refusal(
        `${name} must be a whole number from ${least} to ${most}, got ${shown(value)}`,
      );
    },
    milliseconds: (name, value, least) => within(name, value, least, MAX_TIMER_MS),
    oneOf(name, value, allowed) {
      if (allowed.includes(value)) return value;
      const listed = allowed.map((each) => `'${each}'`);
      const choice = [listed.slice(0, -1).join(', '), listed.at(-1)].filter((part) => part !== '');
      throw new Refusal(`${name} must be ${choice.join(' or ')}, got ${shown(value)}`);
    },
    flag(name, value) {
      if (typeof value === 'boolean') return value;
      throw new Refusal(`${name} must be true or false, got ${shown(value)}`);
    },
    backoff(name, given, fallback) {
      if (given !== undefined) known(name, given, BACKOFF_NAMES);
      const { baseMs = fallback.baseMs, capMs = Math.max(baseMs, fallback.capMs) } = given ?? {};
      within(`${name}.baseMs`, baseMs, 1, MAX_TIMER_MS);
      within(`${name}.capMs`, capMs, baseMs, MAX_TIMER_MS);
      return Object.freeze({ baseMs, capMs });
    },
  };
}

/** A value as a message shows it: short, and whatever it is. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}…` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

/** The name that was probably meant; undefined where none is close. */
function nearest(given: string, names: readonly string[]): string | undefined {
  const near = names
    .map((name) => ({ name, edits: editDistance(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(2, Math.floor(name.length / 3)));
  return near.toSorted((a, b) => a.edits - b.edits)[0]?.name;
}

/** Letters to insert, remove, replace or swap with the next one, to make one text the other. */
function editDistance(from: string, to: string): number {
  // Nobody means an option by a name of this length, which an untrusted file may hold.
  if (from.length > 100) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const replaced = at(last, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      let edits = Math.min(at(last, column) + 1, at(current, column - 1) + 1, replaced);
      if (from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        edits = Math.min(edits, at(before, column - 2) + 1);
      }
      current.push(edits);
    }
    before = last;
    last = current;
  }
  return at(last, to.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
