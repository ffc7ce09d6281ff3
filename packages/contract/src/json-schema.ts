/** A JSON Schema, of draft 4 to 2020-12, or OpenAPI 3's dialect of it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const anything: JsonSchema = {};
/** What no value satisfies. */
export const nothing: JsonSchema = { not: {} };

export function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are equal, whatever the order of their members. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || !left || !right) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    const [one, other] = [(left as JsonSchema)[key], (right as JsonSchema)[key]];
    // Names such as `constructor` are there without being members.
    if (one !== other && !(Object.hasOwn(right, key) && isSame(one, other))) return false;
  }
  return true;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function membersOf(value: unknown): Record<string, unknown> {
  return isSchema(value) ? value : {};
}

/** Follows references to the schema itself, the same object each time. */
export function follow(schema: unknown, root: JsonSchema): JsonSchema {
  if (!isSchema(schema)) return schema === false ? nothing : anything;
  if (typeof schema.$ref !== 'string') return schema;
  let target: unknown = root;
  for (const key of schema.$ref.split('/').slice(1)) {
    target = membersOf(target)[key.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return target === schema ? anything : follow(target, root);
}

/** Lays the parts of an `allOf` over one another. */
export function flatten({ allOf, ...whole }: JsonSchema, root: JsonSchema): JsonSchema {
  if (allOf === undefined) return whole;
  const parts = [whole, ...listOf(allOf).map((part) => flatten(follow(part, root), root))];
  const properties = Object.assign({}, ...parts.map((part) => membersOf(part.properties)));
  const required = parts.flatMap((part) => listOf(part.required));
  return Object.assign({}, ...parts, { properties, required });
}

/** What a schema lets a value be one of. */
export function alternativesOf(schema: JsonSchema): readonly unknown[] | undefined {
  const alternatives = schema.anyOf ?? schema.oneOf;
  return Array.isArray(alternatives) ? alternatives : undefined;
}

/** Types that a schema takes; undefined for any. OpenAPI writes null as `nullable`. */
export function typesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if (schema.type === undefined) return undefined;
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return schema.nullable === true ? [...types, 'null'] : types;
}

/** Type of a value, as a schema would name it. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Number.isInteger(value)) return 'integer';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** The values that a schema lists; undefined for one that lists none. */
export function valuesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}
