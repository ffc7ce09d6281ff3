/** One of the objects that a schema is defined by. */
// biome-ignore lint/suspicious/noExplicitAny: what is in it is anybody's.
export type SchemaPart = Record<string, any>;

// What a schema gives for a value is no part of it; the rest are caches and Standard Schema.
const notWalked = /^(?:default|fallback$|catchValue$|metadata$|bag$|parent$|_cached$|~)/;

function walk(value: unknown, parts: Set<unknown>): void {
  // zod 3 and 4 keep the definition in a member, ArkType as JSON; Valibot's schemas are theirs.
  const { _zod, _def, json } = Object(value);
  const part: unknown = _zod ?? _def ?? (typeof value === 'function' ? json : value);
  if (typeof part !== 'object' || part === null || parts.has(part)) return;
  parts.add(part);
  for (const key of Object.keys(part)) {
    if (notWalked.test(key)) continue;
    const member = (part as SchemaPart)[key];
    // Shapes of zod 3 and what is lazy are known once they are asked for.
    const isLazy = typeof member === 'function' && (key === 'shape' || key === 'getter');
    walk(isLazy ? member() : member, parts);
  }
}

const known = new WeakMap<object, readonly SchemaPart[]>();

/**
 * Every object that a schema of zod, Valibot or ArkType is defined by, of any other library
 * those that it shows. What is lazy may need what its module declares later: then the parts
 * up to there, until it is asked again.
 */
export function partsOf(schema: object): readonly SchemaPart[] {
  const noted = known.get(schema);
  if (noted !== undefined) return noted;
  const parts = new Set<unknown>();
  try {
    walk(schema, parts);
    known.set(schema, [...parts] as SchemaPart[]);
  } catch {
    // The schema itself says what is wrong with it when it is used.
  }
  return [...parts] as SchemaPart[];
}
