import { expect, test } from 'vitest';
import { PollPace } from './poll-pace.ts';

test('an idle outbox is looked at less and less often, down to the bound', () => {
  const pace = new PollPace(10, 100);
  expect(Array.from({ length: 6 }, () => pace.after('nothing'))).toEqual([
    10, 20, 40, 80, 100, 100,
  ]);
});

test('a full outbox is read without a pause, one with some rows soon', () => {
  const pace = new PollPace(10, 100);
  for (let i = 0; i < 5; i++) pace.after('nothing');
  expect(pace.after('full')).toBe(0);
  expect(pace.after('some')).toBe(10);
  expect(pace.after('nothing')).toBe(10);
});

test('a notification makes looks frequent again', () => {
  const pace = new PollPace(10, 100);
  for (let i = 0; i < 5; i++) pace.after('nothing');
  pace.hurry();
  expect(pace.after('nothing')).toBe(10);
});
