import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { InvalidPatternError } from './invalid-pattern-error.ts';

/** The pattern, the reason, and the columns of line 1 that the service's message points at. */
type Refused = readonly [pattern: string, reason: string, ...columns: number[]];

const STRUCTURE: readonly Refused[] = [
  ['', 'Filter is not an object', 1],
  ['["a"]', 'Filter is not an object', 2],
  ['{}', 'Empty objects are not allowed', 3],
  ['{"a":{"b":{}}}', 'Empty objects are not allowed', 13],
  ['{"a":[]}', 'Empty arrays are not allowed', 8],
  ['{"a":42}', '"a" must be an object or an array', 8],
  ['{"a":"some text"}', '"a" must be an object or an array', 7],
  ['{"a":[["x"]]}', 'Match value must be String, number, true, false, or null', 8],
  ['{"a":[{}]}', 'Match expression name not found', 9],
  ['{"a":[{"Prefix":"x"}]}', 'Unrecognized match type Prefix', 18],
  ['{"a":[{"prefix":"x","suffix":"y"}]}', 'Only one key allowed in match expression', 31],
];

const OR: readonly Refused[] = [
  ['{"$or":{"a":[1]}}', 'It must be an Array followed with $or.', 9],
  ['{"$or":[]}', 'There must have at least 2 Objects in $or relationship.', 10],
  ['{"$or":[{"a":[1]}]}', 'There must have at least 2 Objects in $or relationship.', 19],
  ['{"$or":[{"a":[1]},"b"]}', 'Only JSON object is allowed in array of $or relationship.', 20],
  ['{"$or":[{"a":[1]},{}]}', 'Empty objects are not allowed', 21],
  [
    '{"$or":[{"a":[1]},{"b":{"numeric":[1]}}]}',
    'numeric is Ruler reserved fieldName which cannot be used inside $or.',
    36,
  ],
];

const OPERANDS: readonly Refused[] = [
  ['{"a":[{"exactly":1}]}', 'exact match pattern must be a string', 19],
  ['{"a":[{"prefix":["x"]}]}', 'prefix match pattern must be a string', 18],
  ['{"a":[{"suffix":null}]}', 'suffix match pattern must be a string', 21],
  ['{"a":[{"prefix":{}}]}', 'Prefix expression name not found', 19],
  ['{"a":[{"suffix":{"prefix":"x"}}]}', 'Unsupported suffix pattern: prefix', 28],
  [
    '{"a":[{"prefix":{"equals-ignore-case":7}}]}',
    'equals-ignore-case match pattern must be a string',
    40,
  ],
  ['{"a":[{"exists":"true"}]}', 'exists match pattern must be either true or false.', 18],
  ['{"a":[{"wildcard":"x**"}]}', 'Consecutive wildcard characters at pos 2', 24],
  ['{"a":[{"wildcard":"é\\\\é"}]}', 'Invalid escape character at pos 3', 25],
  ['{"a":[{"wildcard":"é\\\\"}]}', 'Invalid escape character at pos 3', 24],
];

const NUMERIC: readonly Refused[] = [
  ['{"a":[{"numeric":5}]}', 'Value of numeric must be an array.', 19],
  ['{"a":[{"numeric":[5]}]}', 'Invalid member in numeric match: 5', 20],
  ['{"a":[{"numeric":["==",5]}]}', 'Unrecognized numeric range operator: ==', 25],
  ['{"a":[{"numeric":["=","5"]}]}', 'Value of equals must be numeric', 24],
  ['{"a":[{"numeric":["<",5,">",1]}]}', 'Too many elements in numeric expression', 26],
  ['{"a":[{"numeric":[">",5,6]}]}', 'Bad value in numeric range: 6', 26],
  ['{"a":[{"numeric":[">",5,">",6]}]}', 'Bad numeric range operator: >', 28],
  ['{"a":[{"numeric":[">",5,"<"]}]}', 'Value of < must be numeric', 29],
  ['{"a":[{"numeric":[">=",5,"<=",5.0]}]}', 'Bottom must be less than top', 35],
  ['{"a":[{"numeric":["=",5],"prefix":""}]}', 'Too many elements in numeric expression', 36],
  ['{"a":[{"numeric":["<",5000000001]}]}', 'Value must be between -5.0E9 and 5.0E9, inclusive', 34],
  ['{"a":[{"numeric":["=",1e-7]}]}', 'Only values upto 6 decimals are supported', 28],
];

const MIXED =
  'Inside anything but list, either all values are number or string, mixed type is not supported';
const ANYTHING_BUT: readonly Refused[] = [
  ['{"a":[{"anything-but":[]}]}', MIXED, 25],
  ['{"a":[{"anything-but":["x",1]}]}', MIXED, 30],
  [
    '{"a":[{"anything-but":true}]}',
    'Value of anything-but must be an array or single string/number value.',
    27,
  ],
  [
    '{"a":[{"anything-but":{"prefix":{"suffix":"x"}}}]}',
    'Value of anything-but must be an array or single string/number value.',
    34,
  ],
  ['{"a":[{"anything-but":{}}]}', 'Anything-But expression name not found', 25],
  ['{"a":[{"anything-but":{"cidr":"x"}}]}', 'Unsupported anything-but pattern: cidr', 32],
  ['{"a":[{"anything-but":{"prefix":""}}]}', 'Null prefix/suffix not allowed', 35],
  [
    '{"a":[{"anything-but":{"suffix":["x",1]}}]}',
    'prefix/suffix match pattern must be a string',
    39,
    39,
  ],
  [
    '{"a":[{"anything-but":{"wildcard":["x","**"]}}]}',
    'Consecutive wildcard characters at pos 1',
    45,
  ],
  [
    '{"a":[{"anything-but":[null]}]}',
    'Inside anything but list, start|null|boolean is not supported.',
    28,
    28,
  ],
  ['{"a":[{"anything-but":1e10}]}', 'Value must be between -5.0E9 and 5.0E9, inclusive'],
  ['{"a":[{"anything-but":[1e10]}]}', 'Value must be between -5.0E9 and 5.0E9, inclusive', 28],
];

