import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import * as mini from 'zod/mini';
import { z as z3 } from 'zod/v3';
import { ContractError } from './contract-error.ts';
import { defineEvent } from './define-event.ts';

/**
 * What becomes of events: they are `read back` as they were published; or they are `never
 * made`, for what the schema makes is no JSON or nothing that it reads back; or the contract
 * is `refused` when it is defined.
 */
type Outcome = 'read back' | 'never made' | 'refused';
type Kind = readonly [what: string, outcome: Outcome, schema: StandardSchemaV1, samples: unknown[]];

const day = new Date(0);
const toNumber = (text: string): number => Number(text);
const numberInText = z.codec(z.string(), z.number(), { decode: toNumber, encode: String });
const Tree: z.ZodType = z.object({
  name: z.string().trim(),
  get children() {
    return z.array(Tree);
  },
  parent: z.lazy(() => Tree).optional(),
});
const tree = { name: ' a', children: [{ name: 'b ', children: [] }] };
const loose3 = z3.object({ a: z3.string() }).passthrough();

const zod4: readonly Kind[] = [
  ['text', 'read back', z.string(), ['a']],
  ['a format', 'read back', z.email(), ['a@example.com']],
  ['a URL, which is trimmed', 'read back', z.url({ normalize: true }), [' HTTP://a.example ']],
  ['a number', 'read back', z.number(), [1, -0, 1.5]],
  ['null, undefined and void', 'read back', z.union([z.null(), z.undefined(), z.void()]), [null]],
  ['anything', 'read back', z.unknown(), [{ a: [1] }, 'x']],
  ['JSON', 'read back', z.json(), [{ a: [1, null] }]],
  ['an enum', 'read back', z.enum(['a', 'b']), ['a']],
  ['literals', 'read back', z.literal(['a', 1, null, true]), ['a', 1, null, true]],
  ['a template', 'read back', z.templateLiteral(['a-', z.number()]), ['a-1']],
  ['an array', 'read back', z.array(z.int()), [[1, 2]]],
  ['a tuple', 'read back', z.tuple([z.string()], z.number()), [['a', 1]]],
  ['an object', 'read back', z.object({ a: z.string() }), [{ a: 'x', b: 1 }]],
  ['a strict object', 'read back', z.strictObject({ a: z.string() }), [{ a: 'x' }]],
  ['a loose object', 'read back', z.looseObject({ a: z.string() }), [{ a: 'x', b: [1] }]],
  ['a catch-all', 'read back', z.object({}).catchall(z.coerce.number()), [{ a: '1' }]],
  ['a record', 'read back', z.record(z.string(), z.number()), [{ a: 1, constructor: 2 }]],
  ['a record of trimmed keys', 'read back', z.record(z.string().trim(), z.any()), [{ ' a': 1 }]],
  ['a partial record', 'read back', z.partialRecord(z.enum(['a', 'b']), z.any()), [{ a: 1 }]],
  ['optional members', 'read back', z.object({ a: z.string().optional() }), [{ a: undefined }, {}]],
  ['nullable', 'read back', z.string().nullish(), [null]],
  ['a default', 'read back', z.object({ a: z.string().default('x') }), [{}, { a: 'y' }]],
  ['a prefault', 'read back', z.object({ a: z.string().trim().prefault(' x') }), [{}]],
  [
    'a default that is made anew',
    'read back',
    z.object({ a: z.number().default(Math.random) }),
    [{}],
  ],
  ['a catch', 'read back', z.object({ a: z.number().catch(7) }), [{ a: 'x' }]],
  ['a brand', 'read back', z.string().brand('Id'), ['a']],
  ['read-only', 'read back', z.object({ a: z.array(z.string()) }).readonly(), [{ a: ['x'] }]],
  ['a union', 'read back', z.union([z.string(), z.object({ a: z.number() })]), [{ a: 1, b: 2 }]],
  [
    'a union whose alternatives take what others make',
    'read back',
    z.union([
      z.strictObject({ a: z.string(), b: z.number().default(1) }),
      z.object({ a: z.string() }),
    ]),
    [{ a: 'x' }, { a: 'x', c: 1 }],
  ],
  [
    'a discriminated union with what changes',
    'read back',
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('a'), n: numberInText }),
      z.object({ kind: z.literal('b'), text: z.string().trim() }),
    ]),
    [
      { kind: 'a', n: '1' },
      { kind: 'b', text: ' x ' },
    ],
  ],
  [
    'an intersection',
    'read back',
    z.intersection(z.object({ a: z.coerce.number() }), z.object({ b: z.string() })),
    [{ a: '1', b: 'x' }],
  ],
  ['recursion', 'read back', Tree, [tree, { ...tree, parent: tree }]],
  ['trimmed text', 'read back', z.string().trim().toLowerCase(), [' A ']],
  ['bounds before a trim', 'read back', z.string().min(5).trim(), ['  a  ']],
  ['a value that is overwritten', 'read back', z.number().overwrite((n) => n * 100), [1.5]],
  [
    'a check that writes',
    'read back',
    z.number().check((c) => {
      c.value = c.value * 2;
    }),
    [0, 1],
  ],
  ['a number in text, coerced', 'read back', z.coerce.number(), ['1', true]],
  ['a codec', 'read back', numberInText, ['1.50']],
  ['a codec with checks', 'read back', numberInText.refine((n) => n < 5), ['1.50']],
  ['truth in text', 'read back', z.stringbool(), ['yes', 'no']],
  ['a pipe of plain parts', 'read back', z.string().pipe(z.string().max(3)), ['abc']],
  [
    'a transform into a schema',
    'read back',
    z.string().transform(toNumber).pipe(z.number()),
    ['1'],
  ],
  ['preprocess', 'read back', z.preprocess((n) => Number(n) * 100, z.number()), ['1.5', 1.5]],
  ['a refinement', 'read back', z.string().refine((text) => text !== 'b'), ['a']],
  ['a superRefine', 'read back', z.string().superRefine(() => undefined), ['a']],
  ['a custom schema', 'read back', z.custom((value) => value !== 1), ['a']],
  [
    'sets, maps, dates, bigints',
    'never made',
    z.union([z.set(z.any()), z.map(z.any(), z.any()), z.date(), z.bigint()]),
    [new Set([1]), new Map(), day, 1n],
  ],
  [
    'a codec into a Date',
    'never made',
    z.codec(z.string(), z.date(), { decode: (text) => new Date(text), encode: String }),
    ['2026'],
  ],
  [
    'words of its own language',
    'read back',
    z.object({
      type: z.literal('transform'),
      transform: z.string(),
      kind: z.string().default('transformation'),
      morphs: z.array(z.string()),
    }),
    [{ type: 'transform', transform: 'a', morphs: ['b'] }],
  ],
  ['a transform', 'refused', z.number().transform((n) => n * 100), [1.5]],
  ['a transform of another type', 'refused', z.string().transform(toNumber), ['1']],
  ['a lazy transform', 'refused', z.lazy(() => z.string().transform(toNumber)), ['1']],
  [
    'a set made into an array',
    'refused',
    z.set(z.string()).transform((set) => [...set]),
    [new Set(['a'])],
  ],
];

