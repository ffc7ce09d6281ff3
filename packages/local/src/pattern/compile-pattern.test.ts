import { describe, expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { InvalidEventError } from './read-event.ts';

/** A pattern, and events as JSON texts that it matches and does not match. */
type Rule = readonly [pattern: string, matches: readonly string[], others: readonly string[]];

function holds(rules: Readonly<Record<string, Rule>>): void {
  test.each(Object.entries(rules))('%s', (_, [pattern, matches, others]) => {
    const compiled = compilePattern(pattern);
    for (const event of matches) expect(compiled.matches(event), event).toBe(true);
    for (const event of others) expect(compiled.matches(event), event).toBe(false);
  });
}

describe('numbers are compared as written', () => {
  holds({
    'every spelling of one number is equal, a string never': [
      '{"a":[300]}',
      ['{"a":300}', '{"a":300.0}', '{"a":3.0e2}', '{"a":30E+1}', '{"a":3000000e-4}'],
      ['{"a":"300"}', '{"a":300.000001}', '{"a":-300}'],
    ],
    'zero has no sign': [
      '{"a":[0]}',
      ['{"a":-0.0}', '{"a":0e9}'],
      ['{"a":0.000001}', '{"a":null}'],
    ],
    'digits that a double would lose are kept': [
      '{"a":[0.1]}',
      ['{"a":0.1}', '{"a":1e-1}'],
      ['{"a":0.10000000000000000001}'],
    ],
    'beyond five billion, and beyond six decimals, only the same text is equal': [
      '{"a":[12345678901234567890, 0.12345678]}',
      ['{"a":12345678901234567890}', '{"a":0.12345678}'],
      ['{"a":12345678901234567891}', '{"a":12345678901234567890.0}', '{"a":0.123456780}'],
    ],
    'a range holds no number that cannot be compared': [
      '{"a":[{"numeric":[">",4999999999.999998]}]}',
      ['{"a":4999999999.999999}', '{"a":5e9}'],
      ['{"a":4999999999.999998}', '{"a":5000000000.000001}', '{"a":"5e9"}', '{"a":9e99}'],
    ],
  });

  test('a value means what its JSON text means', () => {
    const pattern = compilePattern('{"a":[300],"when":["2026-06-07T02:00:00.000Z"]}');
    expect(pattern.matches({ a: 3e2, when: new Date('2026-06-07T02:00:00Z') })).toBe(true);
    expect(pattern.matches({ a: undefined, when: new Date('2026-06-07T02:00:00Z') })).toBe(false);
  });
});

describe('names are ordinary', () => {
  holds({
    'also those that objects have of their own': [
      '{"__proto__":{"constructor":["x"]},"toString":[1],"length":[null]}',
      ['{"__proto__":{"constructor":"x"},"toString":1,"length":null}'],
      ['{"constructor":"x","toString":1,"length":null}', '{}', '{"toString":1,"length":null}'],
    ],
    'a lack of such a name is a lack': [
      '{"hasOwnProperty":[{"exists":false}],"__proto__":{"x":[{"exists":false}]}}',
      ['{}', '{"__proto__":1}'],
      ['{"hasOwnProperty":0}', '{"__proto__":{"x":0}}'],
    ],
    'the empty name, anywhere': [
      '{"":["x"],"a":{"":["y"]}}',
      ['{"":"x","a":{"":"y"}}'],
      ['{"":"x","a":"y"}', '{"a":{"":"y"}}'],
    ],
    'names are joined by dots, on both sides': [
      '{"d":{"s":["x"]},"e.f":["y"]}',
      ['{"d.s":"x","e":{"f":"y"}}', '{"d":{"s":"x"},"e.f":"y"}'],
      ['{"d":{"s":"x"},"e":"y"}'],
    ],
    'a name in escapes': ['{"caf\\u00e9":["\\u0078"]}', ['{"café":"x"}'], ['{"cafe":"x"}']],
  });

  test('of a repeated name in the text of an event every value counts', () => {
    expect(compilePattern('{"a":["x"]}').matches('{"a":"x","a":"y"}')).toBe(true);
  });
});

describe('arrays', () => {
  holds({
    'any value of an array will do, however deep': [
      '{"a":["x"]}',
      ['{"a":["y","x"]}', '{"a":[["y",[["x"]]]]}'],
      ['{"a":[]}', '{"a":["y"]}', '{"a":{"0":"x"}}'],
    ],
    'two fields must be found in the same element': [
      '{"items":{"k":["x"],"v":[1]}}',
      ['{"items":[{"k":"y","v":1},{"k":"x","v":1}]}', '{"items":{"k":"x","v":1}}'],
      ['{"items":[{"k":"x","v":2},{"k":"y","v":1}]}'],
    ],
    'at every depth': [
      '{"a":{"b":{"k":["x"],"v":[1]},"c":["z"]}}',
      ['{"a":[{"b":[{"k":"x"},{"k":"x","v":1}],"c":"z"}]}'],
      ['{"a":[{"b":[{"k":"x"},{"v":1}],"c":"z"}]}', '{"a":[{"b":[{"k":"x","v":1}]},{"c":"z"}]}'],
    ],
    'different arrays are free of each other': [
      '{"a":{"k":["x"]},"b":{"k":["x"]}}',
      ['{"a":[{"k":"x"},{"k":"y"}],"b":[{"k":"y"},{"k":"x"}]}'],
      ['{"a":[{"k":"x"}],"b":[{"k":"y"}]}'],
    ],
    'plain values are in no element': [
      '{"a":["x"],"a.b":[1]}',
      ['{"a":["x",{"b":1}]}', '{"a":[{"b":1},"x"]}'],
      ['{"a":[["x"],[{"b":1}]]}'],
    ],
    'elements that are arrays count too': [
      '{"a":{"k":["x"],"v":[1]}}',
      ['{"a":[[{"k":"x"},{"k":"x","v":1}]]}'],
      ['{"a":[[{"k":"x"}],[{"v":1}]]}'],
    ],
    'a field is lacking if it is lacking in the elements of the fields before it': [
      '{"a":{"k":["x"],"v":[{"exists":false}]}}',
      ['{"a":[{"k":"x"},{"v":1}]}', '{"a":[{"k":"x","v":1},{"k":"x"}]}', '{"a":[{"k":"x"}]}'],
      ['{"a":[{"k":"x","v":1}]}', '{"a":[{"k":"y"},{"k":"x","v":1}]}'],
    ],
    'but in all elements if no field before it is in one': [
      '{"a":{"k":[{"exists":false}],"v":[1]}}',
      ['{"a":[{"v":1},{"w":2}]}'],
      ['{"a":[{"v":1},{"k":"x"}]}'],
    ],
    'an element may be entered only to make a field lacking': [
      '{"a":["x"],"a.b":[{"exists":false}]}',
      ['{"a":["x",["x"],{"b":1}]}'],
      ['{"a":["x",{"b":1}]}', '{"a":["x",["y"],{"b":1}]}'],
    ],
    'a lack or a value': [
      '{"a":{"k":["x"],"v":[{"exists":false},1]}}',
      ['{"a":[{"k":"x","v":1}]}', '{"a":[{"k":"x"},{"v":2}]}'],
      ['{"a":[{"k":"x","v":2}]}'],
    ],
  });

  test('the size of arrays is not multiplied', () => {
    const many = <T>(element: (n: number) => T) =>
      Array.from({ length: 3_000 }, (_, n) => element(n));
    const pattern = compilePattern(
      '{"i":{"a":["x"],"t":{"k":["x"],"v":[1]},"u":{"k":["x"],"v":[1]},"z":[0]},"j":{"k":["x"]}}',
    );
    const full = many(() => ({ k: 'x', v: 1 }));
    const disjoint = [{ a: 'x', t: full, u: full }, { z: 0 }];
    expect(pattern.matches({ i: disjoint, j: full })).toBe(false);
    expect(pattern.matches({ i: [...disjoint, { ...disjoint[0], z: 0 }], j: full })).toBe(true);
    const nested = many((n) => ({
      a: 'x',
      t: [{ k: 'x' }, { v: 1 }],
      u: [{ k: 'x', v: n }],
      z: 0,
    }));
    expect(pattern.matches({ i: nested, j: full })).toBe(false);
  });
});

describe('$or', () => {
  holds({
    'multiplies with the fields around it': [
      '{"s":["x"],"$or":[{"a":[1]},{"b":{"c":[2]}}]}',
      ['{"s":"x","a":1}', '{"s":"x","b":{"c":2}}'],
      ['{"a":1}', '{"s":"x"}', '{"s":"x","b":2}'],
    ],
    'and with another one': [
      '{"$or":[{"a":[1]},{"b":[2]}],"d":{"$or":[{"x":[1]},{"y":[2],"$or":[{"p":[0]},{"q":[0]}]}]}}',
      ['{"a":1,"d":{"x":1}}', '{"b":2,"d":{"y":2,"q":0}}'],
      ['{"a":1,"d":{"y":2}}', '{"d":{"x":1}}'],
    ],
    'of a repeated path the last one counts': [
      '{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}',
      ['{"a":"y"}', '{"a":"x","b":"z"}'],
      ['{"a":"x"}', '{"a":"y2","b":"z"}'],
    ],
    'also behind it, and through dots': [
      '{"$or":[{"a.b":["y"]},{"c":["z"]}],"a":{"b":["x"]}}',
      ['{"a":{"b":"x"}}'],
      ['{"a":{"b":"y"}}', '{"c":"z"}'],
    ],
  });
});

test.each([
  ['5', 'an event must be a JSON object'],
  ['[]', 'an event must be a JSON object'],
  ['', 'an event must be a JSON object'],
  ['{"a":1', /^an event must be a JSON object: Unexpected end-of-input/],
  ['{"b":{"c":tru}}', /^an event must be a JSON object: Unrecognized token 'tru'/],
  ['{"a":1} {}', 'an event must be one JSON object with nothing behind it'],
  ['{"a":'.repeat(2000), /nesting depth/],
  [`{"z":${'['.repeat(2000)}`, /nesting depth/],
])('refuses an event that is no object: %.40s', (event, message) => {
  const match = () => compilePattern('{"a":[1]}').matches(event);
  expect(match).toThrow(InvalidEventError);
  expect(match).toThrow(message);
});
