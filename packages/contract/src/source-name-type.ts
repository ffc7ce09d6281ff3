import type { Split } from './verb-forms-type.ts';

type LabelCharacter = Split<
  'a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9',
  ' '
>;

/** True for reverse-DNS with two labels or more; also for what is no literal. */
type IsReverseDns<
  Text extends string,
  Before extends string = '.',
  Dotted extends boolean = false,
> = string extends Text
  ? true
  : Text extends `${infer Character}${infer Rest}`
    ? Character extends LabelCharacter
      ? IsReverseDns<Rest, Character, Dotted>
      : Character extends '-'
        ? Before extends '.'
          ? false
          : IsReverseDns<Rest, '-', Dotted>
        : Character extends '.'
          ? Before extends '.' | '-'
            ? false
            : IsReverseDns<Rest, '.', true>
          : false
    : Before extends '.' | '-'
      ? false
      : Dotted;

/**
 * The source itself, where it is a literal without a fault or no literal at all; otherwise
 * the sentence that says what to write: the rules of source-name.ts for the compiler.
 */
export type CheckedSource<Source extends string> = Source extends ''
  ? "source is missing: write a namespace you own, such as 'com.acme.orders'"
  : Source extends 'aws' | `aws.${string}`
    ? `source '${Source}' belongs to AWS: write a namespace you own, such as 'com.acme.orders'`
    : IsReverseDns<Source> extends true
      ? Source
      : `source '${Source}' is not reverse-DNS: write two or more lower-case labels joined by dots, such as 'com.acme.orders'`;
