import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDefaultExport } from './load-default-export.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

const request = { kind: 'a relay config', example: 'export default defineRelay({ ... })' };

/** Loads a file of this name and content. */
async function loaded(name: string, content: string): Promise<object> {
  const file = join(folder, name);
  await writeFile(file, content);
  return loadDefaultExport({ ...request, file });
}

test.each([
  ['plain.ts', 'const a: number = 1; export default { a };'],
  ['plain.mjs', 'export default { a: 1 };'],
  ['plain.cjs', 'module.exports = { a: 1 };'],
  ['written.cts', 'module.exports = { a: 1 as number };'],
  ['transpiled.cjs', 'exports.__esModule = true; exports.default = { a: 1 };'],
  ['plain.json', '{ "a": 1 }'],
])('%s: its default export is found', async (name, content) => {
  expect(await loaded(name, content)).toMatchObject({ a: 1 });
});

test.each([
  ['named.ts', 'export const relay = { a: 1 };'],
  ['named.mjs', 'export const relay = { a: 1 };'],
  ['empty.ts', ''],
  ['undefined.ts', 'export default undefined;'],
])('%s has no default export', async (name, content) => {
  await expect(loaded(name, content)).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: `${join(folder, name)} has no default export; write \`export default defineRelay({ ... })\``,
  });
});

test.each([
  ['number.ts', 'export default 5;', 'is a number'],
  ['number.mjs', 'export default 5;', 'is a number'],
  ['function.ts', 'export default () => ({ a: 1 });', 'is a function'],
  ['class.mjs', 'export default class Relay {}', 'is a function'],
  ['text.ts', "export default 'relay';", 'is a string'],
  ['list.ts', 'export default [{ a: 1 }];', 'is a list'],
  ['null.ts', 'export default null;', 'is null'],
])('%s has a default export of another kind', async (name, content, what) => {
  await expect(loaded(name, content)).rejects.toMatchObject({
    name: 'ConfigurationError',
    message: `the default export of ${join(folder, name)} ${what}; write \`export default defineRelay({ ... })\``,
  });
});

test('a promise is to be awaited', async () => {
  await expect(loaded('promise.ts', 'export default Promise.resolve({});')).rejects.toThrow(
    'is a promise; await it, as in `export default await defineRelay({ ... })`',
  );
});

test.each([
  ['syntax.ts', "export default {\n  password: 'S3CRET' as,\n", /: ParseError: .*\(line \d\)$/],
  ['throws.ts', "throw new Error('no DATABASE_URL\\nsecond line');", /: no DATABASE_URL$/],
  ['throws.mjs', "throw 'text';", /: text$/],
  ['import.ts', "export { default } from './nowhere.ts';", /: Cannot find module '.\/nowhere.ts'$/],
  ['package.mjs', "export { default } from 'nowhere';", /: Cannot find package 'nowhere' imported/],
])('%s cannot be loaded: one line, with nothing of the file', async (name, content, sentence) => {
  const failure = await loaded(name, content).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name: 'ConfigurationError' });
  const { message } = failure as Error;
  expect(message).toMatch(sentence);
  expect(message).toContain(`cannot load ${join(folder, name)}`);
  expect(message).not.toMatch(/\n|S3CRET/);
});

test('refusals of what the file itself configures are passed on', async () => {
  const content = "const e = new Error('slot must be …'); e.name = 'ConfigurationError'; throw e;";
  await expect(loaded('refused.ts', content)).rejects.toThrow(/^slot must be …$/);
});

test.each(['nowhere.ts', 'a-folder', ''])('"%s" is no file', async (name) => {
  await mkdir(join(folder, 'a-folder'), { recursive: true });
  await expect(loadDefaultExport({ ...request, file: join(folder, name) })).rejects.toThrow(
    `there is no file ${join(folder, name).replace(/\/$/, '')}; give the path of a relay config`,
  );
});
