import { type AnyEventContract, defineEvent } from '@tidings/contract';
import type { LocalRules } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type BusFixture, busFixture } from '../../support/bus-fixture.ts';

let on: BusFixture;
beforeEach(async () => {
  on = await busFixture();
});
afterEach(() => on.end());

interface Example {
  readonly source: string;
  readonly detailType: string;
  readonly detail: { readonly metadata: { readonly eventId: string }; readonly data: unknown };
  readonly problem?: string;
}
const examples = async (...contracts: readonly AnyEventContract[]): Promise<Example[]> => {
  on.bus.applyRules({ contracts });
  const response = await fetch(`${on.bus.url}/_bus/examples`);
  return ((await response.json()) as { readonly examples: Example[] }).examples;
};
const contractOf = (data: z.ZodType) =>
  defineEvent({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    version: '1.0',
    data,
  }) as AnyEventContract;

const tree: z.ZodType = z.object({
  name: z.string(),
  get children() {
    return z.array(tree);
  },
});

describe('the contract takes the example of its schema', () => {
  test.each<[string, z.ZodType]>([
    [
      'texts within their lengths',
      z.object({ a: z.string().min(12).max(20), b: z.string().max(3) }),
    ],
    [
      'texts of a format',
      z.object({
        at: z.iso.datetime(),
        day: z.iso.date(),
        mail: z.email(),
        link: z.url(),
        id: z.uuid(),
        host: z.ipv4(),
      }),
    ],
    [
      'numbers within their bounds',
      z.object({
        a: z.int().min(100).max(200),
        b: z.number().gt(0).lt(1),
        c: z.int().max(-5),
        d: z.int().gt(1),
        e: z.number().multipleOf(25).min(60),
      }),
    ],
    [
      'choices, constants and defaults',
      z.object({
        a: z.enum(['USD', 'CAD']),
        b: z.literal('x'),
        c: z.string().default('d'),
        d: z.union([z.object({ kind: z.literal('k') }), z.string()]),
        e: z.null(),
        f: z.boolean().optional(),
      }),
    ],
    [
      'lists, tuples and records',
      z.object({
        a: z.array(z.string()).min(2),
        b: z.tuple([z.string(), z.int()]),
        c: z.record(z.string(), z.int()),
      }),
    ],
    [
      'both halves of an intersection',
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.int() })),
    ],
    ['a schema that refers to itself', tree],
    [
      'what its own example says',
      z.object({
        iban: z
          .string()
          .regex(/^DE\d{20}$/)
          .meta({ examples: ['DE02120300000000202051'] }),
      }),
    ],
  ])('%s', async (_name, schema) => {
    const contract = contractOf(schema);
    const [example] = await examples(contract);
    expect(example?.problem).toBeUndefined();
    const { source, detail } = example as Example;
    expect(() => contract.parse({ source, 'detail-type': 'OrderPlaced', detail })).not.toThrow();
  });
});

test('an example has a new id each time', async () => {
  const contract = contractOf(z.object({ a: z.string() }));
  const [first] = await examples(contract);
  const [second] = await examples(contract);
  expect(first?.detail.metadata.eventId).not.toBe(second?.detail.metadata.eventId);
});

test('data that cannot be made up is told, and is a beginning all the same', async () => {
  const [example] = await examples(contractOf(z.object({ iban: z.string().regex(/^DE\d{20}$/) })));
  expect(example?.problem).toContain('data.iban');
  expect(example?.detail.data).toEqual({ iban: 'example' });
});

test('what is no contract is refused in a sentence', () => {
  const rules = { contracts: [{ detailType: 'OrderPlaced' }] } as unknown as LocalRules;
  expect(() => on.bus.applyRules(rules)).toThrow(
    'contracts must be a list of contracts that defineEvent made',
  );
});

test('an event that is sent by hand is in the journals as any other', async () => {
  const send = (body: object) =>
    fetch(`${on.bus.url}/_bus/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  const entry = { Source: 'com.acme', DetailType: 'OrderPlaced', Detail: '{}' };
  const answer = await send({ Entries: [entry, { ...entry, EventBusName: 'none' }] });
  expect(await answer.json()).toMatchObject({ FailedEntryCount: 0 });
  expect(on.bus.events).toMatchObject([{ bus: 'default', source: 'com.acme' }]);
  expect(on.bus.requests).toMatchObject([{ op: 'PutEvents', answer: { status: 200 } }]);
  expect(on.bus.lost()).toMatchObject([{ bus: 'none', dropped: 'no-such-bus' }]);
  const refused = await send({ Entries: [] });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ type: 'ValidationException' });
});
