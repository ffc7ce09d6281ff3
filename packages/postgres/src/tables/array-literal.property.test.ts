import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ArrayOf, parseArrayLiteral } from './array-literal.ts';

const parse = (text: string, delimiter = ','): ArrayOf<string> =>
  parseArrayLiteral(text, delimiter, (element) => element);

/** Writes as Postgres may: quoted wherever it likes, always where it must. */
function write(array: ArrayOf<string>): string {
  const elements = array.map((each) => {
    if (each === null) return 'NULL';
    if (Array.isArray(each)) return write(each as ArrayOf<string>);
    return `"${(each as string).replace(/["\\]/g, '\\$&')}"`;
  });
  return `{${elements.join(',')}}`;
}

test('arrays of one and two dimensions come back as they were written', () => {
  const row = fc.array(fc.option(fc.string({ unit: 'grapheme' })), { minLength: 1 });
  fc.assert(
    fc.property(fc.oneof(row, fc.array(row, { minLength: 1 })), (array) => {
      expect(parse(write(array))).toEqual(array);
    }),
  );
});

test('bare elements, bounds, other delimiters, emptiness', () => {
  expect(parse('{a,NULL,"NULL",null}')).toEqual(['a', null, 'NULL', 'null']);
  expect(parse('[0:1]={a,b}')).toEqual(['a', 'b']);
  expect(parse('{(1,2);(3,4)}', ';')).toEqual(['(1,2)', '(3,4)']);
  expect(parse('{}')).toEqual([]);
});

test.each(['', 'a', '{a', '{"a', '{a}b', '{"a"b}'])('refuses %s', (text) => {
  expect(() => parse(text)).toThrow('is no array');
});
