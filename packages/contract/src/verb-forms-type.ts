import type {
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

// verb-forms.ts over again, for the compiler. Both read the lists of verbs.ts.

export type Split<
  Text extends string,
  By extends string,
> = Text extends `${infer Head}${By}${infer Tail}` ? Head | Split<Tail, By> : Text;
type WordsOf<Lists extends readonly string[]> = Split<Lists[number], ' '>;

type Irregular = Split<(typeof irregularVerbs)[number], ', '>;
type IrregularBase<Entry> = Entry extends `${infer Base} ${string}` ? Base : never;
type IrregularPast<Entry> = Entry extends `${string} ${infer Pasts}` ? Split<Pasts, ' '> : never;
type IrregularParticiple<Entry> = Entry extends `${string} ${string} ${infer Participle}`
  ? Participle
  : Entry extends `${string} ${infer Participle}`
    ? Participle
    : never;
type ParticipleOfIrregular = {
  [Entry in Irregular as IrregularBase<Entry>]: IrregularParticiple<Entry>;
};

type Prefix = WordsOf<typeof verbPrefixes>;
type Doubling = WordsOf<typeof doublingVerbs>;
type Noun = WordsOf<typeof nounVerbs>;
type Base = keyof ParticipleOfIrregular | Doubling | Noun | WordsOf<typeof regularVerbs>;
type Past = IrregularPast<Irregular> | WordsOf<typeof otherPasts> | WordsOf<typeof eedParticiples>;
type NotPast = WordsOf<typeof notParticiples>;
export type Particle = WordsOf<typeof particles>;
export type Follower = Particle | WordsOf<typeof prepositions> | `${string}ly`;

export type IsPast<Word> = Word extends Past
  ? true
  : Word extends NotPast | `${string}eed`
    ? false
    : Word extends `${Prefix}${IrregularPast<Irregular>}`
      ? true
      : Word extends `${infer _First}${infer _Second}${infer Rest}`
        ? Rest extends `${string}ed`
          ? true
          : false
        : false;

export type VerbKind<Word> = Word extends Noun
  ? 'noun'
  : Word extends Base | `${Prefix}${Base}`
    ? 'verb'
    : Word extends `${infer _First}${infer _Second}${infer _Third}${infer Rest}`
      ? Rest extends `${string}ize` | `${string}ify`
        ? 'verb'
        : 'none'
      : 'none';

type LastLetter<Word extends string> = Word extends `${infer Letter}${infer Rest}`
  ? Rest extends ''
    ? Letter
    : LastLetter<Rest>
  : never;
type Vowel = 'a' | 'e' | 'i' | 'o' | 'u';
/** The participle that the lists give, also through a prefix; never where they give none. */
type ListedParticiple<Verb extends string> = Verb extends keyof ParticipleOfIrregular
  ? ParticipleOfIrregular[Verb]
  : Verb extends Doubling
    ? `${Verb}${LastLetter<Verb>}ed`
    : never;
type PrefixedParticiple<Verb extends string, Front extends string = Prefix> = Front extends string
  ? Verb extends `${Front}${infer Rest}`
    ? ListedParticiple<Rest> extends infer Participle extends string
      ? `${Front}${Participle}`
      : never
    : never
  : never;
type RegularParticiple<Verb extends string> = Verb extends `${string}e`
  ? `${Verb}d`
  : Verb extends `${string}${Vowel}y`
    ? `${Verb}ed`
    : Verb extends `${infer Stem}y`
      ? `${Stem}ied`
      : `${Verb}ed`;
export type ParticipleOf<Verb extends string> = [ListedParticiple<Verb>] extends [never]
  ? [PrefixedParticiple<Verb>] extends [never]
    ? RegularParticiple<Verb>
    : PrefixedParticiple<Verb>
  : ListedParticiple<Verb>;
