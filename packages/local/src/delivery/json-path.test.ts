import { expect, test } from 'vitest';
import { jsonPath } from './json-path.ts';

const document =
  '{"n": 9007199254740993, "x": 1.10, "big":1e400, "zero":-0.0, "list":[{"a": 1.0}, {"a":"b  c"}, {}], "a":1, "a":2, "s":"\\u00e9"}';

test.each([
  ['$.n', '9007199254740993'],
  ['$.x', '1.10'],
  ['$.big', '1e400'],
  ['$.zero', '-0.0'],
  ['$.list', '[{"a":1.0},{"a":"b  c"},{}]'],
  ['$.list[0]', '{"a":1.0}'],
  ['$.list[1].a', '"b  c"'],
  ['$.list[*].a', '[1.0,"b  c"]'],
  ["$['s']", '"\\u00e9"'],
  ['$.a', '2'],
  ['$.list[3]', undefined],
  ['$.n.x', undefined],
  ['$.toString', undefined],
])('%s is %s', (path, found) => {
  expect(jsonPath(path, document)).toBe(found);
});
