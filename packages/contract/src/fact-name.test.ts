import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commands,
  facts,
  irregularParticiples,
  noFacts,
  noNames,
  versioned,
} from './fact-name.test-d.ts';
import { checkDetailType } from './fact-name.ts';

describe('checkDetailType', () => {
  it.each(facts)('takes %s', (name) => {
    expect(() => checkDetailType(name)).not.toThrow();
  });

  it('takes 200 irregular participles and more', () => {
    const words = irregularParticiples.join(' ').split(' ');
    expect(new Set(words).size).toBeGreaterThanOrEqual(200);
    for (const word of words) {
      const capital = word.charAt(0).toUpperCase() + word.slice(1);
      expect(() => checkDetailType(`Thing${capital}`), word).not.toThrow();
      expect(() => checkDetailType(`thing.${word}`), word).not.toThrow();
    }
  });

  it.each(Object.entries(commands))('answers %s with %s', (name, fact) => {
    expect(() => checkDetailType(name)).toThrow(
      `detailType '${name}' is a command: write the fact, '${fact}'`,
    );
    expect(() => checkDetailType(fact)).not.toThrow();
  });

  it.each(noFacts)('refuses %s', (name) => {
    expect(() => checkDetailType(name)).toThrow(
      `detailType '${name}' names no fact: write what happened in the past tense, such as 'OrderPlaced', or set factName: 'not-a-verb'`,
    );
  });

  it.each(Object.entries(versioned))('takes the version out of %s', (name, without) => {
    expect(() => checkDetailType(name)).toThrow(
      `detailType '${name}' carries a version: write '${without}' and keep the version in metadata`,
    );
    expect(() => checkDetailType(name, 'not-a-verb')).toThrow('carries a version');
  });

  it.each(noNames)('refuses %s as no name', (name) => {
    expect(() => checkDetailType(name)).toThrow(
      `detailType '${name}' is no name: write letters and digits, such as 'OrderPlaced' or 'order.placed'`,
    );
  });

  it('takes a domain word that is said to be one', () => {
    expect(() => checkDetailType('OrderNoShow', 'not-a-verb')).not.toThrow();
  });

  it.each([undefined, null, 7, ''])('refuses %s as missing', (name) => {
    expect(() => checkDetailType(name)).toThrow('detailType is missing');
  });

  it('refuses more than 128 characters', () => {
    expect(() => checkDetailType(`${'A'.repeat(122)}Placed`)).not.toThrow();
    expect(() => checkDetailType(`${'A'.repeat(123)}Placed`)).toThrow(
      'detailType must be at most 128 characters, got 129: shorten it',
    );
  });

  it('leads to a fact by its suggestions', () => {
    const word = fc.constantFrom(
      ...Object.keys(commands).flatMap((name) => name.split(/[._-]|(?=[A-Z])/)),
    );
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const name = words.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
        // One step for a name that a person would write; a heap of verbs may take another.
        let current = name;
        for (let step = 0; step < words.length; step += 1) {
          current = /write the fact, '(.*)'$/.exec(refusal(current) ?? '')?.[1] ?? current;
        }
        expect(refusal(current) ?? 'names no fact', name).toContain('names no fact');
      }),
    );
  });
});

function refusal(name: string): string | undefined {
  try {
    checkDetailType(name);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
