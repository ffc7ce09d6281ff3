import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonMembers } from './json-members.ts';

test('each member is found where it stands, whatever surrounds it', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 })),
      fc.constantFrom(undefined, 1, '\t'),
      (object, space) => {
        const text = JSON.stringify(object, undefined, space);
        const members = jsonMembers(text);
        expect(members.map(({ name }) => name)).toEqual(Object.keys(JSON.parse(text)));
        for (const { name, from, valueFrom, to } of members) {
          expect(JSON.parse(text.slice(valueFrom, to))).toEqual(JSON.parse(text)[name]);
          expect(text[from]).toBe('"');
        }
      },
    ),
  );
});

test('spaces before and after everything', () => {
  const text = ' { "a" : 1 , "b"\n:\t{ "c": [ "]" , "\\"}" ] }\r, "d" : null }';
  expect(
    jsonMembers(text).map(({ name, valueFrom, to }) => [name, text.slice(valueFrom, to)]),
  ).toEqual([
    ['a', '1'],
    ['b', '{ "c": [ "]" , "\\"}" ] }'],
    ['d', 'null'],
  ]);
});

test.each(['[]', '1', '', '"x"'])('%s is no object', (text) => {
  expect(() => jsonMembers(text)).toThrow('no JSON object');
});
