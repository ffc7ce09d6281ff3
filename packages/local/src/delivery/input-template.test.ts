import { expect, test } from 'vitest';
import { fillTemplate, templateVariables } from './input-template.ts';

test('what was filled in before does not change which variables are found', () => {
  const long = `{"a":<first>,"text":"${'x'.repeat(50)} <second>"}`;
  for (const _round of [1, 2]) {
    expect(templateVariables('{"b":<third>}')).toEqual(['third']);
    expect(fillTemplate(long, () => '1')).toBe(
      long.replace('<first>', '1').replace('<second>', '1'),
    );
    expect(templateVariables(long)).toEqual(['first', 'second']);
  }
});

test.each([
  ['<a>', '9007199254740993', '9007199254740993'],
  ['"<a>"', '1.10', '"1.10"'],
  ['"say \\"<a>\\""', '"x\\"y"', '"say \\"x\\"y\\""'],
  ['"<a>"', '{"k":"v"}', '"{k:v}"'],
  ['<a>', undefined, '""'],
  ['"<a>"', undefined, '""'],
  ['"\\\\<a>"', '1', '"\\\\1"'],
  ['<a b> <', '1', '<a b> <'],
])('%s with %s gives %s', (template, json, filled) => {
  expect(fillTemplate(template, () => json)).toBe(filled);
});
