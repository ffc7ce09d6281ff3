import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonSchema } from './json-schema.ts';

/**
 * JSON Schema (draft 2020-12) of the data that a schema publishes, from libraries that
 * offer one through Standard JSON Schema: zod since 4.2, ArkType and others. Undefined
 * where the library offers none, or cannot express this schema.
 */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  if (jsonSchema === undefined) return undefined;
  const options = { target: 'draft-2020-12' };
  try {
    return jsonSchema.output(options);
  } catch {
    // A transform has no schema for what it makes; what it takes is the next best.
  }
  try {
    return jsonSchema.input(options);
  } catch {
    return undefined;
  }
}
