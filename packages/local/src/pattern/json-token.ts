/** What {@link JsonTokens} gives out. Small numbers, because they are compared for every token. */
export const Token = {
  end: 0,
  objectStart: 1,
  objectEnd: 2,
  arrayStart: 3,
  arrayEnd: 4,
  name: 5,
  string: 6,
  number: 7,
  true: 8,
  false: 9,
  null: 10,
} as const;
export type Token = (typeof Token)[keyof typeof Token];

/** The text of the tokens that are always written alike. */
export const FIXED_TEXT: Readonly<Record<number, string>> = {
  [Token.objectStart]: '{',
  [Token.objectEnd]: '}',
  [Token.arrayStart]: '[',
  [Token.arrayEnd]: ']',
  [Token.true]: 'true',
  [Token.false]: 'false',
  [Token.null]: 'null',
};
