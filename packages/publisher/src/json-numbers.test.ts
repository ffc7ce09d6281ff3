import { expect, it } from 'vitest';
import { hasUnsafeNumber } from './json-numbers.ts';

it.each([
  ['{"id":12345678901234567890}', true],
  ['[-9007199254740993]', true],
  ['{"x":0.12345678901234567891}', true],
  ['{"id":9007199254740991}', false],
  ['{"x":0.1,"y":1e21,"z":-0.5,"w":1.0}', false],
  ['{"x":0.30000000000000004}', false],
  ['{"id":"12345678901234567890","q":"\\"12345678901234567890"}', false],
])('%s: %s', (json, unsafe) => {
  expect(hasUnsafeNumber(json)).toBe(unsafe);
});

it.each([
  ['letters', 'x'],
  ['quotes', '"'],
  ['backslashes', '\\'],
])('takes a text of megabytes of %s', (_, character) => {
  const text = JSON.stringify(character.repeat(3_000_000));
  expect(hasUnsafeNumber(`{"text":${text},"id":9007199254740993}`)).toBe(true);
  expect(hasUnsafeNumber(`{"id":1,"text":${text}}`)).toBe(false);
});
