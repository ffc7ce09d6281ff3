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

  it.each(['/__proto__', '/a/__proto__', '/constructor'])(
    'put away and bring back %s',
    async (pointer) => {
      const data: unknown = JSON.parse(
        '{"__proto__":[1],"a":{"__proto__":{"b":2}},"constructor":3}',
      );
      const { put, get } = store();
      const checked = putClaimChecks(
        { metadata, data },
        new Map([[pointer, put(valueAtPointer(data, pointer))]]),
      );
      expect(JSON.stringify(checked.data)).toContain('object-0');
      const brought = await claimCheckResolver(get)(checked);
      expect(JSON.stringify(brought.data)).toBe(JSON.stringify(data));
    },
  );

  it('refuse an object that is no JSON', async () => {
    const content = new TextEncoder().encode('secret');
    const detail = putClaimChecks(
      { metadata, data: {} },
      new Map([['', claimCheckReference('claims', 'object-0', content)]]),
    );
    await expect(claimCheckResolver(async () => content)(detail)).rejects.toThrow(
      'object claims/object-0 is no JSON text: publish',
    );
  });

  it('refuse an object that is another', async () => {
    const { put } = store();
    const detail = putClaimChecks({ metadata, data: { a: 1 } }, new Map([['', put({ a: 1 })]]));
    const other = new TextEncoder().encode('{"a":2}');
    await expect(claimCheckResolver(async () => other)(detail)).rejects.toThrow(
      'object claims/object-0 is not what the event was published with',
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
    ).toThrow('metadata.claimCheck[0] names a place where data must hold');
  });
});
