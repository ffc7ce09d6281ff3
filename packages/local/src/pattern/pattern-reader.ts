import { JsonSyntaxError } from './json-syntax-error.ts';
import { Token } from './json-token.ts';
import { JsonTokens } from './json-tokens.ts';

/** The pattern is refused: for what, and at which indexes of its text. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly offsets: readonly number[];

  constructor(reason: string, offsets: readonly number[]) {
    super(reason);
    this.offsets = offsets;
  }
}

/** A pattern's tokens, and the ways in which the service refuses a pattern. Throws {@link Refusal}. */
export class PatternReader {
  private readonly tokens: JsonTokens;

  constructor(text: string) {
    this.tokens = new JsonTokens(text);
  }

  next(): Token {
    return this.parsing(() => this.tokens.next());
  }

  /** Name of the last `Token.name`. */
  get name(): string {
    return this.tokens.name;
  }

  /** Text of the last token; see {@link JsonTokens.text}. */
  text(): string {
    return this.parsing(() => this.tokens.text());
  }

  /** Takes the next token, which must be this one. */
  expect(token: Token, otherwise: string): void {
    if (this.next() !== token) this.refuse(otherwise);
  }

  /** Takes the next token, which must be a string, and returns its text. */
  expectString(otherwise: string): string {
    this.expect(Token.string, otherwise);
    return this.text();
  }

  /** Refuses the pattern for a reason that points at the position reached. */
  refuse(reason: string): never {
    throw new Refusal(reason, [this.tokens.offset]);
  }

  /** Refuses the pattern for a reason that the service gives without a position. */
  refuseWithoutPosition(reason: string): never {
    throw new Refusal(reason, []);
  }

  /**
   * Reads something inside which the service catches its own refusals and throws
   * them again with the position reached: they carry one position more.
   */
  rethrowing<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Refusal(error.message, [...error.offsets, this.tokens.offset]);
    }
  }

  private parsing<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof JsonSyntaxError)) throw error;
      throw new Refusal(error.message, [error.offset]);
    }
  }
}
