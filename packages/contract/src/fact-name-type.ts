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

// The rules of fact-name.ts over again, for names that are literals: the compiler's error
// is the sentence that run time would throw. Both read the lists of verbs.ts, and one table
// of names in fact-name-cases.ts holds them to the same answers.

type Split<Text extends string, By extends string> = Text extends `${infer Head}${By}${infer Tail}`
  ? Head | Split<Tail, By>
  : Text;
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
type Particle = WordsOf<typeof particles>;
type Follower = Particle | WordsOf<typeof prepositions> | `${string}ly`;

type Lower = Split<'a b c d e f g h i j k l m n o p q r s t u v w x y z', ' '>;
type Upper = Uppercase<Lower>;
type Digit = Split<'0 1 2 3 4 5 6 7 8 9', ' '>;
type Separator = '.' | '_' | ' ' | '-';

type Push<Words extends string[], Word extends string> = Word extends '' ? Words : [...Words, Word];

/** `OrderPlaced` -> `['Order', 'Placed']`; false for what is no name, true for no literal. */
type NameWords<
  Name extends string,
  Word extends string = '',
  Words extends string[] = [],
> = string extends Name
  ? true
  : Name extends `${infer Character}${infer Rest}`
    ? Character extends Lower
      ? NameWords<Rest, `${Word}${Character}`, Words>
      : Character extends Upper
        ? NameWords<Rest, Character, Push<Words, Word>>
        : Character extends Digit
          ? Word extends ''
            ? Words extends []
              ? false
              : NameWords<Rest, Character, Words>
            : NameWords<Rest, `${Word}${Character}`, Words>
          : Character extends Separator
            ? Word extends ''
              ? false
              : NameWords<Rest, '', [...Words, Word]>
            : false
    : Word extends ''
      ? false
      : [...Words, Word];

type IsPast<Word> = Word extends Past
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

type VerbKind<Word> = Word extends Noun
  ? 'noun'
  : Word extends Base | `${Prefix}${Base}`
    ? 'verb'
    : Word extends `${infer _First}${infer _Second}${infer _Third}${infer Rest}`
      ? Rest extends `${string}ize` | `${string}ify`
        ? 'verb'
        : 'none'
      : 'none';

type IsFact<Words extends string[], First extends string = Words[0]> = Words extends [
  infer Word extends string,
  ...infer Rest extends string[],
]
  ? Rest extends [infer Next extends string, ...string[]]
    ? IsPast<Word> extends true
      ? Next extends Follower
        ? true
        : IsFact<Rest, First>
      : IsFact<Rest, First>
    : IsPast<Word> extends true
      ? ParticipleOf<Word> extends Word
        ? First extends Word
          ? true
          : VerbKind<First> extends 'verb'
            ? false
            : true
        : true
      : false
  : false;

type LowerCased<Words extends string[]> = { [Index in keyof Words]: Lowercase<Words[Index]> };

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
type ParticipleOf<Verb extends string> = [ListedParticiple<Verb>] extends [never]
  ? [PrefixedParticiple<Verb>] extends [never]
    ? RegularParticiple<Verb>
    : PrefixedParticiple<Verb>
  : ListedParticiple<Verb>;

type SeparatorOf<Name> = Name extends `${string}.${string}`
  ? '.'
  : Name extends `${string}_${string}`
    ? '_'
    : Name extends `${string}-${string}`
      ? '-'
      : Name extends `${string} ${string}`
        ? ' '
        : '';
type Join<Words extends string[], By extends string> = Words extends [
  infer Word extends string,
  ...infer Rest extends string[],
]
  ? Rest extends []
    ? Word
    : `${Word}${By}${Join<Rest, By>}`
  : '';

/** The participle in the verb's own case: `Place` -> `Placed`, `place` -> `placed`. */
type PastLike<Verb extends string> = Verb extends `${Upper}${string}`
  ? Capitalize<ParticipleOf<Lowercase<Verb>>>
  : ParticipleOf<Lowercase<Verb>>;

/** `['Sign', 'Up', 'User']` -> `['User', 'Signed', 'Up']` */
type FromFirst<Words extends string[]> = Words extends [
  infer Verb extends string,
  infer Second extends string,
  ...infer Rest extends string[],
]
  ? Lowercase<Second> extends Particle
    ? [...Rest, PastLike<Verb>, Second]
    : [Second, ...Rest, PastLike<Verb>]
  : [PastLike<Words[0]>];

