/** A JSON Schema, of draft 4 to 2020-12, or OpenAPI 3's dialect of it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

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

const anything: JsonSchema = {};
const nothing: JsonSchema = { not: {} };
/** What `propertyNames` says of a record of any keys. */
const anyKey: JsonSchema = { type: 'string' };

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || !left || !right) return false;
  const keys = Object.keys(left);
  return (
    Array.isArray(left) === Array.isArray(right) &&
    keys.length === Object.keys(right).length &&
    keys.every((key) =>
      isSame((left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]),
    )
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function membersOf(value: unknown): Record<string, unknown> {
  return isSchema(value) ? value : {};
}

/** Follows references to the schema itself, the same object each time. */
function follow(schema: unknown, root: JsonSchema): JsonSchema {
  if (!isSchema(schema)) return schema === false ? nothing : anything;
  if (typeof schema.$ref !== 'string') return schema;
  let target: unknown = root;
  for (const key of schema.$ref.split('/').slice(1)) {
    target = membersOf(target)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return target === schema ? anything : follow(target, root);
}

/** Lays the parts of an `allOf` over one another. */
function flatten({ allOf, ...whole }: JsonSchema, root: JsonSchema): JsonSchema {
  if (allOf === undefined) return whole;
  const parts = [whole, ...listOf(allOf).map((part) => flatten(follow(part, root), root))];
  const properties = Object.assign({}, ...parts.map((part) => membersOf(part.properties)));
  const required = parts.flatMap((part) => listOf(part.required));
  return Object.assign({}, ...parts, { properties, required });
}

function alternativesOf(schema: JsonSchema): readonly unknown[] | undefined {
  const alternatives = schema.anyOf ?? schema.oneOf;
  return Array.isArray(alternatives) ? alternatives : undefined;
}

/** Types that a schema takes; undefined for any. OpenAPI writes null as `nullable`. */
function typesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.type === undefined) return undefined;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return schema.nullable === true ? [...types, 'null'] : types;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

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
