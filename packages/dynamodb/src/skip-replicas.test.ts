import { expect, test } from 'vitest';
import type { ItemCapture } from './capture-items.ts';
import type { ItemChange } from './item-change.ts';
import { skipReplicas } from './skip-replicas.ts';

const captured: string[] = [];
const capture: ItemCapture = {
  entities: [],
  capture: ({ id }) => {
    captured.push(id);
    return [];
  },
};

function change(id: string, region: string, images: Partial<ItemChange>): ItemChange {
  return {
    id,
    table: 'shop',
    operation: 'modify',
    keys: {},
    occurredAt: new Date(0),
    sequenceNumber: '1',
    region,
    ...images,
  };
}

function capturedBy(rule: Parameters<typeof skipReplicas>[1], changes: readonly ItemChange[]) {
  captured.length = 0;
  const skipping = skipReplicas(capture, rule);
  for (const each of changes) skipping.capture(each);
  return [...captured];
}

test('one region tells of all changes', () => {
  const changes = [change('eu', 'eu-west-1', {}), change('us', 'us-east-1', {})];
  expect(capturedBy({ emitIn: 'eu-west-1' }, changes)).toEqual(['eu']);
});

test('the region that wrote an item last tells of its change', () => {
  const changes = [
    change('written here', 'eu-west-1', { now: { home: 'eu-west-1' }, before: { home: 'us' } }),
    change('written there', 'eu-west-1', { now: { home: 'us-east-1' } }),
    change('removed, was from here', 'eu-west-1', { before: { home: 'eu-west-1' } }),
    change('removed, was from there', 'eu-west-1', { before: { home: 'us-east-1' } }),
    change('without the attribute', 'eu-west-1', { now: {} }),
  ];
  expect(capturedBy({ writtenIn: 'home' }, changes)).toEqual([
    'written here',
    'removed, was from here',
    'without the attribute',
  ]);
});

test.each([{}, { emitIn: '' }, { writtenIn: 1 }])('%j is no rule', (rule) => {
  expect(() => skipReplicas(capture, rule as never)).toThrow('skipReplicas needs');
});