/** `['Order', 'Ship']` -> `['Order', 'Shipped']`, `['User', 'Sign', 'Up']` likewise */
type FromTail<Words extends string[]> = Words extends [
  ...infer Rest extends string[],
  infer Verb extends string,
  infer Last extends string,
]
  ? Lowercase<Last> extends Particle
    ? [...Rest, PastLike<Verb>, Last]
    : [...Rest, Verb, PastLike<Last>]
  : never;

type TailOf<Words extends string[]> = Words extends [...string[], infer Verb, infer Last]
  ? Last extends Particle
    ? Verb
    : Last
  : Words[0];

/** The words of the fact that a command asks for; undefined where no verb is known. */
type Suggestion<Words extends string[], Lower extends string[]> =
  VerbKind<Lower[0]> extends infer AtFirst
    ? VerbKind<TailOf<Lower>> extends infer AtTail
      ? [AtFirst, AtTail] extends ['none', 'none']
        ? undefined
        : AtFirst extends 'verb'
          ? FromFirst<Words>
          : [AtFirst, AtTail] extends ['noun', 'noun' | 'none']
            ? FromFirst<Words>
            : FromTail<Words>
      : never
    : never;

type WithoutEvent<Words extends string[]> = Words extends [
  ...infer Rest extends string[],
  infer Last,
]
  ? Last extends 'Event' | 'event'
    ? IsFact<LowerCased<Rest>> extends true
      ? Rest
      : undefined
    : undefined
  : undefined;

type NoFact<Name extends string> =
  `detailType '${Name}' names no fact: write what happened in the past tense, such as 'OrderPlaced', or set factName: 'not-a-verb'`;

type NotAFact<Name extends string, Words extends string[]> = (
  WithoutEvent<Words> extends infer Fact extends string[]
    ? Fact
    : Suggestion<Words, LowerCased<Words>>
) extends infer Fact
  ? Fact extends string[]
    ? Join<Fact, SeparatorOf<Name>> extends Name
      ? NoFact<Name>
      : `detailType '${Name}' is a command: write the fact, '${Join<Fact, SeparatorOf<Name>>}'`
    : NoFact<Name>
  : never;

type VersionWord = `v${number}` | `V${number}`;

/** The capital in front tells the `V6` of `IPV6Enabled` from a version. */
type HasVersion<Words extends string[], Before extends string = ''> = Words extends [
  infer Word extends string,
  ...infer Rest extends string[],
]
  ? Word extends VersionWord
    ? Before extends Upper
      ? HasVersion<Rest, Word>
      : true
    : HasVersion<Rest, Word>
  : false;

/** What is left of a version in front of the text: `1.2.Sent` -> `.Sent` */
type DropNumbers<Text extends string> = Text extends `${Digit}${infer Rest}`
  ? DropNumbers<Rest>
  : Text extends `${Separator}${Digit}${infer Rest}`
    ? DropNumbers<Rest>
    : Text;
type DropSeparator<Text extends string> = Text extends `${Separator}${infer Rest}` ? Rest : Text;

/** `OrderPlacedV2`, `OrderPlaced.v2` and `V2OrderPlaced` -> `OrderPlaced` */
type WithoutVersion<Name extends string> = Name extends `${'v' | 'V'}${Digit}${infer Tail}`
  ? DropSeparator<DropNumbers<Tail>>
  : Name extends `${infer Head}${Separator}${'v' | 'V'}${Digit}${infer Tail}`
    ? `${Head}${DropNumbers<Tail>}`
    : Name extends `${infer Head}V${Digit}${infer Tail}`
      ? `${Head}${DropNumbers<Tail>}`
      : Name;

/**
 * The name itself, where it is a literal without a fault or no literal at all; otherwise the
 * sentence that says what to write, which no name satisfies.
 */
export type CheckedName<Name extends string, Rule> =
  NameWords<Name> extends infer Words
    ? Words extends string[]
      ? HasVersion<Words> extends true
        ? `detailType '${Name}' carries a version: write '${WithoutVersion<Name>}' and keep the version in metadata`
        : Rule extends 'not-a-verb'
          ? Name
          : IsFact<LowerCased<Words>> extends true
            ? Name
            : NotAFact<Name, Words>
      : Words extends true
        ? Name
        : Name extends ''
          ? "detailType is missing: name the fact, such as 'OrderPlaced'"
          : `detailType '${Name}' is no name: write letters and digits, such as 'OrderPlaced' or 'order.placed'`
    : never;
