/**
 * Compares the matcher with a second one that is written to be plain: it lists
 * every way through the pattern's `$or`, every leaf of the event, and every way
 * to give each field of the pattern a leaf, and looks whether one of them is
 * allowed. Longer than other files because generators and second matcher only
 * make sense together.
 */
import { BlockList, isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { ruleIndex } from './rule-index.ts';

// Patterns and events as trees of entries, since objects would reorder and lose names.
type Scalar = string | boolean | null | { readonly number: string };
type Operation = { readonly [operator: string]: unknown };
type Entry =
  | { readonly name: string; readonly matchers: readonly (Scalar | Operation)[] }
  | { readonly name: string; readonly entries: readonly Entry[] }
  | { readonly or: readonly (readonly Entry[])[] };
type EventValue =
  | { readonly scalar: Scalar }
  | { readonly elements: readonly EventValue[] }
  | { readonly fields: readonly (readonly [string, EventValue])[] };

// ---------------------------------------------------------------- generators

const names = ['a', 'b', 'c', 'a.b', '__proto__', 'constructor', 'toString', 'length', '', '7'];
const name = fc.constantFrom(...names, 'a', 'b', 'c');
const words = ['x', 'X', 'xy', 'xyx', '', 'ß', 'SS', 'é', '"', 'a*b', 'a\\b', 'true', '1', '\n'];
const addresses = ['10.0.0.1', '10.1.2.3', '192.168.0.1', '::1', '0:0:0:0:0:0:0:1', '2001:db8::1'];
const word = fc.constantFrom(...words, ...addresses, 'x', 'xy');
const number = fc
  .constantFrom('0', '-0.0', '1', '1.0', '1.5', '15e-1', '300', '3.0e2', '-5', '4999999999.999999')
  .map((text) => ({ number: text }));
const scalar: fc.Arbitrary<Scalar> = fc.oneof(
  { arbitrary: word, weight: 3 },
  number,
  fc.constantFrom(true, false, null),
);

const ignoringCase = (text: string) => ({ 'equals-ignore-case': text });
// All of them in one field are still simple enough for the service.
const wildcard = fc.constantFrom('*', 'x*', '*y*', 'x*x', 'a\\*b', 'a\\\\b', '');
const nonEmpty = word.filter((text) => text !== '');
const listOf = <T>(item: fc.Arbitrary<T>) => fc.array(item, { minLength: 1, maxLength: 3 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  word.map((text) => ({ exactly: text })),
  word.map((text) => ({ prefix: text })),
  word.map((text) => ({ suffix: text })),
  word.map((text) => ({ prefix: ignoringCase(text) })),
  word.map((text) => ({ suffix: ignoringCase(text) })),
  word.map(ignoringCase),
  wildcard.map((text) => ({ wildcard: text })),
  fc
    .constantFrom('10.0.0.0/8', '10.0.0.1/31', '192.168.0.0/16', '2001:db8::/32')
    .map((cidr) => ({ cidr })),
  fc.boolean().map((exists) => ({ exists })),
  fc
    .constantFrom('=', '<', '<=', '>', '>=')
    .chain((by) => number.map((n) => ({ numeric: [by, n] }))),
  fc
    .constantFrom('>', '>=')
    .map((by) => ({ numeric: [by, { number: '-1' }, '<=', { number: '1.5' }] })),
  fc
    .oneof(word, listOf(word), number, listOf(number))
    .map((except) => ({ 'anything-but': except })),
  fc
    .oneof(
      fc.oneof(nonEmpty, listOf(nonEmpty)).map((text) => ({ prefix: text })),
      fc.oneof(nonEmpty, listOf(nonEmpty)).map((text) => ({ suffix: text })),
      fc.oneof(word, listOf(word)).map((text) => ({ 'equals-ignore-case': text })),
      wildcard.map((text) => ({ wildcard: text })),
    )
    .map((except) => ({ 'anything-but': except })),
);

const leaf = fc.record({ name, matchers: listOf(fc.oneof(scalar, operation)) });

/** Fields and `$or`, nested so deep. */
function entriesTo(depth: number): fc.Arbitrary<Entry[]> {
  if (depth === 0) return fc.array(leaf, { minLength: 1, maxLength: 2 });
  const inner = entriesTo(depth - 1);
  return fc.array(
    fc.oneof(
      { arbitrary: leaf, weight: 3 },
      { arbitrary: fc.record({ name, entries: inner }), weight: 3 },
      { arbitrary: fc.record({ or: fc.array(inner, { minLength: 2, maxLength: 3 }) }), weight: 1 },
    ),
    { minLength: 1, maxLength: depth === 2 ? 3 : 2 },
  );
}
const pattern = entriesTo(2);

function valueTo(depth: number): fc.Arbitrary<EventValue> {
  const plain = scalar.map((value) => ({ scalar: value }));
  if (depth === 0) return plain;
  const inner = valueTo(depth - 1);
  return fc.oneof(
    plain,
    fc.record({ elements: fc.array(inner, { maxLength: 3 }) }),
    fieldsOf(inner),
  );
}
function fieldsOf(inner: fc.Arbitrary<EventValue>): fc.Arbitrary<EventValue> {
  return fc.record({ fields: fc.array(fc.tuple(name, inner), { minLength: 1, maxLength: 4 }) });
}
const event = fieldsOf(valueTo(3));

/** Events with the pattern's own fields, so that many match or nearly do. */
function eventFor(entries: readonly Entry[]): fc.Arbitrary<EventValue> {
  const own = entries.map((entry): fc.Arbitrary<readonly (readonly [string, EventValue])[]> => {
    if ('or' in entry) {
      const branches = entry.or.map((branch) => eventFor(branch));
      return fc.oneof(...branches).map((value) => ('fields' in value ? value.fields : []));
    }
    const inner =
      'entries' in entry
        ? eventFor(entry.entries)
        : fc
            .oneof(scalar, fc.constantFrom(...scalarsIn(entry.matchers)))
            .map((value) => ({ scalar: value }));
    const value = fc.oneof(
      inner,
      fc.record({ elements: fc.array(fc.oneof(inner, inner, valueTo(1)), { maxLength: 3 }) }),
    );
    return value.map((one) => [[entry.name, one]]);
  });
  return fc
    .tuple(...own, fc.constantFrom([], [['b', { scalar: 'x' }]] as const))
    .map((parts) => ({ fields: parts.flat() }));
}

function scalarsIn(value: unknown): Scalar[] {
  if (typeof value !== 'object' || value === null || isNumber(value)) return [value as Scalar];
  return Object.values(value).flatMap(scalarsIn);
}

const pair = pattern.chain((entries) =>
  fc.tuple(fc.constant(entries), fc.oneof(event, eventFor(entries), eventFor(entries))),
);

function patternText(entries: readonly Entry[]): string {
  const members = entries.map((entry) => {
    if ('or' in entry) return `"$or":[${entry.or.map(patternText).join()}]`;
    const value = 'entries' in entry ? patternText(entry.entries) : jsonText(entry.matchers);
    return `${JSON.stringify(entry.name)}:${value}`;
  });
  return `{${members.join()}}`;
}

function eventText(value: EventValue): string {
  if ('scalar' in value) return jsonText(value.scalar);
  if ('elements' in value) return `[${value.elements.map(eventText).join()}]`;
  return `{${value.fields.map(([key, child]) => `${JSON.stringify(key)}:${eventText(child)}`).join()}}`;
}

/** JSON in which `{number: "3.0e2"}` is the number as written. */
function jsonText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if ('number' in value) return String(value.number);
  return `{${Object.entries(value)
    .map(([key, child]) => `"${key}":${jsonText(child)}`)
    .join()}}`;
}

// ------------------------------------------------------------ second matcher

interface Found {
  readonly path: string;
  readonly value: Scalar;
  /** Index in each array around the value, by the array's own path of indexes. */
  readonly elements: ReadonlyMap<string, number>;
}
const ABSENT = 'absent';

function naiveMatches(entries: readonly Entry[], root: EventValue): boolean {
  const found = leavesOf(root, [], 'event', new Map());
  return waysThrough(entries, []).some((way) => {
    const fields = [...new Map(way)].sort(([a], [b]) => (a < b ? -1 : 1));
    return tuples(fields.map(([path, matchers]) => candidates(found, path, matchers))).some(
      (chosen) => isAllowed(fields, chosen, found),
    );
  });
}

/** Every list of (path, matchers) that some choice of branches writes, in the pattern's order. */
function waysThrough(
  entries: readonly Entry[],
  above: readonly string[],
): [string, readonly unknown[]][][] {
  return tuples(
    entries.map((entry) => {
      if ('or' in entry) return entry.or.flatMap((branch) => waysThrough(branch, above));
      const steps = [...above, entry.name];
      if ('entries' in entry) return waysThrough(entry.entries, steps);
      return [[[steps.join('.'), entry.matchers]]] as [string, readonly unknown[]][][];
    }),
  ).map((parts) => parts.flat());
}

function leavesOf(
  value: EventValue,
  steps: readonly string[],
  place: string,
  elements: ReadonlyMap<string, number>,
): Found[] {
  if ('scalar' in value) return [{ path: steps.join('.'), value: value.scalar, elements }];
  if ('fields' in value) {
    return value.fields.flatMap(([key, child], n) =>
      leavesOf(child, [...steps, key], `${place}/${n}`, elements),
    );
  }
  return value.elements.flatMap((child, n) =>
    leavesOf(
      child,
      steps,
      `${place}/${n}`,
      'scalar' in child ? elements : new Map(elements).set(place, n),
    ),
  );
}

function candidates(
  found: readonly Found[],
  path: string,
  matchers: readonly unknown[],
): (Found | typeof ABSENT)[] {
  const values = found.filter(
    (leaf) => leaf.path === path && matchers.some((m) => naiveMatch(m, leaf.value)),
  );
  const absence = matchers.some((m) => isAbsence(m));
  return absence ? [ABSENT, ...values] : values;
}

function isAllowed(
  fields: readonly (readonly [string, unknown])[],
  chosen: readonly (Found | typeof ABSENT)[],
  found: readonly Found[],
): boolean {
  const elements = new Map<string, number>();
  const agrees = (leaf: Found) =>
    [...leaf.elements].every(([array, index]) => (elements.get(array) ?? index) === index);
  return chosen.every((choice, n) => {
    if (choice === ABSENT)
      return !found.some((leaf) => leaf.path === fields[n]?.[0] && agrees(leaf));
    if (!agrees(choice)) return false;
    for (const [array, index] of choice.elements) elements.set(array, index);
    return true;
  });
}

function tuples<T>(choices: readonly (readonly T[])[]): T[][] {
  return choices.reduce<T[][]>(
    (all, some) => all.flatMap((t) => some.map((one) => [...t, one])),
    [[]],
  );
}

function naiveMatch(matcher: unknown, value: Scalar): boolean {
  if (isNumber(matcher)) return isNumber(value) && Number(matcher.number) === Number(value.number);
  if (typeof matcher === 'string' && isIP(matcher) !== 0) {
    return (
      typeof value === 'string' && isIP(value) !== 0 && canonical(value) === canonical(matcher)
    );
  }
  if (typeof matcher !== 'object' || matcher === null) return value === matcher;
  const [operator = '', operand] = Object.entries(matcher)[0] ?? [];
  if (operator === 'exists') return operand === true;
  if (operator === 'numeric')
    return isNumber(value) && inBounds(Number(value.number), operand as unknown[]);
  if (operator === 'anything-but')
    return naiveExceptions(operand).every((except) => !except(value));
  if (typeof value !== 'string') return false;
  if (operator === 'cidr') return inBlock(value, String(operand));
  return naiveText(operator, operand, value);
}

function naiveExceptions(operand: unknown): ((value: Scalar) => boolean)[] {
  const list = (item: unknown) => (Array.isArray(item) ? item : [item]);
  if (typeof operand === 'string' || Array.isArray(operand) || isNumber(operand)) {
    return list(operand).map(
      (except) => (value) => (isNumber(except) ? naiveMatch(except, value) : value === except),
    );
  }
  return Object.entries(operand as Operation).flatMap(([operator, texts]) =>
    list(texts).map(
      (text) => (value: Scalar) => typeof value === 'string' && naiveText(operator, text, value),
    ),
  );
}

function naiveText(operator: string, operand: unknown, value: string): boolean {
  const ends = Array.from({ length: value.length + 1 }, (_, n) => n);
  const folded = (operand as Operation | undefined)?.['equals-ignore-case'];
  const same = (part: string) =>
    folded === undefined ? part === operand : equalIgnoringCase(String(folded), part);
  switch (operator) {
    case 'exactly':
      return value === operand;
    case 'prefix':
      return ends.some((n) => same(value.slice(0, n)));
    case 'suffix':
      return ends.some((n) => same(value.slice(n)));
    case 'equals-ignore-case':
      return equalIgnoringCase(String(operand), value);
    default:
      return likeWildcard(String(operand), value);
  }
}

function equalIgnoringCase(wanted: string, value: string): boolean {
  if (wanted === '') return value === '';
  const first = wanted.charAt(0);
  return [first.toLowerCase(), first.toUpperCase()].some(
    (form) =>
      value.startsWith(form) && equalIgnoringCase(wanted.slice(1), value.slice(form.length)),
  );
}

function likeWildcard(wanted: string, value: string): boolean {
  if (wanted === '') return value === '';
  if (wanted.startsWith('*')) {
    return (
      likeWildcard(wanted.slice(1), value) || (value !== '' && likeWildcard(wanted, value.slice(1)))
    );
  }
  const width = wanted.startsWith('\\') ? 2 : 1;
  return (
    value !== '' &&
    value.startsWith(wanted.charAt(width - 1)) &&
    likeWildcard(wanted.slice(width), value.slice(1))
  );
}

function inBounds(value: number, [by, bound, ...rest]: unknown[]): boolean {
  const limit = Number((bound as { number: string }).number);
  const holds = {
    '=': value === limit,
    '<': value < limit,
    '<=': value <= limit,
    '>': value > limit,
    '>=': value >= limit,
  };
  return holds[by as keyof typeof holds] && (rest.length === 0 || inBounds(value, rest));
}

function inBlock(address: string, cidr: string): boolean {
  const [net = '', bits] = cidr.split('/');
  const block = new BlockList();
  block.addSubnet(net, Number(bits), isIP(net) === 4 ? 'ipv4' : 'ipv6');
  return isIP(address) === isIP(net) && block.check(address, isIP(net) === 4 ? 'ipv4' : 'ipv6');
}

function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}

