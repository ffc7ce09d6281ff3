import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromTaggedJson, taggedJson } from './tagged-value.ts';

function throughText(value: unknown): unknown {
  return fromTaggedJson(JSON.parse(JSON.stringify(taggedJson(value))));
}

test('every value that the structured clone knows comes back as it was', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    withBoxedValues: false,
  });
  fc.assert(
    fc.property(anything, (value) => {
      expect(throughText(value)).toStrictEqual(value);
    }),
  );
});

test('what JSON holds by itself is written as it is', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      // Which makes a positive zero of a negative one.
      const value: unknown = JSON.parse(text);
      const plain: unknown = JSON.parse(JSON.stringify(value));
      expect(taggedJson(plain)).toBe(plain);
    }),
  );
});

describe('comes back', () => {
  test('a cycle', () => {
    const cycle: Record<string, unknown> = { name: 'a' };
    cycle.self = cycle;
    cycle.set = new Set([cycle]);
    cycle.map = new Map([[cycle, cycle]]);
    const back = throughText(cycle) as typeof cycle;
    expect(back.self).toBe(back);
    expect([...(back.set as Set<unknown>)][0]).toBe(back);
    expect([...(back.map as Map<unknown, unknown>)][0]).toEqual([back, back]);
  });

  test('a part that is shared a billion times over, as small as it is', () => {
    let value: unknown = ['x'];
    for (let level = 0; level < 30; level += 1) value = [value, value];
    expect(JSON.stringify(taggedJson(value)).length).toBeLessThan(5_000);
    const back = throughText(value) as unknown[];
    expect(back[0]).toBe(back[1]);
  });

  test('nesting of any depth', () => {
    let deep: unknown = 'bottom';
    for (let level = 0; level < 100_000; level += 1) deep = { deep };
    let back = throughText(deep);
    let levels = 0;
    while (typeof back === 'object') {
      back = (back as { deep: unknown }).deep;
      levels += 1;
    }
    expect([back, levels]).toEqual(['bottom', 100_000]);
  });

  test('a text of 20 MB', () => {
    const value = { text: 'é'.repeat(10_000_000), n: 5n };
    expect(throughText(value)).toStrictEqual(value);
  });

  test.each([
    ['an invalid date', { at: new Date(Number.NaN) }],
    ['bytes', { bytes: Buffer.from([0, 255]), view: new DataView(new ArrayBuffer(3)) }],
    ['an array buffer', { buffer: new Uint8Array([1, 2]).buffer }],
    ['a regular expression', { pattern: /a"b/gi }],
    ['an array with a hole at its end', new Array(3)],
    ['an object that looks like a table', { $values: [{ set: [1] }] }],
    ['undefined', undefined],
    ['a bigint', 2n ** 70n],
    ['negative zero', -0],
  ])('%s', (_, value) => {
    expect(throughText(value)).toStrictEqual(value);
  });

  test('a member with the name of the prototype', () => {
    const value = { set: new Set([JSON.parse('{"__proto__": {"a": 1}}')]) };
    const [back] = (throughText(value) as typeof value).set;
    expect(Object.keys(back)).toEqual(['__proto__']);
    expect(JSON.stringify(back)).toBe('{"__proto__":{"a":1}}');
  });

  test('an error with its cause and its own members', () => {
    const error = Object.assign(new TypeError('wrong', { cause: new Error('why') }), { code: 'E' });
    const back = throughText({ error }) as { error: typeof error };
    expect(back.error).toBeInstanceOf(Error);
    const { name, message, stack, code } = back.error;
    expect({ name, message, stack, code }).toEqual({
      name: 'TypeError',
      message: 'wrong',
      stack: error.stack,
      code: 'E',
    });
    expect(back.error.cause).toMatchObject({ message: 'why' });
  });
});

describe('is kept as a text', () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  test.each([
    ['a function', { f: () => 1 }, { f: '[function]' }],
    ['a symbol', { s: Symbol('s') }, { s: '[Symbol(s)]' }],
    [
      'a getter that throws',
      {
        a: 1,
        get b(): number {
          throw new Error('no');
        },
      },
      { a: 1, b: '[cannot be read]' },
    ],
    ['a proxy that was revoked', { p: revoked.proxy }, { p: { unreadable: '[cannot be read]' } }],
    ['toJSON that throws', { toJSON: () => 'x', n: 1 }, { toJSON: '[function]', n: 1 }],
  ])('%s', (_, value, expected) => {
    expect(throughText(value)).toEqual(expected);
  });

  test('an instance of a class, by its members', () => {
    class Order {
      readonly id = 7;
      readonly when = new Date(0);
    }
    expect(throughText(new Order())).toEqual({ id: 7, when: new Date(0) });
  });
});
