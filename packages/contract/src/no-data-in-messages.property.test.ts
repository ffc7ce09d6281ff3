import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import { claimCheckReference, claimCheckResolver } from './claim-check.ts';
import { ContractError } from './contract-error.ts';
import { defineEvent } from './define-event.ts';
import type { Envelope } from './envelope.ts';
import { causedBy } from './event-context.ts';
import { checkSealed, seal } from './sealed-event.ts';

/** In every key and value of the data that no schema declares, and nowhere else. */
const marker = 'zq7xk';
const has = (text: string): boolean => text.toLowerCase().includes(marker);
const told = (value: unknown): string => `${JSON.stringify(value)}`.toUpperCase();
const isNever = (): boolean => false;

/** What each library takes, with checks whose messages quote what they are given. */
const schemas: Readonly<Record<string, (expose: boolean) => StandardSchemaV1>> = {
  'zod 4': () =>
    z
      .strictObject({
        name: z
          .string()
          .min(100)
          .refine(isNever, { error: ({ input }) => `bad ${input}` }),
        kind: z.enum(['a', 'b']),
        email: z.email({ error: ({ input }) => told(input) }),
        prices: z.record(z.string().max(3), z.number()),
        contact: z.union([z.strictObject({ to: z.number() }), z.array(z.literal(1))]),
        payment: z.discriminatedUnion('by', [
          z.object({ by: z.literal('card'), card: z.int() }),
          z.object({ by: z.literal('bank'), bank: z.int() }),
        ]),
        rest: z.unknown(),
      })
      .superRefine((data, context) => {
        for (const key of Object.keys(data.prices)) {
          context.addIssue({ code: 'custom', path: ['prices', key], message: told(data) });
        }
      }),
  'zod 3': () =>
    z3
      .object({
        name: z3
          .string()
          .min(100)
          .refine(isNever, (text) => ({ message: `bad ${text}` })),
        kind: z3.enum(['a', 'b']),
        email: z3.string().email(),
        prices: z3.record(z3.string().max(3), z3.number()),
        contact: z3.union([z3.object({ to: z3.number() }).strict(), z3.array(z3.literal(1))]),
        payment: z3.discriminatedUnion('by', [
          z3.object({ by: z3.literal('card'), card: z3.number() }),
          z3.object({ by: z3.literal('bank'), bank: z3.number() }),
        ]),
        rest: z3.unknown(),
      })
      .strict(),
  Valibot: () =>
    v.pipe(
      v.strictObject({
        name: v.pipe(
          v.string(),
          v.minLength(100),
          v.check(isNever, ({ input }) => `bad ${input}`),
        ),
        kind: v.picklist(['a', 'b']),
        email: v.pipe(
          v.string(),
          v.email(({ input }) => told(input)),
        ),
        prices: v.record(v.pipe(v.string(), v.maxLength(3)), v.number()),
        contact: v.union([v.strictObject({ to: v.number() }), v.array(v.literal(1))]),
        payment: v.variant('by', [
          v.object({ by: v.literal('card'), card: v.number() }),
          v.object({ by: v.literal('bank'), bank: v.number() }),
        ]),
        rest: v.unknown(),
      }),
      v.rawCheck(({ dataset, addIssue }) => {
        if (dataset.typed)
          addIssue({ message: told(dataset.value), expected: told(dataset.value) });
      }),
    ),
  ArkType: () =>
    type({
      name: type('string > 100').narrow((text, context) => context.mustBe(`not ${text}`)),
      kind: "'a' | 'b'",
      email: 'string.email',
      prices: { '[string < 3]': 'number' },
      contact: type({ to: 'number', '+': 'reject' }).or('1[]'),
      payment: type({ by: "'card'", card: 'number' }).or({ by: "'bank'", bank: 'number' }),
      rest: 'unknown',
      '+': 'reject',
    }),
  'a library that nobody knows': () => ({
    '~standard': {
      version: 1,
      vendor: 'unknown',
      validate: (data) => ({
        issues: Object.keys(Object(data)).map((key) => ({
          message: told(data),
          expected: told(data),
          values: [told(data)],
          path: [key],
        })),
      }),
    },
  }),
  'a schema that throws': () =>
    z.unknown().refine((data) => {
      throw new TypeError(told(data));
    }),
};

