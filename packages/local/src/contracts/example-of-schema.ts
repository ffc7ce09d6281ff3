/** The part of JSON Schema (draft 2020-12) that examples are made from. */
interface Schema {
  readonly [keyword: string]: unknown;
}

/** Deeper members of a schema that refers to itself are left out. */
const maxDepth = 8;

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-31T12:00:00Z',
  date: '2026-01-31',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'name@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uuid: '00000000-0000-4000-8000-000000000001',
};

/**
 * A value that a schema describes: an example, default, constant or first choice that it
 * names itself, else the plainest value of its type within its bounds. A `pattern` cannot
 * be met.
 */
export function exampleOfSchema(schema: unknown): unknown {
  return exampleOf(schema, schema, 0);
}

function exampleOf(given: unknown, root: unknown, depth: number): unknown {
  const schema = resolved(given, root);
  if (schema === undefined) return {};
  const { examples, enum: choices, type } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if ('default' in schema) return schema.default;
  if ('const' in schema) return schema.const;
  if (Array.isArray(choices)) return choices[0];
  const [alternative] = (schema.oneOf ?? schema.anyOf ?? []) as readonly unknown[];
  if (alternative !== undefined) return exampleOf(alternative, root, depth);
  switch (Array.isArray(type) ? type[0] : type) {
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return listOf(schema, root, depth);
    default:
      return objectOf(schema, root, depth);
  }
}

/** What a reference leads to, with the parts of `allOf` in one. */
function resolved(given: unknown, root: unknown): Schema | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { $ref: reference, allOf, ...schema } = given as Schema;
  if (typeof reference === 'string') {
    let target: unknown = root;
    for (const name of reference.split('/').slice(1)) {
      const key = decodeURIComponent(name).replaceAll('~1', '/').replaceAll('~0', '~');
      target = (target as Schema | undefined)?.[key];
    }
    return target === given ? undefined : resolved(target, root);
  }
  if (!Array.isArray(allOf)) return schema;
  const parts = allOf.map((part) => resolved(part, root) ?? {});
  const properties = Object.assign(
    {},
    ...[...parts, schema].map((part) => (part.properties as object | undefined) ?? {}),
  );
  return { ...Object.assign({}, ...parts), ...schema, properties };
}

function textOf({ format, minLength, maxLength }: Schema): string {
  const known = typeof format === 'string' ? formats[format] : undefined;
  if (known !== undefined) return known;
  const text = 'example'.padEnd(Number(minLength ?? 0), 'x');
  return text.slice(0, Number(maxLength ?? text.length));
}

function numberOf(schema: Schema): number {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf, type } = schema;
  const step = Number(multipleOf ?? (type === 'integer' ? 1 : 0.5));
  const least = Number(minimum ?? exclusiveMinimum ?? Number.NEGATIVE_INFINITY);
  const most = Number(maximum ?? exclusiveMaximum ?? Number.POSITIVE_INFINITY);
  if (
    least <= 1 &&
    1 <= most &&
    1 % step === 0 &&
    exclusiveMinimum !== 1 &&
    exclusiveMaximum !== 1
  ) {
    return 1;
  }
  const from = Number.isFinite(least) ? Math.ceil(least / step) : Math.floor(most / step);
  const value = from * step;
  if (value === exclusiveMinimum) return value + step;
  return value === exclusiveMaximum ? value - step : value;
}

function listOf({ items, prefixItems, minItems }: Schema, root: unknown, depth: number): unknown[] {
  if (Array.isArray(prefixItems)) {
    return prefixItems.map((item) => exampleOf(item, root, depth + 1));
  }
  if (depth >= maxDepth || items === undefined) return [];
  const count = Math.min(10, Math.max(1, Number(minItems ?? 1)));
  return Array.from({ length: count }, () => exampleOf(items, root, depth + 1));
}

function objectOf(schema: Schema, root: unknown, depth: number): object {
  const { properties = {}, required = [] } = schema;
  const names = Object.entries(properties as object).filter(
    ([name]) => depth < maxDepth || (required as readonly string[]).includes(name),
  );
  // A required member that holds itself has no example.
  if (depth > 2 * maxDepth) return {};
  return Object.fromEntries(names.map(([name, each]) => [name, exampleOf(each, root, depth + 1)]));
}
