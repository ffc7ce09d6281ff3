import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClaimCheckReference,
  claimCheckReference,
  claimCheckResolver,
  claimChecksOf,
  putClaimChecks,
  valueAtPointer,
} from './claim-check.ts';
import type { Envelope } from './envelope.ts';

const metadata = {
  eventId: '01J',
  version: '1.0',
  idempotencyKey: 'k',
  occurredAt: '2026-06-07T02:00:00.123Z',
};

/** Keeps objects in memory, as a bucket would. */
function store(): {
  put(value: unknown): ClaimCheckReference;
  get(reference: ClaimCheckReference): Promise<Uint8Array>;
} {
  const objects = new Map<string, Uint8Array>();
  return {
    put(value) {
      const content = new TextEncoder().encode(JSON.stringify(value));
      const key = `object-${objects.size}`;
      objects.set(key, content);
      return claimCheckReference('claims', key, content);
    },
    get: async ({ key }) => objects.get(key) ?? new Uint8Array(),
  };
}

function pointersInto(data: unknown, prefix = ''): string[] {
  if (typeof data !== 'object' || data === null) return [prefix];
  const members = Object.entries(data).flatMap(([key, value]) =>
    pointersInto(value, `${prefix}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [prefix, ...members];
}

describe('claim checks', () => {
  it('bring back what was put away, wherever it was', async () => {
    const data = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    await fc.assert(
      fc.asyncProperty(data, fc.nat(), async (value, pick) => {
        const given: unknown = JSON.parse(JSON.stringify(value));
        const { put, get } = store();
        const pointers = pointersInto(given);
        const pointer = pointers[pick % pointers.length] ?? '';
        const detail: Envelope['detail'] = { metadata, data: given };
        const checked = putClaimChecks(
          detail,
          new Map([[pointer, put(valueAtPointer(given, pointer))]]),
        );
        expect(checked.metadata.claimCheck).toEqual([pointer]);
        expect([...claimChecksOf(checked).keys()]).toEqual([pointer]);
        expect(await claimCheckResolver(get)(checked)).toEqual(detail);
      }),
    );
  });

  it('refuse an object that is another', async () => {
    const { put } = store();
    const detail = putClaimChecks({ metadata, data: { a: 1 } }, new Map([['', put({ a: 1 })]]));
    const other = new TextEncoder().encode('{"a":2}');
    await expect(claimCheckResolver(async () => other)(detail)).rejects.toThrow(
      'object claims/object-0 of "" is not what the event was published with',
    );
  });

  it.each([
    ['/b', 'data has nothing at "/b"'],
    ['b', 'claim check "b" is no JSON Pointer'],
  ])('refuse the pointer %s', (pointer, message) => {
    const { put } = store();
    expect(() =>
      putClaimChecks({ metadata, data: { a: 1 } }, new Map([[pointer, put(1)]])),
    ).toThrow(message);
  });

  it('refuse metadata that names no reference', () => {
    expect(() =>
      claimChecksOf({ metadata: { ...metadata, claimCheck: ['/a'] }, data: { a: 1 } }),
    ).toThrow('metadata.claimCheck names "/a"');
  });
});
