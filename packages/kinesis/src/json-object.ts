/** What JSON calls an object. */
export type JsonObject = { readonly [name: string]: unknown };

/** The value if it is a JSON object. */
export function asObject(value: unknown): JsonObject | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : undefined;
}
