/**
 * What it costs to match a request of ten entries of 500 bytes against 10, 100
 * and 300 rules: `npx vitest bench test/benchmark/event-patterns.bench.ts`.
 * The mean is in milliseconds a request; the summary gives the ratios. If the
 * cost grew with the number of rules, 10 would be 30 times faster than 300.
 */
import { bench, describe } from 'vitest';
import { compilePattern } from '../../packages/local/src/pattern/compile-pattern.ts';
import { ruleIndex } from '../../packages/local/src/pattern/rule-index.ts';

const SOURCES = 12;
const TYPES = 150;

/** Sets of rules by what tells them apart. */
const families: Readonly<Record<string, (n: number) => object>> = {
  'source and detail-type, most with a condition on the detail': (n) => ({
    source: [`com.acme.service${n % SOURCES}`],
    'detail-type': [`Fact${n % TYPES}`],
    ...detailOf(n),
  }),
  'one source and detail-type, an exact value in the detail': (n) => ({
    source: ['com.acme.service1'],
    'detail-type': ['Fact1'],
    detail: { data: { customer: [`customer-${n}`] } },
  }),
  'conditions alone: a shared prefix of the source, an own wildcard': (n) => ({
    source: [{ prefix: 'com.acme.' }],
    detail: { data: { note: [{ wildcard: `*-${n}-*` }] } },
  }),
};

const request = Array.from({ length: 10 }, (_, n) => eventText(n * 7));

for (const [name, patternOf] of Object.entries(families)) {
  describe(name, () => {
    for (const rules of [10, 100, 300]) {
      const index = ruleIndex();
      for (let n = 0; n < rules; n++) {
        index.add(`rule-${n}`, compilePattern(JSON.stringify(patternOf(n))));
      }
      bench(`${rules} rules`, () => {
        for (const event of request) index.match(event);
      });
    }
  });
}

function detailOf(n: number): object {
  const data = [
    undefined,
    { totalCents: [{ numeric: ['>', n, '<=', n + 20_000] }] },
    { customer: [{ 'anything-but': { prefix: 'test-' } }] },
    { lines: { sku: [{ prefix: 'A' }], count: [{ numeric: ['>', 1] }] } },
    { $or: [{ currency: ['USD', 'CAD'] }, { address: [{ cidr: '10.0.0.0/8' }] }] },
  ][n % 5];
  return data === undefined ? {} : { detail: { data } };
}

function eventText(n: number): string {
  const data = {
    orderId: `order-${n}`,
    customer: `customer-${n}`,
    totalCents: 18_900 + n,
    currency: 'USD',
    address: '10.1.2.3',
    note: `left at the door-${n}-`,
    lines: [
      { sku: 'A-1', count: 1 },
      { sku: 'B-2', count: 3 },
    ],
  };
  const text = JSON.stringify({
    version: '0',
    id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
    'detail-type': `Fact${n % TYPES}`,
    source: `com.acme.service${n % SOURCES}`,
    account: '123456789012',
    time: '2026-06-07T02:00:00Z',
    region: 'eu-central-1',
    resources: [],
    detail: { metadata: { eventId: '01KTFWXW80H7V2M9RTB6WCN5DE', version: '1.0' }, data },
  });
  return text.padEnd(500);
}
