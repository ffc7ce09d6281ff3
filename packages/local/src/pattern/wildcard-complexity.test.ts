import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { parseWildcard, type Wildcard } from './wildcard.ts';
import { wildcardComplexity } from './wildcard-complexity.ts';

// The quotes around a string count as characters: of ["*"] the value "" matches two beginnings.
test.each([
  [['abc'], 1],
  [['*'], 2],
  [['a*bb'], 3],
  [['*aba*'], 4],
  [['a*b*cd'], 3],
  [['*abc', '*abcde'], 4],
  [['a*aaa', 'aa*aa'], 7],
  [['ab*cd', 'ab*wx', 'ab*yz'], 6],
  [['*a*a*a*a*a*a*a*a*'], 17],
  [['F*eatureFeature', 'Fe*atureFeature', 'Fea*tureFeature'], 10],
  // Characters that share their first byte share a beginning.
  [['*日', '*本'], 4],
])('of %j is %i', (texts, expected) => {
  const wildcards = texts.map((text) => [parseWildcard(text) as Wildcard]);
  expect(wildcardComplexity(wildcards, 100)).toBe(expected);
});

test('the wildcards of one pattern share their beginnings up to the first star', () => {
  const wildcards = ['*.jpg', '*.png', '*.gif'].map((text) => parseWildcard(text) as Wildcard);
  expect(wildcardComplexity([wildcards], 100)).toBe(4);
  expect(
    wildcardComplexity(
      wildcards.map((wildcard) => [wildcard]),
      100,
    ),
  ).toBe(6);
});

const TOO_COMPLEX =
  'Event pattern is not valid. Reason: Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character';

test.each([
  [
    {
      a: [
        { wildcard: '*.bif' },
        { wildcard: '*.tiff' },
        { wildcard: '*.tif' },
        { wildcard: '*.svs' },
      ],
    },
  ],
  [{ a: [{ wildcard: '*:stack/A/*' }, { wildcard: '*:stack/B/*' }, { wildcard: '*:stack/C/*' }] }],
  [{ a: [{ wildcard: '*a*a*a*aaa' }], b: [{ wildcard: '*a*a*a*aaa' }] }],
])('a pattern as simple as %j is accepted', (pattern) => {
  expect(() => compilePattern(JSON.stringify(pattern))).not.toThrow();
});

test.each([
  [{ a: [{ wildcard: '*:*:*:*:*:event-bus/*' }] }],
  [{ a: [{ wildcard: '*a*a*a*aaaa' }] }],
  [{ a: [{ 'anything-but': { wildcard: '*:*:*:*:*:event-bus/*' } }] }],
  [{ a: ['A', 'B', 'C', 'D'].map((name) => ({ wildcard: `*:stack/${name}/*` })) }],
  [{ $or: ['A', 'B', 'C', 'D'].map((name) => ({ a: [{ wildcard: `*:stack/${name}/*` }] })) }],
])('a pattern as complex as %j is refused, as the service does', (pattern) => {
  expect(() => compilePattern(JSON.stringify(pattern))).toThrow(TOO_COMPLEX);
});
