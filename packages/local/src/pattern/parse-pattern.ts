import { InvalidPatternError } from './invalid-pattern-error.ts';
import { Token } from './json-token.ts';
import { parseMatchers } from './parse-matcher.ts';
import { PatternReader, Refusal } from './pattern-reader.ts';
import type { ValueMatcher } from './value-matcher.ts';
import type { Wildcard } from './wildcard.ts';
import { wildcardComplexity } from './wildcard-complexity.ts';

/** One field of a pattern: some value at the path must satisfy one of the matchers. */
export interface Leaf {
  /** The names of the fields down to this one, joined by dots. */
  readonly path: string;
  readonly matchers: readonly ValueMatcher[];
  /** Whether `{"exists": false}` is among the matchers. */
  readonly acceptsAbsence: boolean;
}

/** Leaves that must all match together, ordered by path. */
export type Alternative = readonly Leaf[];

/** How many alternatives a pattern may come to. Ours: the service names no number. */
const MAX_ALTERNATIVES = 4096;

/**
 * The highest complexity that the service accepts. It does not document the
 * number; this one fits the rules that are known to be accepted and refused.
 */
const MAX_COMPLEXITY = 10;

/** Names that cannot be those of fields inside `$or`, because a forgotten list would hide in them. */
const RESERVED_IN_OR: ReadonlySet<string> = new Set([
  ...['exactly', 'equals-ignore-case', 'prefix', 'suffix', 'anything-but', 'exists', 'wildcard'],
  ...['numeric', 'cidr', '=', '<', '<=', '>', '>=', 'regex'],
  ...['not-wildcard', 'not-equals-ignore-case', 'ip-address-in-range', 'ip-address-not-in-range'],
  ...['date-after', 'date-on-or-after', 'date-before', 'date-on-or-before', 'in-date-range'],
]);

type Fields = Map<string, Leaf>;

/**
 * Reads an event pattern, checks it as the service does, and multiplies out its
 * `$or`: the event must match one of the alternatives. Text behind the closing
 * brace is ignored, as the service ignores it. Where a path occurs more than
 * once, also through dotted names or across `$or`, the last one counts.
 *
 * @throws InvalidPatternError with the service's reason and position.
 */
export function parsePattern(text: string): readonly Alternative[] {
  const reader = new PatternReader(text);
  try {
    reader.expect(Token.objectStart, 'Filter is not an object');
    const branches = readObject(reader, [new Map()], [], false);
    const alternatives = branches.map((fields) =>
      [...fields.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    );
    refuseComplexWildcards(reader, alternatives);
    return alternatives;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new InvalidPatternError(error.message, text, error.offsets);
  }
}

/** Reads an object behind its opening brace, adds its fields to each branch, returns the branches. */
function readObject(
  reader: PatternReader,
  before: Fields[],
  path: readonly string[],
  insideOr: boolean,
): Fields[] {
  let branches = before;
  let isEmpty = true;
  for (let token = reader.next(); token !== Token.objectEnd; token = reader.next()) {
    isEmpty = false;
    const { name } = reader;
    if (name === '$or') {
      branches = readOr(reader, branches, path);
      continue;
    }
    if (insideOr && RESERVED_IN_OR.has(name)) {
      reader.refuse(`${name} is Ruler reserved fieldName which cannot be used inside $or.`);
    }
    const value = reader.next();
    if (value === Token.objectStart) {
      branches = readObject(reader, branches, [...path, name], insideOr);
    } else if (value === Token.arrayStart) {
      const leaf = readLeaf(reader, [...path, name].join('.'));
      for (const fields of branches) fields.set(leaf.path, leaf);
    } else {
      reader.refuse(`"${name}" must be an object or an array`);
    }
  }
  if (isEmpty) reader.refuse('Empty objects are not allowed');
  return branches;
}

/** Reads the list of `$or`: each object in it continues a copy of every branch so far. */
function readOr(reader: PatternReader, before: Fields[], path: readonly string[]): Fields[] {
  reader.expect(Token.arrayStart, 'It must be an Array followed with $or.');
  const branches: Fields[] = [];
  let objects = 0;
  for (let token = reader.next(); token !== Token.arrayEnd; token = reader.next()) {
    objects++;
    if (token !== Token.objectStart) {
      reader.refuse('Only JSON object is allowed in array of $or relationship.');
    }
    const copies = before.map((fields) => new Map(fields));
    for (const branch of readObject(reader, copies, path, true)) branches.push(branch);
    if (branches.length > MAX_ALTERNATIVES) {
      reader.refuse(`Rule is too complex - $or gives more than ${MAX_ALTERNATIVES} combinations`);
    }
  }
  if (objects < 2) reader.refuse('There must have at least 2 Objects in $or relationship.');
  return branches;
}

function readLeaf(reader: PatternReader, path: string): Leaf {
  const matchers = parseMatchers(reader);
  const acceptsAbsence = matchers.some((matcher) => matcher.kind === 'absent');
  return { path, matchers, acceptsAbsence };
}

/** Applies the service's limit on wildcards, which it measures field by field. */
function refuseComplexWildcards(reader: PatternReader, alternatives: readonly Alternative[]): void {
  // Alternatives that agree up to a field look at that field's wildcards together.
  const fields = new Map<string, Map<string, readonly Wildcard[]>>();
  const numbers = new Map<Leaf, number>();
  for (const alternative of alternatives) {
    let before = '';
    for (const leaf of alternative) {
      if (!numbers.has(leaf)) numbers.set(leaf, numbers.size);
      const key = `${before} ${leaf.path}`;
      before += ` ${numbers.get(leaf)}`;
      for (const matcher of leaf.matchers) {
        const wildcards = wildcardsOf(matcher);
        if (wildcards.length === 0) continue;
        const patterns = fields.get(key) ?? new Map();
        fields.set(key, patterns.set(JSON.stringify(matcher), wildcards));
      }
      // The service does not look behind a field that can only be absent.
      if (leaf.matchers.every((matcher) => matcher.kind === 'absent')) break;
    }
  }
  for (const patterns of fields.values()) {
    const limit = MAX_COMPLEXITY + 1;
    if (wildcardComplexity([...patterns.values()], limit) >= limit) {
      reader.refuseWithoutPosition(
        'Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character',
      );
    }
  }
}

function wildcardsOf(matcher: ValueMatcher): Wildcard[] {
  const matchers = matcher.kind === 'anything-but' ? matcher.except : [matcher];
  return matchers.flatMap((one) => (one.kind === 'wildcard' ? [one.wildcard] : []));
}
