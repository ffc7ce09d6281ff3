import { expect, test } from 'vitest';
import { changedPaths } from './changed-paths.ts';
import { emptyRow } from './row-object.ts';

const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

test('a row holds columns of any name and nothing else', () => {
  const row = emptyRow();
  expect(names.filter((name) => name in row || row[name] !== undefined)).toEqual([]);
  for (const name of names) row[name] = name;
  expect(Object.keys(row)).toEqual(names);
  expect(JSON.stringify(row)).toBe(
    JSON.stringify(Object.fromEntries(names.map((name) => [name, name]))),
  );
});

test('rows are compared member by member', () => {
  const [before, now] = [emptyRow(), emptyRow()];
  before.address = Object.assign(emptyRow(), { city: 'Ulm', constructor: 1 });
  now.address = Object.assign(emptyRow(), { city: 'Ulm', constructor: 2 });
  expect(changedPaths(before, now)).toEqual(['address.constructor']);
});
