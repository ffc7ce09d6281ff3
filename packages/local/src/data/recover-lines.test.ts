import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createOperationLog } from './operation-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidings-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const operation = (name: string) => ({
  at: 1,
  service: 'events',
  op: 'PutRule',
  account: '000000000000',
  region: 'us-east-1',
  input: { Name: name },
});

test('a line that is no JSON is told with its number', () => {
  const file = join(folder, 'operations.jsonl');
  writeFileSync(file, `${JSON.stringify(operation('first'))}\n\0\0\0\n`);
  expect(() => createOperationLog(file).read()).toThrow(
    `Line 2 of ${file} is not JSON. Remove the line, or the file to begin anew.`,
  );
});

test('a log that was cut at any byte keeps its whole lines and takes further ones', () => {
  const file = join(folder, 'operations.jsonl');
  const log = createOperationLog(file);
  for (const name of ['first', 'zweite Größe 🚀', 'third']) log.append(operation(name));
  const bytes = readFileSync(file);
  const ends = [...bytes.keys()].filter((at) => bytes[at] === 0x0a);
  for (let length = 0; length <= bytes.length; length += 1) {
    writeFileSync(file, bytes.subarray(0, length));
    const reopened = createOperationLog(file);
    // A line is whole where nothing but its end is missing.
    const whole = ends.filter((end) => end <= length).length;
    expect(reopened.read()).toHaveLength(whole);
    reopened.append(operation('later'));
    const names = createOperationLog(file)
      .read()
      .map(({ input }) => (input as { readonly Name: string }).Name);
    expect(names).toEqual([...['first', 'zweite Größe 🚀', 'third'].slice(0, whole), 'later']);
  }
});
