import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';

/** A pattern, and events as JSON texts that it matches and does not match. */
type Rule = readonly [pattern: string, matches: readonly string[], others: readonly string[]];

function holds(rules: Readonly<Record<string, Rule>>): void {
  test.each(Object.entries(rules))('%s', (_, [pattern, matches, others]) => {
    const compiled = compilePattern(pattern);
    for (const event of matches) expect(compiled.matches(event), event).toBe(true);
    for (const event of others) expect(compiled.matches(event), event).toBe(false);
  });
}

holds({
  'exists looks at leaves': [
    '{"a":[{"exists":true}]}',
    ['{"a":null}', '{"a":""}', '{"a":[null]}', '{"a":[[],0]}'],
    ['{"a":{}}', '{"a":[]}', '{"a":{"b":1}}', '{"a":[{}]}', '{}'],
  ],
  'anything-but holds if any value differs, and needs a value': [
    '{"a":[{"anything-but":["x","y"]}]}',
    ['{"a":["x","z"]}', '{"a":null}', '{"a":1}', '{"a":true}', '{"a":""}'],
    ['{"a":"x"}', '{"a":["x","y"]}', '{}', '{"a":[]}'],
  ],
  'anything-but of a number is about numbers': [
    '{"a":[{"anything-but":[1,2.0]}]}',
    ['{"a":"1"}', '{"a":3}', '{"a":9e99}'],
    ['{"a":1.0}', '{"a":2}'],
  ],
  'an empty prefix or suffix asks for a string': [
    '{"a":[{"prefix":""}],"b":[{"suffix":""}]}',
    ['{"a":"","b":"x"}'],
    ['{"a":1,"b":"x"}', '{"a":"","b":null}'],
  ],
  'case is folded character by character': [
    '{"a":[{"equals-ignore-case":"Straße"}]}',
    ['{"a":"STRASSE"}', '{"a":"stRaSSe"}', '{"a":"straße"}'],
    ['{"a":"strasse"}', '{"a":"straßen"}', '{"a":1}'],
  ],
  'also of a prefix and of a suffix': [
    '{"a":[{"prefix":{"equals-ignore-case":"Ab."}}],"b":[{"suffix":{"equals-ignore-case":".Ab"}}]}',
    ['{"a":"aB.c","b":"c.aB"}', '{"a":"AB.","b":".AB"}'],
    ['{"a":"abc","b":"c.ab"}', '{"a":"ab.","b":".ab."}'],
  ],
  'a wildcard matches nothing and line ends; a dot is a dot': [
    '{"a":[{"wildcard":"x*.y"}]}',
    ['{"a":"x.y"}', '{"a":"x\\n\\n.y"}', '{"a":"x.y.y"}'],
    ['{"a":"xy"}', '{"a":"x.yy"}', '{"a":".y"}', '{"a":1}'],
  ],
  'literals of a wildcard do not overlap': [
    '{"a":[{"wildcard":"ab*ba"}]}',
    ['{"a":"abba"}', '{"a":"ab-ba"}'],
    ['{"a":"aba"}', '{"a":"ab"}'],
  ],
  'stars and backslashes can be literal': [
    String.raw`{"a":[{"wildcard":"\\*\\\\*"}]}`,
    [String.raw`{"a":"*\\"}`, String.raw`{"a":"*\\x"}`],
    [String.raw`{"a":"x\\"}`, '{"a":"*"}'],
  ],
  'a block takes its addresses, host bits or not': [
    '{"a":[{"cidr":"10.1.2.3/15"}]}',
    ['{"a":"10.0.0.0"}', '{"a":"10.1.255.255"}', '{"a":"::ffff:a01:203"}'],
    ['{"a":"10.2.0.0"}', '{"a":"9.255.255.255"}', '{"a":"10.0.0.256"}', '{"a":"10.0.0"}'],
  ],
  'an address matches all its spellings, even as one of several matchers': [
    '{"a":["2001:db8::1","10.0.0.1"]}',
    ['{"a":"2001:DB8:0:0:0:0:0:1"}', '{"a":"10.0.0.01"}', '{"a":"0::ffff:a00:1"}'],
    ['{"a":"2001:db8::2"}', '{"a":"10.0.0.1/32"}'],
  ],
  'a string that only looks like an address is a string': [
    '{"a":["10.0.0.256","::g"]}',
    ['{"a":"10.0.0.256"}', '{"a":"::g"}'],
    ['{"a":"10.0.0.0256"}'],
  ],
  'but anything-but and exactly take an address by its letters': [
    '{"a":[{"anything-but":"::1"}],"b":[{"exactly":"::1"}]}',
    ['{"a":"0:0:0:0:0:0:0:1","b":"::1"}'],
    ['{"a":"::1","b":"::1"}', '{"a":"x","b":"0::1"}'],
  ],
});