const zodMini: readonly Kind[] = [
  ['an object', 'read back', mini.object({ a: mini.optional(mini.string()) }), [{ a: 'x' }]],
  ['a default', 'read back', mini.object({ a: mini._default(mini.string(), 'x') }), [{}]],
  ['a catch', 'read back', mini.catch(mini.number(), 7), ['x']],
  ['trimmed text', 'read back', mini.string().check(mini.minLength(3), mini.trim()), [' a ']],
  [
    'a codec',
    'read back',
    mini.codec(mini.string(), mini.number(), { decode: toNumber, encode: String }),
    ['1'],
  ],
  ['a coercion', 'read back', mini.coerce.number(), ['1']],
  [
    'a pipe with an output',
    'read back',
    mini.pipe(mini.pipe(mini.string(), mini.transform(toNumber)), mini.number()),
    ['1'],
  ],
  ['a transform', 'refused', mini.pipe(mini.string(), mini.transform(toNumber)), ['1']],
];

const zod3: readonly Kind[] = [
  ['text', 'read back', z3.string().min(1).email().optional(), ['a@example.com']],
  ['trimmed text', 'read back', z3.string().trim(), [' a']],
  ['bounds before a trim', 'read back', z3.string().min(3).trim(), [' a ', 'abc']],
  ['a coercion', 'read back', z3.coerce.number(), ['1']],
  ['an object', 'read back', z3.object({ a: z3.string() }), [{ a: 'x', b: 1 }]],
  ['a strict object', 'read back', z3.object({ a: z3.string() }).strict(), [{ a: 'x' }]],
  ['a loose object', 'read back', loose3, [{ a: 'x', b: 1 }]],
  ['a record', 'read back', z3.record(z3.number()), [{ a: 1 }]],
  ['a default', 'read back', z3.object({ a: z3.string().default('x') }), [{}]],
  ['a catch', 'read back', z3.number().catch(7), ['x']],
  ['a brand', 'read back', z3.string().brand('Id').readonly(), ['x']],
  ['a union', 'read back', z3.union([z3.string(), z3.array(z3.number())]), [[1]]],
  [
    'a discriminated union',
    'read back',
    z3.discriminatedUnion('k', [
      z3.object({ k: z3.literal('a') }),
      z3.object({ k: z3.literal('b') }),
    ]),
    [{ k: 'a' }],
  ],
  [
    'an intersection',
    'read back',
    z3.intersection(z3.object({ a: z3.string() }), loose3),
    [{ a: 'x' }],
  ],
  ['an enum and a literal', 'read back', z3.enum(['a', 'b']).or(z3.literal(1)), ['a', 1]],
  ['something lazy', 'read back', z3.lazy(() => z3.tuple([z3.string()])), [['a']]],
  ['a pipeline', 'read back', z3.string().pipe(z3.string().max(3)), ['abc']],
  ['a refinement', 'read back', z3.string().refine((text) => text !== 'b'), ['a']],
  ['a set and a Date', 'never made', z3.set(z3.string()).or(z3.date()), [new Set(), day]],
  ['a transform', 'refused', z3.number().transform((n) => n * 100), [1.5]],
  ['preprocess', 'refused', z3.preprocess((n) => Number(n) * 100, z3.number()), ['1.5']],
  ['a lazy transform', 'refused', z3.lazy(() => z3.string().transform(toNumber)), ['1']],
];

