import type {
  Follower,
  IsPast,
  ParticipleOf,
  Particle,
  Split,
  VerbKind,
} from './verb-forms-type.ts';

// The rules of fact-name.ts over again, for names that are literals: the compiler's error
// is the sentence that run time would throw. One table of names, in fact-name.test-d.ts,
// holds both to the same answers.

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
