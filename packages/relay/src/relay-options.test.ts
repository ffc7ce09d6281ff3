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
    'checkpointIntervalMs must be 1 to 2147483647, got 0',
  ],
  [
    { source, publisher, drainTimeoutMs: Number.NaN },
    'drainTimeoutMs must be 0 to 2147483647, got NaN',
  ],
  [
    { source, publisher, maxInFlightBytes: 5 },
    'maxInFlightBytes must be 1048576 to 9007199254740991, got 5',
  ],
  [{ source, publisher, onPoison: 'skip' }, "onPoison must be 'dead-letter' or 'halt', got 'skip'"],
  [
    { source, publisher, checkpointIntervalMs: 3e9 },
    'checkpointIntervalMs must be 1 to 2147483647, got 3000000000',
  ],
  [
    { source, publisher, drainTimeout: 5 },
    'a relay has no option "drainTimeout"; did you mean drainTimeoutMs?',
  ],
  [
    { source, publisher, logger: console.log },
    'logger must have debug, info, warn and error, such as pino()',
  ],
  [
    { source, publisher, busCheckIntervalMs: 5 },
    'busCheckIntervalMs must be 1000 to 2147483647, got 5',
  ],
  [{ source, publisher, verifyBus: 'no' }, "verifyBus must be true or false, got 'no'"],
  [
    { source, publisher, retryBackoff: { cap: 5 } },
    'retryBackoff has no option "cap"; did you mean capMs?',
  ],
  [undefined, 'source must be a change source'],
  [{ source, publisher, onPoison: 'dead-letter' }, "onPoison 'dead-letter' needs deadLetters"],
])('refuses %o', (options, sentence) => {
  expect(() => defineRelay(options as RelayOptions)).toThrow(sentence);
});
