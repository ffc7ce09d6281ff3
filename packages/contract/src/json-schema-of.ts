import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { JsonSchema } from './json-schema.ts';

/**
 * JSON Schema (draft 2020-12) of the data that a schema publishes, from libraries that
 * offer one through Standard JSON Schema: zod since 4.2, ArkType and others. It speaks of
 * what the schema makes, never of what it takes. Undefined where the library offers none,
 * or cannot express this schema; of a contract, ask for that of its `outputs`.
 */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>;
  try {
    return jsonSchema?.output({ target: 'draft-2020-12' });
  } catch {
    return undefined;
  }
}
