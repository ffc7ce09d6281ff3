import { expect, test } from 'vitest';
import { defineRelay, type RelayOptions } from './relay-options.ts';

const source = { read: () => {} } as unknown as RelayOptions['source'];
const publisher = { publishSettled: () => {} } as unknown as RelayOptions['publisher'];

test('every field is present and the object is frozen', () => {
  const settings = defineRelay({ source, publisher });
  expect(settings).toMatchObject({
    maxInFlightBytes: 8 * 1024 * 1024,
    checkpointIntervalMs: 100,
    drainTimeoutMs: 25_000,
    onPoison: 'halt',
  });
  expect(Object.isFrozen(settings)).toBe(true);
});

test('dead letters are used where they are given, unless poison is to halt', () => {
  const deadLetters = { park: async () => {} };
  const parking = defineRelay({ source, publisher, deadLetters });
  expect(parking).toMatchObject({ onPoison: 'dead-letter', deadLetters });
  const halting = defineRelay({ source, publisher, deadLetters, onPoison: 'halt' });
  expect(halting).toMatchObject({ onPoison: 'halt', deadLetters: undefined });
});

test.each([
  [{ publisher }, 'source must be a change source'],
  [{ source }, 'publisher must be one such as eventBridgePublisher'],
  [
    { source, publisher, checkpointIntervalMs: 0 },
    'checkpointIntervalMs must be a number of at least 1, got 0',
  ],
  [
    { source, publisher, drainTimeoutMs: Number.NaN },
    'drainTimeoutMs must be a number of at least 0, got NaN',
  ],
  [
    { source, publisher, maxInFlightBytes: 5 },
    'maxInFlightBytes must be a number of at least 1048576, got 5',
  ],
  [{ source, publisher, onPoison: 'skip' }, "onPoison must be 'dead-letter' or 'halt', got 'skip'"],
  [{ source, publisher, onPoison: 'dead-letter' }, "onPoison 'dead-letter' needs deadLetters"],
])('refuses %o', (options, sentence) => {
  expect(() => defineRelay(options as RelayOptions)).toThrow(sentence);
});
