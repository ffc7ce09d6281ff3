import {
  alternativesOf,
  flatten,
  follow,
  isSame,
  isSchema,
  type JsonSchema,
  listOf,
  membersOf,
  nothing,
  typeOf,
  typesOf,
  valuesOf,
} from './json-schema.ts';

/** One difference between two schemas. */
export interface SchemaChange {
  /** Where: `data.items[].sku`. */
  readonly path: string;
  /** Breaking: an event of the newer schema may not be one of the older. */
  readonly kind: 'additive' | 'breaking';
  /** What happened there: `was removed`. */
  readonly reason: string;
}

interface Comparison {
  readonly roots: { readonly older: JsonSchema; readonly newer: JsonSchema };
  readonly changes: SchemaChange[];
  /** Pairs that are being compared: a recursive schema meets them again. */
  readonly open: Map<JsonSchema, Set<JsonSchema>>;
}

const lowerLimits = ['minLength', 'minItems', 'minProperties'];
const upperLimits = ['maxLength', 'maxItems', 'maxProperties'];
/** Promises that cannot be weighed: what the older makes, the newer must make to the letter. */
const promises = [
  'format',
  'pattern',
  'multipleOf',
  'uniqueItems',
  'contentEncoding',
  'propertyNames',
  'patternProperties',
  'contains',
  'not',
  'if',
];

/** What `propertyNames` says of a record of any keys. */
const anyKey: JsonSchema = { type: 'string' };

/** The tightest bound as `[value, exclusive]`; `sign` -1 turns upper bounds into lower ones. */
function boundOf(schema: JsonSchema, plain: string, exclusive: string, sign: 1 | -1): number[] {
  const strict = schema[exclusive];
  const bounds: number[][] = [[Number.NEGATIVE_INFINITY, 0]];
  if (typeof schema[plain] === 'number') {
    bounds.push([sign * (schema[plain] as number), strict === true ? 1 : 0]);
  }
  if (typeof strict === 'number') bounds.push([sign * strict, 1]);
  return bounds.reduce((most, next) =>
    (next[0] ?? 0) > (most[0] ?? 0) || (next[0] === most[0] && next[1] === 1) ? next : most,
  );
}

function compareBounds(
  older: JsonSchema,
  newer: JsonSchema,
  broken: (reason: string) => void,
): void {
  for (const [plain, exclusive, sign] of [
    ['minimum', 'exclusiveMinimum', 1],
    ['maximum', 'exclusiveMaximum', -1],
  ] as const) {
    const [was = 0, wasStrict = 0] = boundOf(older, plain, exclusive, sign);
    const [is = 0, isStrict = 0] = boundOf(newer, plain, exclusive, sign);
    if (is < was || (is === was && isStrict < wasStrict)) broken(`has a wider ${plain}`);
  }
  for (const limit of lowerLimits) {
    if (Number(newer[limit] ?? 0) < Number(older[limit] ?? 0)) broken(`has a wider ${limit}`);
  }
  for (const limit of upperLimits) {
    const was = Number(older[limit] ?? Number.POSITIVE_INFINITY);
    if (Number(newer[limit] ?? Number.POSITIVE_INFINITY) > was) broken(`has a wider ${limit}`);
  }
}

function compareObjects(
  older: JsonSchema,
  newer: JsonSchema,
  path: string,
  comparison: Comparison,
): void {
  const was = membersOf(older.properties);
  const is = membersOf(newer.properties);
  const note = (key: string, kind: SchemaChange['kind'], reason: string): void => {
    comparison.changes.push({ path: `${path}.${key}`, kind, reason });
  };
  for (const key of Object.keys(was)) {
    if (!Object.hasOwn(is, key)) {
      if (isSchema(newer.additionalProperties)) {
        compare(was[key], newer.additionalProperties, `${path}.${key}`, comparison);
      } else note(key, 'breaking', 'was removed');
      continue;
    }
    const [mustBe, must] = [older, newer].map(({ required }) => listOf(required).includes(key));
    if (mustBe && !must) note(key, 'breaking', 'may now be missing');
    if (!mustBe && must) note(key, 'additive', 'is now always there');
    compare(was[key], is[key], `${path}.${key}`, comparison);
  }
  const rest = older.additionalProperties;
  for (const key of Object.keys(is)) {
    if (Object.hasOwn(was, key)) continue;
    if (isSchema(rest)) compare(rest, is[key], `${path}.${key}`, comparison);
    else note(key, 'additive', 'was added');
  }
  // A closed older schema is read as an open one: readers ignore what they do not know.
  if (isSchema(rest) && newer.additionalProperties !== false) {
    compare(rest, newer.additionalProperties ?? true, `${path}.*`, comparison);
  }
}

