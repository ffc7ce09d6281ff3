import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkMinors } from './check-minors.ts';
import { compareSchemas } from './compare-schemas.ts';
import { defineEvent } from './define-event.ts';
import type { JsonSchema } from './json-schema.ts';
import { jsonSchemaOf } from './json-schema-of.ts';

function changes(older: z.ZodType, newer: z.ZodType): readonly string[] {
  const [was, is] = [jsonSchemaOf(older), jsonSchemaOf(newer)];
  if (was === undefined || is === undefined) return ['unknown'];
  return compareSchemas(was, is).map(({ path, kind, reason }) => `${kind} ${path} ${reason}`);
}

const object = z.object({ id: z.string(), note: z.string().optional() });
interface Tree {
  name: string;
  children: Tree[];
}
const tree: z.ZodType<Tree> = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
});
const bush: z.ZodType<Tree> = z.object({
  name: z.string().min(1),
  get children() {
    return z.array(bush);
  },
});

const base = { source: 'com.acme.orders', detailType: 'OrderPlaced' } as const;

describe('compareSchemas', () => {
  it.each<[string, z.ZodType, z.ZodType]>([
    ['nothing', object, object],
    ['a narrower type', z.union([z.string(), z.number()]), z.string()],
    ['an integer for a number', z.number(), z.int()],
    ['a narrower bound', z.number().min(0), z.number().gt(0).max(9)],
    ['fewer values', z.enum(['a', 'b']), z.enum(['a'])],
    ['a literal for a string', z.string(), z.literal('a')],
    ['anything made something', z.unknown(), object],
    ['a format added', z.string(), z.iso.datetime()],
    ['a kind less', z.union([object, z.string()]), object],
    ['recursion, narrower', tree, bush],
    [
      'a longer tuple where the rest was open',
      z.tuple([z.string()], z.unknown()),
      z.tuple([z.string(), z.number()]),
    ],
    [
      'a record with fewer kinds of values',
      z.record(z.string(), z.unknown()),
      z.record(z.string(), z.string()),
    ],
    [
      'an object for a record',
      z.record(z.string(), z.string().optional()),
      z.strictObject({ a: z.string() }),
    ],
  ])('takes %s for compatible', (_what, older, newer) => {
    expect(changes(older, newer).filter((change) => change.startsWith('breaking'))).toEqual([]);
  });

  it.each<[string, z.ZodType, z.ZodType, string]>([
    ['a property that is gone', object, z.object({ id: z.string() }), 'data.note was removed'],
    [
      'one that may be missing',
      object,
      z.object({ id: z.string().optional(), note: z.string().optional() }),
      'data.id may now be missing',
    ],
    [
      'another type',
      z.object({ a: z.string() }),
      z.object({ a: z.number() }),
      'data.a may now be number',
    ],
    [
      'a wider type',
      z.object({ a: z.string() }),
      z.object({ a: z.string().nullable() }),
      'data.a may now be null',
    ],
    ['a number for an integer', z.int(), z.number(), 'data may now be number'],
    ['something made anything', z.string(), z.unknown(), 'data may now be of any type'],
    [
      'a value more',
      z.enum(['a']),
      z.enum(['a', 'b']),
      'data may now have values that it never had',
    ],
    [
      'a string for a literal',
      z.literal('a'),
      z.string(),
      'data may now have values that it never had',
    ],
    ['a lower minimum', z.number().min(1), z.number().min(0), 'data has a wider minimum'],
    ['an inclusive minimum', z.number().gt(0), z.number().min(0), 'data has a wider minimum'],
    ['a higher maximum', z.number().max(1), z.number(), 'data has a wider maximum'],
    ['a shorter string', z.string().min(2), z.string().min(1), 'data has a wider minLength'],
    [
      'a longer list',
      z.array(z.string()).max(2),
      z.array(z.string()).max(3),
      'data has a wider maxItems',
    ],
    ['another pattern', z.string().regex(/a/), z.string().regex(/b/), 'data changed its pattern'],
    [
      'items of another type',
      z.array(z.object({ sku: z.string() })),
      z.array(z.object({ sku: z.int() })),
      'data[].sku may now be integer',
    ],
    [
      'a kind more',
      z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]),
      z.union([z.object({ a: z.string() }), z.object({ c: z.string() })]),
      'data may now be of a new kind',
    ],
    ['recursion, wider', bush, tree, 'data.name has a wider minLength'],
    [
      'a tuple item of another type',
      z.tuple([z.string()]),
      z.tuple([z.number()]),
      'data[0] may now be number',
    ],
    [
      'values of a record',
      z.record(z.string(), z.string()),
      z.record(z.string(), z.number()),
      'data.* may now be number',
    ],
  ])('tells %s', (_what, older, newer, change) => {
    expect(changes(older, newer)).toContain(`breaking ${change}`);
  });

  it('tells what was added', () => {
    const newer = z.object({ id: z.string(), note: z.string(), coupon: z.string().optional() });
    expect(changes(object, newer)).toEqual([
      'additive data.note is now always there',
      'additive data.coupon was added',
    ]);
  });

  it('reads drafts before 2020-12, and OpenAPI', () => {
    const older: JsonSchema = {
      definitions: { 'a/b': { type: 'string', nullable: true } },
      allOf: [
        { type: 'object', required: ['a'] },
        { properties: { a: { $ref: '#/definitions/a~1b' } } },
      ],
      properties: { n: { type: 'number', minimum: 0, exclusiveMinimum: true } },
    };
    const newer: JsonSchema = {
      type: 'object',
      required: ['a'],
      properties: { a: { type: ['string', 'null'] }, n: { type: 'integer', minimum: 0 } },
    };
    expect(compareSchemas(older, older)).toEqual([]);
    expect(compareSchemas(older, newer)).toEqual([
      { path: 'data.n', kind: 'breaking', reason: 'has a wider minimum' },
    ]);
  });
});

