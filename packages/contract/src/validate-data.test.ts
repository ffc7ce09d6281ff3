import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import { ContractError, type ContractIssue } from './contract-error.ts';
import { validateData } from './validate-data.ts';

const rules = { detailType: 'OrderPlaced', exposeValues: false };

function issuesOf(
  schema: StandardSchemaV1,
  data: unknown,
  expose = false,
): readonly ContractIssue[] {
  try {
    validateData({ ...rules, exposeValues: expose }, schema, data);
  } catch (error) {
    expect(error).toBeInstanceOf(ContractError);
    return (error as ContractError).issues;
  }
  return [];
}

/** A schema that finds the one issue given, and declares the words given. */
function finding(issue: object, ...words: string[]): StandardSchemaV1 & { words: string[] } {
  const validate = () => ({ issues: [issue as StandardSchemaV1.Issue] });
  return { '~standard': { version: 1, vendor: 'test', validate }, words };
}

const secret = 'jane@example.com';

describe('validateData', () => {
  it('returns what the schema makes of the data', () => {
    const schema = z.object({ a: z.string().default('x') });
    expect(validateData(rules, schema, { b: 1 })).toEqual({ a: 'x' });
  });

  it('lists every path with what was expected and received, in zod', () => {
    const schema = z.strictObject({
      orderId: z.string(),
      totalCents: z.int().positive(),
      currency: z.enum(['USD', 'CAD']),
      items: z.array(z.object({ sku: z.string().min(3) })),
      placedAt: z.string(),
      contact: z.union([z.object({ email: z.email() }), z.string()]),
    });
    const data = {
      orderId: 7781,
      totalCents: -1,
      currency: secret,
      items: [{ sku: 'abc' }, { sku: null }, { sku: 'a' }],
      contact: { email: 'nobody' },
      coupon: 'x',
    };
    expect(issuesOf(schema, data)).toEqual([
      { path: 'orderId', expected: 'string', received: 'number' },
      { path: 'totalCents', expected: 'number > 0', received: 'number' },
      { path: 'currency', expected: '"USD" or "CAD"', received: 'string' },
      { path: 'items[1].sku', expected: 'string', received: 'null' },
      {
        path: 'items[2].sku',
        expected: 'string of length >= 3',
        received: 'string',
      },
      { path: 'placedAt', expected: 'string', received: 'nothing' },
      { path: 'contact.email', expected: 'format email', received: 'string' },
      { path: '', expected: 'no other members', received: 'object' },
    ]);
  });

  it('lists them in Valibot, whose messages hold values', () => {
    const schema = v.object({ name: v.number(), email: v.pipe(v.string(), v.maxLength(3)) });
    const issues = issuesOf(schema, { name: secret, email: secret });
    expect(issues).toEqual([
      { path: 'name', expected: 'number', received: 'string' },
      { path: 'email', expected: '<=3', received: 'string' },
    ]);
  });

  it('says it in one sentence', () => {
    const schema = z.object({ a: z.string(), b: z.number() });
    expect(() => validateData(rules, schema, { a: 1 })).toThrow(
      'data of OrderPlaced is refused by its schema: data.a: expected string, received number; data.b: expected number, received nothing',
    );
    expect(() => validateData(rules, schema, 7)).toThrow(
      'data of OrderPlaced is refused by its schema: data: expected object, received number',
    );
  });

  it.each([
    ['the value itself', finding({ message: `bad ${secret}`, path: ['a'] }), { a: secret }],
    ['a number', finding({ message: 'was 4711, is too much', path: ['a'] }), { a: 4711 }],
    ['a value inside', finding({ message: `bad ${secret}`, path: [] }), { a: [{ b: secret }] }],
    [
      'an expectation',
      finding({ message: '', expected: `not ${secret}`, path: ['a'] }),
      { a: secret },
    ],
  ])('never repeats what a library says of %s', (_what, schema, data) => {
    expect(issuesOf(schema, data)).toMatchObject([{ expected: 'what its schema takes' }]);
  });

  it('repeats a message that the schema holds, and none that a check made of the data', () => {
    const message = 'must be one of USD, CAD';
    expect(issuesOf(finding({ message }, message), 'US')[0]?.expected).toBe(message);
    const [ours, theirs] = [
      'ends before it starts',
      (value: unknown) => `is not ${value}`,
    ] as const;
    const isNever = () => false;
    const schemas = [
      [
        z.string().refine(isNever, ours),
        z.string().refine(isNever, { error: ({ input }) => theirs(input) }),
      ],
      [
        v.pipe(v.string(), v.check(isNever, ours)),
        v.pipe(
          v.string(),
          v.check(isNever, ({ input }) => theirs(input)),
        ),
      ],
    ] as const;
    for (const [holding, making] of schemas) {
      expect(issuesOf(holding, secret)[0]?.expected).toBe(ours);
      expect(issuesOf(making, secret)[0]?.expected).toBe('what its schema takes');
      expect(issuesOf(making, secret, true)[0]?.expected).toBe(`is not ${secret}`);
    }
  });

  it('reads path segments of either form', () => {
    const path = [{ key: 'items' }, { key: 0 }, 'sku', Symbol('x')];
    const schema = finding({ message: 'm', path }, 'items', 'sku');
    expect(issuesOf(schema, { items: [{}] })[0]?.path).toBe('items[0].sku.*');
    expect(issuesOf(schema, { items: { 0: {} } })[0]?.path).toBe('items.*.sku.*');
    expect(issuesOf(schema, { items: [{}] }, true)[0]?.path).toBe('items[0].sku.Symbol(x)');
  });

  it('lists twenty faults, and how many more there are', () => {
    const schema = z.array(z.string());
    const data = Array.from({ length: 100_000 }, () => 1);
    expect(issuesOf(schema, data)).toHaveLength(100_000);
    expect(() => validateData(rules, schema, data)).toThrow(/data\[19\]: .*; and 99980 more$/);
  });

  it('shows values where the contract says so', () => {
    const schema = z.object({ a: z.number() });
    expect(issuesOf(schema, { a: secret }, true)).toEqual([
      { path: 'a', expected: 'number', received: `string "${secret}"` },
    ]);
    expect(issuesOf(schema, { a: 7n }, true)[0]?.received).toBe('bigint 7');
    expect(issuesOf(schema, {}, true)[0]?.received).toBe('nothing');
  });

  it('takes schemas that are functions', () => {
    const schema = Object.assign(() => undefined, finding({ message: 'm' }));
    expect(issuesOf(schema, 1)).toHaveLength(1);
  });

  it.each<[string, StandardSchemaV1]>([
    ['zod 4', z.object({ a: z.string().refine(async () => Promise.reject(new Error('late'))) })],
    ['zod 4 in superRefine', z.string().superRefine(async () => Promise.reject(new Error('late')))],
    ['zod 4 in a transform', z.string().transform(async () => Promise.reject(new Error('late')))],
    ['zod 4 in a custom schema', z.custom(async () => Promise.reject(new Error('late')))],
    ['zod 3', z3.string().refine(async () => Promise.reject(new Error('late')))],
    [
      'Valibot, which would take it',
      v.pipe(v.string(), v.check((async () => Promise.reject(new Error('late'))) as never)),
    ],
    [
      'Valibot',
      v.pipeAsync(
        v.string(),
        v.checkAsync(async () => Promise.reject(new Error('late'))),
      ),
    ],
    [
      'a schema of its own',
      {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: () => Promise.reject(new Error('late')),
        },
      },
    ],
  ])('refuses asynchronous checks of %s, and leaves no rejection behind', async (_what, schema) => {
    const data = 'shape' in schema ? { a: 'x' } : 'x';
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    try {
      for (let time = 0; time < 2; time += 1) {
        expect(() => validateData(rules, schema, data)).toThrow(
          'the schema of OrderPlaced validates asynchronously: use one without async checks, and make those before the event',
        );
      }
      // Node tells of a rejection that nobody took once its microtasks are done.
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(rejections).toEqual([]);
  });

  it('finds the checks of a part that several schemas share', async () => {
    const failing = z.string().transform(async () => Promise.reject(new Error('late')));
    const rejections: unknown[] = [];
    const note = (reason: unknown) => rejections.push(reason);
    process.on('unhandledRejection', note);
    try {
      for (const schema of [z.object({ a: failing }), z.object({ a: failing, b: z.any() })]) {
        expect(() => validateData(rules, schema, { a: 'x' })).toThrow('asynchronously');
      }
      await new Promise(setImmediate);
    } finally {
      process.off('unhandledRejection', note);
    }
    expect(rejections).toEqual([]);
  });

  it('leaves a schema to its other users as it was', async () => {
    const checked = z.string().refine(async (text) => text !== secret);
    expect(() => validateData(rules, checked, 'x')).toThrow('asynchronously');
    expect(await checked.safeParseAsync('x')).toMatchObject({ success: true });
    expect(await checked.safeParseAsync(secret)).toMatchObject({ success: false });
  });

  it('refuses in one sentence where a schema throws', () => {
    const throwing = z.string().refine(() => {
      throw new TypeError(`no ${secret}`);
    });
    expect(() => validateData(rules, throwing, 'x')).toThrow(
      /^the schema of OrderPlaced threw TypeError at .*validate-data\.test\.ts:\d+:\d+: let its checks return false/,
    );
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const nested: v.GenericSchema = v.array(v.lazy(() => nested));
    expect(() => validateData(rules, nested, cycle)).toThrow(
      'the schema of OrderPlaced threw RangeError',
    );
    expect(() => validateData({ ...rules, exposeValues: true }, throwing, 'x')).toThrow(
      ` (no ${secret}): let its checks return false`,
    );
  });

  it.each([undefined, null, 7, 'x', { issues: 7 }, { issues: {} }])(
    'refuses a schema that answers %j',
    (answer) => {
      const validate = (): never => answer as never;
      const schema: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate } };
      expect(() => validateData(rules, schema, 'x')).toThrow(
        'the schema of OrderPlaced answers with no result of a Standard Schema',
      );
    },
  );

  it('lists what ArkType found, of unions too', () => {
    const order = type({
      orderId: 'string',
      total: 'number > 5',
      currency: "'USD' | 'CAD'",
      items: [{ sku: 'string' }, '[]'],
      payment: [{ card: 'string' }, '|', { iban: 'number' }],
      contact: type.or({ kind: "'mail'", to: 'string' }, { kind: "'phone'", number: 'number' }),
    });
    const issues = issuesOf(order, {
      orderId: 7781,
      total: 2,
      currency: secret,
      items: [{ sku: 'a' }, { sku: 1 }],
      payment: { iban: secret },
      contact: { kind: secret },
    });
    expect(issues).toEqual([
      { path: 'contact.kind', expected: 'what its schema takes', received: 'string' },
      { path: 'currency', expected: '"CAD" or "USD"', received: 'string' },
      { path: 'items[1].sku', expected: 'a string', received: 'number' },
      { path: 'orderId', expected: 'a string', received: 'number' },
      { path: 'payment.card', expected: 'a string', received: 'nothing' },
      { path: 'total', expected: 'more than 5', received: 'number' },
    ]);
  });

  it('lists what zod 3 found, of unions too', () => {
    const order = z3.object({
      total: z3.number().min(5),
      email: z3.string().email(),
      currency: z3.enum(['USD', 'CAD']),
      contact: z3.union([z3.object({ to: z3.string() }), z3.string()]),
    });
    const data = { total: 2, email: secret.slice(1), currency: secret, contact: { to: 1 } };
    expect(issuesOf(order, { ...data, email: 'x' })).toEqual([
      { path: 'total', expected: 'number >= 5', received: 'number' },
      { path: 'email', expected: 'what its schema takes', received: 'string' },
      { path: 'currency', expected: 'what its schema takes', received: 'string' },
      { path: 'contact.to', expected: 'string', received: 'number' },
    ]);
  });
});
