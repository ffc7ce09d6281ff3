import { expect, test } from 'vitest';
import { compilePattern } from './compile-pattern.ts';
import { explain } from './explain.ts';

const event = {
  source: 'com.acme.orders',
  'detail-type': 'OrderPlaced',
  detail: {
    totalCents: 18900,
    tags: ['a', 'b', 'c', 'd'],
    lines: [
      { sku: 'A-1', count: 1 },
      { sku: 'B-2', count: 3 },
    ],
  },
};

test.each<[object, string, string]>([
  [
    { source: ['com.acme.orders'], 'detail-type': ['OrderPaid', { prefix: 'Invoice' }] },
    'detail-type',
    'Field "detail-type" must be "OrderPaid", or a string that starts with "Invoice", and is "OrderPlaced".',
  ],
  [
    { detail: { totalCents: [{ numeric: ['>', 20000, '<=', 30000] }] } },
    'detail.totalCents',
    'Field "detail.totalCents" must be a number of more than 20000 and at most 30000, and is 18900.',
  ],
  [
    { detail: { currency: ['USD'] } },
    'detail.currency',
    'Field "detail.currency" must be "USD", and the event has no value there.',
  ],
  [
    { detail: { tags: ['x'] } },
    'detail.tags',
    'Field "detail.tags" must be "x", and is "a", "b", "c" and 1 more.',
  ],
  [
    { source: [{ exists: false }] },
    'source',
    'Field "source" must be absent, and is "com.acme.orders".',
  ],
  [
    { detail: { lines: { count: [{ exists: false }] } } },
    'detail.lines.count',
    'Field "detail.lines.count" must be absent, and is 1, 3.',
  ],
  [
    { detail: { lines: { count: [3], sku: ['A-1'] } } },
    'detail.lines.sku',
    'Field "detail.lines.sku" matches by itself, but not in the same array element as "detail.lines.count".',
  ],
  [
    {
      $or: [
        { source: ['x'], region: ['y'] },
        { 'detail-type': [{ 'anything-but': ['OrderPlaced'] }] },
      ],
    },
    'detail-type',
    'Field "detail-type" must be anything but "OrderPlaced", and is "OrderPlaced"; the other alternative of $or did not match either.',
  ],
])('says why %j does not match', (pattern, path, sentence) => {
  const compiled = compilePattern(JSON.stringify(pattern));
  expect(explain(compiled, event)).toEqual({ matched: false, path, sentence });
  expect(compiled.matches(event)).toBe(false);
});

test('says so when the event matches', () => {
  const pattern = compilePattern('{"detail":{"lines":{"count":[3],"sku":["B-2"]}}}');
  expect(explain(pattern, JSON.stringify(event))).toEqual({
    matched: true,
    sentence: 'The event matches the pattern.',
  });
});

test('long values are cut', () => {
  const pattern = compilePattern('{"a":["x"]}');
  const explanation = explain(pattern, { a: 'y'.repeat(5000) });
  expect(explanation.sentence.length).toBeLessThan(200);
});
