import type { StandardSchemaV1 } from '@standard-schema/spec';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
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

/** A schema that finds the one issue given. */
function finding(issue: object): StandardSchemaV1 {
  const validate = () => ({ issues: [issue as StandardSchemaV1.Issue] });
  return { '~standard': { version: 1, vendor: 'test', validate } };
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
      { path: 'totalCents', expected: 'Too small: expected number to be >0', received: 'number' },
      { path: 'currency', expected: '"USD" or "CAD"', received: 'string' },
      { path: 'items[1].sku', expected: 'string', received: 'null' },
      {
        path: 'items[2].sku',
        expected: 'Too small: expected string to have >=3 characters',
        received: 'string',
      },
      { path: 'placedAt', expected: 'string', received: 'nothing' },
      { path: 'contact.email', expected: 'Invalid email address', received: 'string' },
      { path: '', expected: 'Unrecognized key: "coupon"', received: 'object' },
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

  it('repeats what only looks like the value', () => {
    const message = 'must be one of USD, CAD';
    expect(issuesOf(finding({ message, path: ['a'] }), { a: 'US' })[0]?.expected).toBe(message);
    expect(issuesOf(finding({ message, path: ['a'] }), { a: '' })[0]?.expected).toBe(message);
  });

  it('reads path segments of either form', () => {
    const path = [{ key: 'items' }, { key: 0 }, 'sku', Symbol('x')];
    expect(issuesOf(finding({ message: 'm', path }), {})[0]?.path).toBe('items[0].sku.Symbol(x)');
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

  it('refuses asynchronous schemas, and leaves no rejection behind', () => {
    const failing: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => Promise.reject(new Error('late')),
      },
    };
    const refined = z.string().refine(async () => true);
    expect(() => validateData(rules, refined, 'x')).toThrow('validates asynchronously');
    expect(() => validateData(rules, failing, 'x')).toThrow(
      'the schema of OrderPlaced validates asynchronously: use one without async checks, and make those before the event',
    );
  });
});