function compareArrays(
  older: JsonSchema,
  newer: JsonSchema,
  path: string,
  comparison: Comparison,
): void {
  const [was, is] = [listOf(older.prefixItems), listOf(newer.prefixItems)];
  for (let index = 0; index < Math.max(was.length, is.length); index += 1) {
    const [before, after] = [was[index] ?? older.items, is[index] ?? newer.items];
    compare(before, after, `${path}[${index}]`, comparison);
  }
  if (newer.items !== false) compare(older.items, newer.items, `${path}[]`, comparison);
}

function compareOne(
  older: JsonSchema,
  newer: JsonSchema,
  path: string,
  comparison: Comparison,
): void {
  const broken = (reason: string): void => {
    comparison.changes.push({ path, kind: 'breaking', reason });
  };
  const types = typesOf(older);
  const newValues = valuesOf(newer);
  const newTypes = typesOf(newer) ?? newValues?.map(typeOf) ?? ['of any type'];
  const wider = newTypes.filter(
    (type) => !types?.includes(type) && !(type === 'integer' && types?.includes('number')),
  );
  if (types !== undefined && wider.length > 0) {
    broken(`may now be ${wider.join(' or ')}`);
    return;
  }
  const values = valuesOf(older);
  const isKnown = (value: unknown): boolean =>
    values?.some((known) => isSame(known, value)) === true;
  if (values !== undefined && newValues?.every(isKnown) !== true) {
    broken('may now have values that it never had');
  }
  for (const promise of promises) {
    const was = older[promise];
    if (was === undefined || isSame(was, newer[promise]) || isSame(was, anyKey)) continue;
    broken(`changed its ${promise}`);
  }
  compareBounds(older, newer, broken);
  if (types?.includes('object') === true || 'properties' in older) {
    compareObjects(older, newer, path, comparison);
  }
  if ('items' in older || 'prefixItems' in older) compareArrays(older, newer, path, comparison);
}

function compare(was: unknown, is: unknown, path: string, comparison: Comparison): void {
  const { roots, open } = comparison;
  const [olderNode, newerNode] = [follow(was, roots.older), follow(is, roots.newer)];
  const met = open.get(olderNode) ?? new Set();
  if (newerNode === nothing || met.has(newerNode)) return;
  open.set(olderNode, met.add(newerNode));
  const older = flatten(olderNode, roots.older);
  const newer = flatten(newerNode, roots.newer);

  const added = alternativesOf(newer);
  const known = alternativesOf(older);
  if (added !== undefined) {
    for (const alternative of added) compare(older, alternative, path, comparison);
  } else if (known !== undefined) {
    const fits = known.some((alternative) => {
      const assumed = new Map([...open].map(([node, nodes]) => [node, new Set(nodes)]));
      const trial: Comparison = { roots, changes: [], open: assumed };
      compare(alternative, newer, path, trial);
      return trial.changes.every(({ kind }) => kind === 'additive');
    });
    if (!fits)
      comparison.changes.push({ path, kind: 'breaking', reason: 'may now be of a new kind' });
  } else {
    compareOne(older, newer, path, comparison);
  }
}

/**
 * Tells what happened between two schemas of one event. Breaking is what a reader of the
 * older schema cannot take: a property that is gone or no longer always there, a type, a
 * value or a bound that is wider. An added property is additive, because readers ignore
 * what they do not know; so is whatever makes the older schema's promises narrower.
 * Where two promises cannot be weighed (`pattern`, `format`), a difference is breaking.
 */
export function compareSchemas(older: JsonSchema, newer: JsonSchema): readonly SchemaChange[] {
  const comparison: Comparison = { roots: { older, newer }, changes: [], open: new Map() };
  compare(older, newer, 'data', comparison);
  return comparison.changes;
}