const CIDR: readonly Refused[] = [
  ['{"a":[{"cidr":5}]}', 'prefix match pattern must be a string', 16],
  ['{"a":[{"cidr":"10.0.0.0"}]}', "Malformed CIDR, one '/' required"],
  ['{"a":[{"cidr":"10.0.0.0//8"}]}', "Malformed CIDR, one '/' required"],
  ['{"a":[{"cidr":"10.0.0.0/x"}]}', 'Malformed CIDR, mask bits must be an integer'],
  ['{"a":[{"cidr":"10.0.0.0/-1"}]}', 'Malformed CIDR, mask bits must not be negative'],
  ['{"a":[{"cidr":"10.0.0/8"}]}', 'Nonstandard IP address: 10.0.0'],
  ['{"a":[{"cidr":"10.0.0.256/8"}]}', 'Invalid IP address: 10.0.0.256'],
  ['{"a":[{"cidr":"1::2::3/8"}]}', 'Invalid IP address: 1::2::3'],
  ['{"a":[{"cidr":"10.0.0.0/32"}]}', 'IPv4 mask bits must be < 32'],
  ['{"a":[{"cidr":"::1/128"}]}', 'IPv6 mask bits must be < 128'],
];

const VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const SYNTAX: readonly Refused[] = [
  ['not json', `Unrecognized token 'not': was expecting ${VALUES}`, 4],
  [
    "{'a':[1]}",
    "Unexpected character (''' (code 39)): was expecting double-quote to start field name",
    2,
  ],
  [
    '{"a":[1],}',
    "Unexpected character ('}' (code 125)): was expecting double-quote to start field name",
    10,
  ],
  [
    '{"a" [1]}',
    "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value",
    6,
  ],
  [
    '{"a":[1 2]}',
    "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries",
    9,
  ],
  ['{"a":[.5]}', `Unexpected character ('.' (code 46)): expected a valid value ${VALUES}`, 7],
  ['{"a":[01]}', 'Invalid numeric value: Leading zeroes not allowed', 8],
  [
    '{"a":[1e]}',
    "Unexpected character (']' (code 93)) in numeric value: Exponent indicator not followed by a digit",
    9,
  ],
  ['{"a":["\\x"]}', "Unrecognized character escape 'x' (code 120)", 9],
  ['{"a":["x', 'Unexpected end-of-input: was expecting closing quote for a string value', 9],
];

const REFUSED = [STRUCTURE, OR, OPERANDS, NUMERIC, ANYTHING_BUT, CIDR, SYNTAX]
  .flat()
  .map(([pattern, reason, ...columns]) => ({ pattern, reason, columns }));

test.each(REFUSED)('refuses $pattern: $reason', ({ pattern, reason, columns }) => {
  const error = refusal(pattern);
  expect(error.reason).toBe(reason);
  const where = columns.map(
    (column) => `\n at [Source: (String)"${pattern}"; line: 1, column: ${column}]`,
  );
  expect(error.message).toBe(`Event pattern is not valid. Reason: ${reason}${where.join('')}`);
  expect(error.position?.column).toBe(columns[0]);
});

test('names the bracket that is left open or closed wrongly', () => {
  expect(refusal('{"a":[1}').reason).toBe(
    `Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)"{"a":[1}"; line: 1, column: 6])`,
  );
  expect(refusal('{"a":[1]').reason).toBe(
    `Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"a":[1]"; line: 1, column: 1])`,
  );
});

test('counts lines, and quotes 500 characters of the pattern', () => {
  const pattern = `{\r\n"${'x'.repeat(600)}":\n\t7}`;
  const error = refusal(pattern);
  expect(error.position).toEqual({ line: 3, column: 3 });
  expect(error.message).toContain(
    `"${pattern.slice(0, 500)}"[truncated 110 chars]; line: 3, column: 3]`,
  );
});

test('refuses what would take the parser or the matcher down', () => {
  expect(refusal('{"a":'.repeat(5000)).reason).toMatch(/^Document nesting depth \(1001\) exceeds/);
  const or = '"$or":[{"a":[1]},{"b":[1]},{"c":[1]}]';
  expect(refusal(`{${`${or},`.repeat(200)}${or}}`).reason).toBe(
    'Rule is too complex - $or gives more than 4096 combinations',
  );
});

test.each([
  [
    'empty operands',
    '{"a":[{"prefix":""},{"suffix":""},{"wildcard":""},{"equals-ignore-case":""},""]}',
  ],
  ['text behind the pattern', '{"a":[1]} and more'],
  ['a reserved name outside of $or', '{"numeric":{"cidr":["x"]}}'],
  ['a mask with empty parts behind it', '{"a":[{"cidr":"10.0.0.0/8/"}]}'],
  ['numbers that cannot be compared, as plain values', '{"a":[1e400,0.12345678]}'],
])('accepts %s', (_, pattern) => {
  expect(() => compilePattern(pattern)).not.toThrow();
});

function refusal(pattern: string): InvalidPatternError {
  try {
    compilePattern(pattern);
  } catch (error) {
    if (error instanceof InvalidPatternError) return error;
    throw error;
  }
  throw new Error(`the pattern was accepted: ${pattern}`);
}
