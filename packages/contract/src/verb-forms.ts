import {
  doublingVerbs,
  eedParticiples,
  irregularVerbs,
  notParticiples,
  nounVerbs,
  otherPasts,
  particles,
  prepositions,
  regularVerbs,
  verbPrefixes,
} from './verbs.ts';

function wordsOf(lists: readonly string[]): string[] {
  return lists.join(' ').split(' ');
}

interface Verbs {
  /** Base form -> participle, for the verbs that do not just take `-ed`. */
  readonly participles: ReadonlyMap<string, string>;
  /** Irregular pasts, which a prefix may go before. */
  readonly irregular: ReadonlySet<string>;
  /** Pasts that stand alone. */
  readonly pasts: ReadonlySet<string>;
  readonly bases: ReadonlySet<string>;
  readonly nouns: ReadonlySet<string>;
  readonly notPasts: ReadonlySet<string>;
  readonly particles: ReadonlySet<string>;
  readonly followers: ReadonlySet<string>;
}

function readVerbs(): Verbs {
  const irregular = irregularVerbs
    .join(', ')
    .split(', ')
    .map((entry) => entry.split(' ') as [string, ...string[]]);
  const pasts = irregular.flatMap(([, ...forms]) => forms);
  const doubling = wordsOf(doublingVerbs);
  const nouns = wordsOf(nounVerbs);
  const particleWords = wordsOf(particles);
  return {
    participles: new Map([
      ...irregular.map(([base, ...pasts]) => [base, pasts.at(-1) ?? base] as const),
      ...doubling.map((base) => [base, `${base}${base.at(-1)}ed`] as const),
    ]),
    irregular: new Set(pasts),
    pasts: new Set([...pasts, ...wordsOf(otherPasts), ...wordsOf(eedParticiples)]),
    bases: new Set([
      ...irregular.map(([base]) => base),
      ...doubling,
      ...nouns,
      ...wordsOf(regularVerbs),
    ]),
    nouns: new Set(nouns),
    notPasts: new Set(wordsOf(notParticiples)),
    particles: new Set(particleWords),
    followers: new Set([...particleWords, ...wordsOf(prepositions)]),
  };
}

let read: Verbs | undefined;

/** Read at the first use, not at the import: a cold start need not pay for it. */
function verbs(): Verbs {
  read ??= readVerbs();
  return read;
}

/** `rebuild` -> `re`, where what follows is among the words. */
function prefixOf(word: string, rests: { has(rest: string): boolean }): string | undefined {
  return wordsOf(verbPrefixes).find(
    (prefix) => word.startsWith(prefix) && rests.has(word.slice(prefix.length)),
  );
}

/** Whether a word is a participle or another past: `placed`, `sent`, `began`. */
export function isPast(word: string): boolean {
  const { pasts, irregular, notPasts } = verbs();
  if (pasts.has(word)) return true;
  if (notPasts.has(word) || word.endsWith('eed')) return false;
  return (word.endsWith('ed') && word.length > 3) || prefixOf(word, irregular) !== undefined;
}

/** `noun` is a verb that is a noun as well, so that it may be what a name is about. */
export function verbKind(word: string | undefined): 'verb' | 'noun' | 'none' {
  const { nouns, bases } = verbs();
  if (word === undefined) return 'none';
  if (nouns.has(word)) return 'noun';
  const isVerb =
    bases.has(word) || /...(?:ize|ify)$/.test(word) || prefixOf(word, bases) !== undefined;
  return isVerb ? 'verb' : 'none';
}

/** `place` -> `placed`, `send` -> `sent`, `ship` -> `shipped`, `notify` -> `notified` */
export function participleOf(base: string): string {
  const { participles } = verbs();
  const prefix = participles.has(base) ? '' : (prefixOf(base, participles) ?? '');
  const irregular = participles.get(base.slice(prefix.length));
  if (irregular !== undefined) return prefix + irregular;
  if (base.endsWith('e')) return `${base}d`;
  if (/[^aeiou]y$/.test(base)) return `${base.slice(0, -1)}ied`;
  return `${base}ed`;
}

/** Whether a word is an adverb that belongs to a verb: the `up` of `sign up`. */
export function isParticle(word: string): boolean {
  return verbs().particles.has(word);
}

/** Whether a word may follow a participle, so that what is before it is a fact. */
export function isFollower(word: string): boolean {
  return verbs().followers.has(word) || word.endsWith('ly');
}