const valibot: readonly Kind[] = [
  ['text', 'read back', v.pipe(v.string(), v.minLength(1), v.email()), ['a@example.com']],
  [
    'trimmed text',
    'read back',
    v.pipe(v.string(), v.trim(), v.toLowerCase(), v.minLength(1)),
    [' A'],
  ],
  [
    'bounds before a trim',
    'read back',
    v.pipe(v.string(), v.minLength(3), v.trim()),
    [' a ', 'abc'],
  ],
  ['a brand', 'read back', v.pipe(v.string(), v.brand('Id'), v.readonly()), ['a']],
  ['an object', 'read back', v.object({ a: v.optional(v.string(), 'x') }), [{}, { a: 'y', b: 1 }]],
  ['a strict object', 'read back', v.strictObject({ a: v.nullish(v.string()) }), [{}, { a: null }]],
  ['a loose object', 'read back', v.looseObject({ a: v.string() }), [{ a: 'x', b: 1 }]],
  [
    'members that must be there, undefined too',
    'read back',
    v.object({ a: v.undefinedable(v.string()) }),
    [{ a: undefined }, { a: 'x' }],
  ],
  ['a record', 'read back', v.record(v.string(), v.number()), [{ a: 1 }]],
  ['a fallback', 'read back', v.fallback(v.number(), 7), ['x']],
  [
    'a variant',
    'read back',
    v.variant('k', [v.object({ k: v.literal('a') }), v.object({ k: v.literal('b') })]),
    [{ k: 'a' }],
  ],
  ['a union', 'read back', v.union([v.string(), v.array(v.number())]), [[1]]],
  [
    'an intersection',
    'read back',
    v.intersect([v.object({ a: v.string() }), v.object({ b: v.string() })]),
    [{ a: 'x', b: 'y' }],
  ],
  [
    'a picklist and an enum',
    'read back',
    v.union([v.picklist(['a', 'b']), v.enum({ X: 'x' })]),
    ['a', 'x'],
  ],
  ['a tuple', 'read back', v.tupleWithRest([v.string()], v.number()), [['a', 1]]],
  ['something lazy', 'read back', v.lazy(() => v.string()), ['a']],
  [
    'a check',
    'read back',
    v.pipe(
      v.string(),
      v.check((text) => text !== 'b'),
    ),
    ['a'],
  ],
  ['sorted items', 'read back', v.pipe(v.array(v.number()), v.sortItems()), [[2, 1]]],
  ['a set and a Date', 'never made', v.union([v.set(v.string()), v.date()]), [new Set(), day]],
  [
    'words of its own language',
    'read back',
    v.object({ kind: v.optional(v.string(), 'transformation'), type: v.literal('transform') }),
    [{ type: 'transform' }],
  ],
  [
    'a transform',
    'refused',
    v.pipe(
      v.number(),
      v.transform((n) => n * 100),
    ),
    [1.5],
  ],
  [
    'a raw transform',
    'refused',
    v.pipe(
      v.number(),
      v.rawTransform(({ dataset }) => dataset.value * 2),
    ),
    [1.5],
  ],
  ['a number in text', 'refused', v.pipe(v.string(), v.toNumber()), ['1']],
  ['text of a number', 'refused', v.pipe(v.number(), v.toString()), [1]],
  ['parsed JSON', 'refused', v.pipe(v.string(), v.parseJson()), ['{}']],
  ['JSON text', 'refused', v.pipe(v.any(), v.stringifyJson()), [{}]],
  [
    'mapped items',
    'refused',
    v.pipe(
      v.array(v.number()),
      v.mapItems((n) => n * 2),
    ),
    [[1]],
  ],
  ['a lazy transform', 'refused', v.lazy(() => v.pipe(v.string(), v.transform(toNumber))), ['1']],
];

