import type { StandardSchemaV1 } from '@standard-schema/spec';
import { partsOf, type SchemaPart } from './schema-parts.ts';

/** Valibot's transformations whose results are not what their schema takes. */
const converting = /^(?:raw_)?transform|^(?:parse|string|find|map|reduce|to_(?:n|s?t?r|bo|big|d))/;

/** Whether a part makes something else of a value. */
function isChange({ transform, tx, kind, type, morphs }: SchemaPart): boolean {
  return (
    // zod: a transform, codec or preprocess, and what overwrites a value, as trim does.
    typeof transform === 'function' ||
    typeof tx === 'function' ||
    (kind === 'transformation' && converting.test(String(type))) ||
    Array.isArray(morphs)
  );
}

/** Whether ArkType knows nothing of what a part makes. */
function isUntyped({ morphs, declaredOut }: SchemaPart): boolean {
  return Array.isArray(morphs) && declaredOut === undefined && typeof morphs.at(-1) === 'string';
}

/** A schema of zod 4 or zod/mini, as their core documents it for libraries. */
interface ZodSchema extends StandardSchemaV1 {
  readonly _zod: {
    readonly def: SchemaPart & { readonly checks?: readonly ZodSchema[] };
    readonly constr: new (def: object) => ZodSchema;
  };
}

function isZod(value: unknown): value is ZodSchema {
  return Object(value)._zod?.constr !== undefined;
}

/** The same kind of schema, with what `change` makes of its definition's members. */
function remade(schema: ZodSchema, change: (value: unknown, key: string) => unknown): ZodSchema {
  const { def, constr } = schema._zod;
  const members = Object.getOwnPropertyDescriptors(def);
  for (const [key, member] of Object.entries(members)) {
    // Other getters make defaults, anew each time.
    if (key === 'shape')
      members[key] = { get: () => change(def[key], key), enumerable: true, configurable: true };
    else if (member.get === undefined) member.value = change(member.value, key);
  }
  return new constr(Object.defineProperties({}, members));
}

/** A schema of what a schema makes: the last part of each pipe, and nothing that overwrites. */
function outputOf(schema: ZodSchema, made: Map<ZodSchema, ZodSchema>): ZodSchema {
  const sideOf = (value: unknown): unknown => {
    if (isZod(value)) return outputOf(value, made);
    return Array.isArray(value) ? value.map(sideOf) : value;
  };
  let output = made.get(schema);
  if (output !== undefined) return output;
  const { out, checks: ownChecks = [] } = schema._zod.def;
  if (isZod(out)) {
    output = outputOf(out, made);
    if (ownChecks.length > 0) {
      // The checks of a pipe are of what comes out of it.
      const checks = [...(output._zod.def.checks ?? []), ...ownChecks];
      output = remade(output, (value, key) => (key === 'checks' ? checks : value));
    }
  } else {
    output = remade(schema, (value, key) => {
      switch (key) {
        case 'checks':
          // Those up to the last one that overwrites the value are of what comes in.
          return ownChecks.slice(ownChecks.findLastIndex(({ _zod }) => isChange(_zod.def)) + 1);
        case 'getter':
          return () => sideOf((value as () => unknown)());
        case 'shape':
          return Object.fromEntries(
            Object.entries(value as object).map(([name, member]) => [name, sideOf(member)]),
          );
        default:
          return sideOf(value);
      }
    });
  }
  made.set(schema, output);
  return output;
}

/**
 * The schema that reads back what another makes: itself where it changes nothing, else what
 * its library knows of its output. Undefined where that is nothing.
 */
export function readSchemaOf(schema: StandardSchemaV1): StandardSchemaV1 | undefined {
  const parts = partsOf(schema);
  if (!parts.some(isChange)) return schema;
  try {
    const output = isZod(schema)
      ? outputOf(schema, new Map())
      : (schema as { out?: StandardSchemaV1 }).out;
    const isKnown =
      output !== undefined &&
      ![...parts.filter(isUntyped), ...partsOf(output).filter(isChange)].length;
    return isKnown ? output : undefined;
  } catch {
    return undefined;
  }
}