describe('jsonSchemaOf', () => {
  it('is what is published: defaults are filled in', () => {
    const schema = z.object({ a: z.string().default('x') });
    expect(jsonSchemaOf(schema)).toMatchObject({ required: ['a'] });
  });

  it('is never what is taken', () => {
    const schema = z.string().transform(Number);
    expect(jsonSchemaOf(schema)).toBeUndefined();
    expect(jsonSchemaOf(schema.pipe(z.number()))).toMatchObject({ type: 'number' });
    const OrderPlaced = defineEvent({ ...base, version: '1.0', data: schema, read: z.int() });
    expect(jsonSchemaOf(OrderPlaced.outputs['1.0'])).toMatchObject({ type: 'integer' });
    const OrderPaid = defineEvent({
      ...base,
      version: '1.0',
      data: z.object({ total: z.string().trim().pipe(z.coerce.number()) }),
    });
    expect(jsonSchemaOf(OrderPaid.outputs['1.0'])).toMatchObject({
      properties: { total: { type: 'number' } },
    });
  });

  it('is nothing where the library cannot say', () => {
    expect(jsonSchemaOf(z.date())).toBeUndefined();
    expect(jsonSchemaOf(v.string())).toBeUndefined();
  });
});

describe('checkMinors', () => {
  it('takes minors that add, and majors that break', () => {
    const contract = defineEvent({
      ...base,
      versions: {
        '2.0': z.object({ total: z.int() }),
        '1.10': object.extend({ coupon: z.string(), total: z.int() }),
        '1.9': object.extend({ coupon: z.string() }),
        '1.0': object,
      },
    });
    expect(checkMinors(contract)).toEqual([]);
  });

  it('refuses a minor that breaks, also where the types do not tell', () => {
    const contract = defineEvent({
      ...base,
      versions: { '1.0': z.object({ a: z.string().min(2) }), '1.1': z.object({ a: z.string() }) },
    });
    expect(() => checkMinors(contract)).toThrow(
      'OrderPlaced 1.1 breaks readers of 1.0 (data.a has a wider minLength): make it a new major',
    );
  });

  it('says what it could not compare', () => {
    const contract = defineEvent({
      ...base,
      versions: { '1.0': v.object({ a: v.string() }), '1.1': v.object({ a: v.string() }) },
    });
    expect(checkMinors(contract)).toEqual([['1.0', '1.1']]);
  });
});