const arkType: readonly Kind[] = [
  ['text', 'read back', type('string.email'), ['a@example.com']],
  ['an object', 'read back', type({ a: 'string', 'b?': 'number' }), [{ a: 'x', c: 1 }]],
  ['a strict object', 'read back', type({ a: 'string', '+': 'reject' }), [{ a: 'x' }]],
  [
    'an object that drops keys',
    'read back',
    type({ a: 'string', '+': 'delete' }),
    [{ a: 'x', c: 1 }],
  ],
  ['a default', 'read back', type({ a: 'string = "x"' }), [{}]],
  ['a record', 'read back', type({ '[string]': 'number' }), [{ a: 1 }]],
  ['a union', 'read back', type('string | number[]'), ['a', [1]]],
  ['a discriminated union', 'read back', type({ k: "'a'" }).or({ k: "'b'" }), [{ k: 'a' }]],
  ['undefined', 'read back', type({ a: 'string | undefined' }), [{ a: undefined }, { a: 'x' }]],
  ['a brand', 'read back', type('string#id'), ['a']],
  ['a narrowed value', 'read back', type('string').narrow((text) => text !== 'b'), ['a']],
  ['trimmed text', 'read back', type('string.trim'), [' a']],
  ['a number in text', 'read back', type({ a: 'string.numeric.parse' }), [{ a: '1.5' }]],
  ['parsed JSON', 'read back', type('string.json.parse'), ['{"a":[1]}']],
  [
    'a morph with its output',
    'read back',
    type('string')
      .pipe((text) => text.length)
      .to('number'),
    ['abc'],
  ],
  ['a Date', 'never made', type('Date'), [day]],
  [
    'recursion',
    'read back',
    type.module({ tree: { name: 'string.lower', 'children?': 'tree[]' } }).tree,
    [{ name: 'A', children: [{ name: 'B' }] }],
  ],
  [
    'words of its own language',
    'read back',
    type({ morphs: 'string[]', kind: "'transformation'" }),
    [{ morphs: ['a'], kind: 'transformation' }],
  ],
  ['a morph', 'refused', type('number').pipe((n) => n * 100), [1.5]],
  ['a morph in a union', 'refused', type('boolean').or(type('string').pipe(toNumber)), ['1']],
];