function isAbsence(matcher: unknown): boolean {
  return JSON.stringify(matcher) === '{"exists":false}';
}

function isNumber(value: unknown): value is { number: string } {
  return typeof value === 'object' && value !== null && 'number' in value;
}

// --------------------------------------------------------------------- tests

test('gives the verdict of a plain second matcher on 12,000 patterns and events', () => {
  let matches = 0;
  const property = fc.property(pair, ([entries, value]) => {
    const expected = naiveMatches(entries, value);
    if (expected) matches++;
    expect(compilePattern(patternText(entries)).matches(eventText(value))).toBe(expected);
  });
  fc.assert(property, { numRuns: 12_000 });
  // A comparison in which nothing ever matches would prove little.
  expect(matches).toBeGreaterThan(1_000);
});

test('an index finds the patterns that match, whatever was added and removed before', () => {
  const property = fc.property(fc.array(pair, { maxLength: 12 }), fc.nat(11), (pairs, gone) => {
    const index = ruleIndex();
    const rules = pairs.map(([entries], n) => {
      return { id: `rule-${n}`, compiled: compilePattern(patternText(entries)) };
    });
    for (const { id, compiled } of rules) index.add(id, compiled);
    const findsOnly = (present: typeof rules) => {
      for (const text of pairs.map(([, value]) => eventText(value))) {
        const matching = present.filter(({ compiled }) => compiled.matches(text));
        expect(index.match(text)).toEqual(matching.map(({ id }) => id));
      }
    };
    findsOnly(rules);
    const rest = rules.filter((_, n) => n !== gone);
    expect(index.remove(`rule-${gone}`)).toBe(rest.length < rules.length);
    findsOnly(rest);
  });
  fc.assert(property, { numRuns: 1_000 });
});