const value = fc.oneof(
  fc.constantFrom<unknown>(null, 1, true, [], {}, 'a', 'card', ' '),
  fc.string({ maxLength: 4 }).map((text) => `${marker}${text}`),
  fc.constantFrom<unknown>({ [marker]: marker }, [marker, { [marker]: [marker] }], { to: marker }),
  fc.constantFrom<unknown>({ [marker]: new Date() }, [{ [marker]: 1n }], { [marker]: Number.NaN }),
  fc.constantFrom<unknown>(
    { by: marker },
    { by: 'card', card: marker },
    { by: 'bank', [marker]: 1 },
  ),
);
const key = fc.constantFrom(
  'name',
  'kind',
  'email',
  'prices',
  'contact',
  'payment',
  'rest',
  marker,
);
const fitting = {
  name: marker.repeat(30),
  kind: 'a',
  email: `${marker}@example.com`,
  prices: { [marker.slice(0, 3)]: 1 },
  contact: { to: 1 },
  payment: { by: 'card', card: 1 },
};
const data = fc
  .tuple(fc.boolean(), fc.dictionary(key, value))
  .map(([isFitting, given]) => ({ ...(isFitting && fitting), ...given }));

/** What is told of something that was refused, in every place where a log may find it. */
function refusalText(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ContractError)) throw error;
    const { message, stack, issues, cause } = error;
    return [message, stack, JSON.stringify(issues), String(cause)].join('\n');
  }
  return '';
}

describe.each(Object.entries(schemas))('%s', (_what, schemaOf) => {
  const base = { source: 'com.acme.orders', detailType: 'OrderPlaced', version: '1.0' } as const;
  const contractOf = (exposeValues: boolean) =>
    defineEvent({
      ...base,
      data: schemaOf(exposeValues),
      exposeValues,
      idempotencyKey: () => 'k',
    });
  const contract = contractOf(false);
  const event = defineEvent({ ...base, data: z.unknown() }).create(1, { idempotencyKey: 'k' });
  const { metadata } = event.detail;
  const withDetail = (detail: object): Envelope => ({ ...event, detail }) as unknown as Envelope;

  test('no value and no key of the data gets into what is told of a refusal', async () => {
    await fc.assert(
      fc.asyncProperty(data, async (given) => {
        const resolver = claimCheckResolver(async () => new TextEncoder().encode(marker));
        const content = new TextEncoder().encode(marker);
        const pointed = { ...metadata, claimCheck: [`/${marker}`] };
        const reference = { [marker]: claimCheckReference('bucket', 'key', content) };
        const texts = [
          refusalText(() => contract.create(given)),
          refusalText(() => contract.parse(withDetail({ metadata, data: given }))),
          refusalText(() => contract.parse(withDetail({ metadata, data: given, [marker]: 1 }))),
          refusalText(() => contract.parse(withDetail({ metadata: pointed, data: given }))),
          refusalText(() => contract.parse(`{"${marker}`)),
          refusalText(() => seal(withDetail({ metadata, data: given }))),
          refusalText(() => causedBy(withDetail({ metadata, [marker]: given }))),
          refusalText(() => checkSealed({ ...seal(event), detail: marker })),
        ];
        for (const detail of [
          { metadata: pointed, data: given },
          { metadata: pointed, data: reference },
        ]) {
          const fetched = await contract.parse(withDetail(detail), { claimCheck: resolver }).then(
            () => undefined,
            (error: Error) => error,
          );
          texts.push(
            refusalText(() => {
              throw fetched;
            }),
          );
        }
        for (const text of texts) expect(has(text)).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  test('every value gets there with exposeValues', () => {
    const text = refusalText(() => contractOf(true).create({ kind: marker, [marker]: marker }));
    expect(has(text)).toBe(true);
  });
});