function contractOf(data: StandardSchemaV1) {
  return defineEvent({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    version: '1.0',
    data,
    idempotencyKey: () => 'key',
  });
}
type Contract = ReturnType<typeof contractOf>;

function refusal(run: () => unknown): ContractError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ContractError) return error;
    throw error;
  }
  return undefined;
}

/** Whether the contract takes the value; what it takes must come back through JSON text. */
function isReadBack(contract: Contract, value: unknown): boolean {
  let event: ReturnType<Contract['create']> | undefined;
  if (
    refusal(() => {
      event = contract.create(value);
    }) !== undefined
  )
    return false;
  const text = JSON.stringify(event);
  expect(contract.parse(text)).toEqual(JSON.parse(text));
  expect(contract.parse(event)).toEqual(event);
  return true;
}

interface Vendor {
  readonly kinds: readonly Kind[];
  /** A schema that holds the one given, which wraps its values alike. */
  readonly member: (schema: never) => StandardSchemaV1;
  readonly item: (schema: never) => StandardSchemaV1;
}
const vendors: Readonly<Record<string, Vendor>> = {
  'zod 4': {
    kinds: zod4,
    member: (s: z.ZodType) => z.object({ x: s }),
    item: (s: z.ZodType) => z.array(z.nullable(s)),
  },
  'zod/mini': {
    kinds: zodMini,
    member: (s: mini.ZodMiniType) => mini.object({ x: s }),
    item: (s: mini.ZodMiniType) => mini.array(s),
  },
  'zod 3': {
    kinds: zod3,
    member: (s: z3.ZodTypeAny) => z3.object({ x: s }),
    item: (s: z3.ZodTypeAny) => z3.array(s.nullable()),
  },
  Valibot: {
    kinds: valibot,
    member: (s: v.GenericSchema) => v.object({ x: s }),
    item: (s: v.GenericSchema) => v.array(v.nullable(s)),
  },
  ArkType: {
    kinds: arkType,
    member: (s: never) => type({ x: s }),
    item: (s: never) => (type as (...parts: unknown[]) => StandardSchemaV1)(s, '[]'),
  },
};

describe.each(Object.entries(vendors))('%s', (_vendor, { kinds, member, item }) => {
  test.each(kinds)('%s is %s', (_what, outcome, schema, samples) => {
    const forms = [
      [schema, (value: unknown) => value],
      [member(schema as never), (value: unknown) => ({ x: value })],
      [item(schema as never), (value: unknown) => [value, value]],
    ] as const;
    for (const [form, wrap] of forms) {
      if (outcome === 'refused') {
        expect(refusal(() => contractOf(form))?.message).toMatch(
          /^the schema of OrderPlaced turns its values into others, .*: add read, /,
        );
        continue;
      }
      const contract = contractOf(form);
      const made = samples.filter((sample) => isReadBack(contract, wrap(sample)));
      expect(made.length > 0).toBe(outcome === 'read back');
      const values = fc.oneof(fc.constantFrom(...samples), fc.jsonValue({ maxDepth: 2 }));
      fc.assert(
        fc.property(values, (value) => void isReadBack(contract, wrap(value))),
        { numRuns: 20 },
      );
    }
  });
});
