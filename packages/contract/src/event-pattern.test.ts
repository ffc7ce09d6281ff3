import { describe, expect, it } from 'vitest';
import { full, OrderPlaced, older } from './event-pattern.test-d.ts';
import { eventPattern } from './event-pattern.ts';
import { anythingBut, numeric, wildcard } from './pattern-matchers.ts';

describe('eventPattern', () => {
  it('asks for the contract and its current major', () => {
    expect(eventPattern(OrderPlaced)).toEqual({
      source: ['com.acme.orders'],
      'detail-type': ['OrderPlaced'],
      detail: { metadata: { version: [{ prefix: '2.' }] } },
    });
    expect(older.detail).toEqual({
      metadata: { version: [{ prefix: '1.' }] },
      data: { total: [1] },
    });
  });

  it('is the JSON that a rule takes', () => {
    expect(full).toEqual({
      source: ['com.acme.orders'],
      'detail-type': ['OrderPlaced'],
      detail: {
        metadata: {
          version: [{ prefix: '2.' }],
          producer: { service: ['checkout'] },
          replay: { name: [{ exists: false }] },
        },
        data: {
          totalCents: [{ numeric: ['>=', 50_000] }],
          currency: ['USD', 'CAD'],
          gift: [true],
          coupon: [null, { prefix: 'SUMMER-' }],
          customer: {
            id: [{ wildcard: 'c-*' }],
            address: { ip: [{ cidr: '10.0.0.0/24' }] },
          },
          items: { sku: [{ suffix: '-xl' }], qty: [{ numeric: ['>', 0, '<', 10] }, 99] },
          tags: [{ 'equals-ignore-case': 'vip' }, 'new'],
          payment: { kind: ['card'], last4: [{ exists: true }] },
          extra: { anything: ['goes'] },
          $or: [
            { orderId: [{ 'anything-but': { prefix: 'test-' } }] },
            { currency: [{ 'anything-but': ['USD'] }] },
          ],
        },
      },
      'replay-name': [{ exists: false }],
    });
    expect(JSON.parse(JSON.stringify(full))).toEqual(full);
  });

  it('leaves the version to a condition of its own', () => {
    const { detail } = eventPattern(OrderPlaced, { metadata: { version: ['2.1'] } });
    expect(detail).toEqual({ metadata: { version: ['2.1'] } });
  });

  it.each([
    [{ data: { orderId: [] } }, 'pattern.detail.data.orderId is empty'],
    [{ data: {} }, 'pattern.detail.data is empty'],
    [
      { data: { orderId: 'x' } },
      'pattern.detail.data.orderId must be an array of values or a matcher',
    ],
    [{ data: { $or: [{ orderId: ['x'] }] } }, 'pattern.detail.data.$or needs two filters or more'],
    [{ version: '9.0' }, 'OrderPlaced has no version 9.0: write one of 1.0, 2.0'],
    [
      { data: { orderId: ['x'.repeat(2000)] } },
      'the pattern of OrderPlaced must be at most 2048 characters, got 2',
    ],
  ])('refuses %j', (filter, message) => {
    expect(() => eventPattern(OrderPlaced, filter as never)).toThrow(message);
  });
});

describe('matchers', () => {
  it.each([
    [() => numeric('>', 5e9 + 1), 'numeric takes numbers from -5e9 to 5e9, got 5000000001'],
    [() => numeric('>', Number.NaN), 'numeric takes numbers from -5e9 to 5e9, got NaN'],
    [() => numeric('>=', 5, '<=', 5), "numeric's range must rise, got 5 to 5"],
    [() => wildcard('a**b'), "wildcard 'a**b' is not valid"],
    [() => wildcard('a\\b'), "wildcard 'a\\b' is not valid"],
  ])('refuse what EventBridge refuses', (make, message) => {
    expect(make).toThrow(message);
  });

  it('take what EventBridge takes', () => {
    expect(() => wildcard('\\\\a\\*b*')).not.toThrow();
    expect(() => anythingBut(1, 2)).not.toThrow();
  });
});
