import {
  decodeString,
  endOfLiteral,
  endOfNumber,
  endOfString,
  FIELD_NAME,
  isDigit,
  isSpace,
  notAValue,
  STRING_VALUE,
} from './json-scalars.ts';
import {
  describeCharacter,
  describePosition,
  JsonSyntaxError,
  unexpectedCharacter,
} from './json-syntax-error.ts';
import { FIXED_TEXT, Token } from './json-token.ts';

/** Jackson's limit; it also keeps a recursive reader of the tokens within its stack. */
const MAX_DEPTH = 1000;

interface Container {
  readonly isObject: boolean;
  readonly start: number;
  entries: number;
}

/**
 * Pulls the tokens out of a JSON text one by one, with the error texts and the
 * positions of the service's parser (Jackson), which stand in the service's
 * answers. Three of its habits can be seen there:
 *
 * - a string value stays open until its text is asked for, so a complaint about
 *   a string points right behind its opening quote;
 * - a name reads ahead: the value behind it has begun already, so a complaint
 *   about a name points into its value;
 * - text behind the last token taken is never looked at.
 *
 * Events are read through it too, which makes it the matcher's hot path.
 */
export class JsonTokens {
  readonly source: string;
  /** Behind everything that the last token consumed. */
  offset = 0;
  private token: Token = Token.end;
  private valueAfterName: Token = Token.end;
  private nameStart = 0;
  private nameEnd = 0;
  private valueStart = 0;
  private valueEnd = 0;
  private stringIsOpen = false;
  private container: Container | undefined;
  private readonly outer: (Container | undefined)[] = [];

  constructor(source: string) {
    this.source = source;
  }

  /** The next token; `Token.end` where the text ends outside every bracket. */
  next(): Token {
    if (this.token === Token.name) return this.begin(this.valueAfterName);
    if (this.stringIsOpen) this.closeString();
    let code = this.skipSpace();
    if (Number.isNaN(code)) return this.endOfText();
    if (code === 0x5d || code === 0x7d) return this.leave(code === 0x7d);

    const { container } = this;
    if (container === undefined) return this.begin(this.readValue(code));
    if (container.entries++ > 0) {
      if (code !== 0x2c) this.unexpected(`was expecting comma to separate ${this.kind()} entries`);
      code = this.skipSpaceInside();
    }
    if (!container.isObject) return this.begin(this.readValue(code));

    if (code !== 0x22) this.unexpected('was expecting double-quote to start field name');
    this.nameStart = this.offset;
    this.nameEnd = endOfString(this.source, this.offset, FIELD_NAME);
    this.offset = this.nameEnd + 1;
    if (this.skipSpaceInside() !== 0x3a) {
      this.unexpected('was expecting a colon to separate field name and value');
    }
    this.valueAfterName = this.readValue(this.skipSpaceInside());
    this.token = Token.name;
    return Token.name;
  }

  /** The name that the last `Token.name` stood for. */
  get name(): string {
    return decodeString(this.source, this.nameStart, this.nameEnd);
  }

  /** The last token as text: a string without its quotes, a number as it was written. */
  text(): string {
    switch (this.token) {
      case Token.name:
        return this.name;
      case Token.string:
        if (this.stringIsOpen) this.closeString();
        return decodeString(this.source, this.valueStart + 1, this.valueEnd);
      case Token.number:
        return this.source.slice(this.valueStart, this.valueEnd);
      default:
        return FIXED_TEXT[this.token] ?? '';
    }
  }

  /** Passes over the rest of the value that the last token began. */
  skipValue(): void {
    if (this.token !== Token.objectStart && this.token !== Token.arrayStart) return;
    const depth = this.outer.length;
    while (this.outer.length >= depth) this.next();
  }

  /** The value that the last token began, as it was written; passes over it. */
  rawValue(): string {
    const start = this.valueStart;
    if (this.stringIsOpen) this.closeString();
    this.skipValue();
    // Outside of brackets a number takes the white space behind it along.
    const end = this.token === Token.number ? this.valueEnd : this.offset;
    return this.source.slice(start, end);
  }

  private begin(token: Token): Token {
    this.token = token;
    if (token === Token.objectStart || token === Token.arrayStart) {
      this.outer.push(this.container);
      this.container = {
        isObject: token === Token.objectStart,
        start: this.valueStart,
        entries: 0,
      };
      const depth = this.outer.length;
      if (depth > MAX_DEPTH) {
        this.fail(
          `Document nesting depth (${depth}) exceeds the maximum allowed (${MAX_DEPTH}, from \`StreamReadConstraints.getMaxNestingDepth()\`)`,
        );
      }
    }
    return token;
  }

  private leave(asObject: boolean): Token {
    const { container } = this;
    if (container?.isObject !== asObject) {
      const [found, expected] = asObject ? '}]' : ']}';
      const start = describePosition(this.source, container?.start ?? -1);
      this.fail(
        `Unexpected close marker '${found}': expected '${expected}' (for ${this.kind()} starting at ${start})`,
        this.offset - 1,
      );
    }
    this.container = this.outer.pop();
    this.token = asObject ? Token.objectEnd : Token.arrayEnd;
    return this.token;
  }

  /** Begins the value whose first character is `code`, just consumed. */
  private readValue(code: number): Token {
    const start = this.offset - 1;
    this.valueStart = start;
    switch (code) {
      case 0x22:
        this.stringIsOpen = true;
        return Token.string;
      case 0x7b:
        return Token.objectStart;
      case 0x5b:
        return Token.arrayStart;
      case 0x74:
        this.offset = endOfLiteral(this.source, start, 'true');
        return Token.true;
      case 0x66:
        this.offset = endOfLiteral(this.source, start, 'false');
        return Token.false;
      case 0x6e:
        this.offset = endOfLiteral(this.source, start, 'null');
        return Token.null;
      default:
        if (code !== 0x2d && !isDigit(code)) notAValue(this.source, start);
        return this.readNumber(start);
    }
  }

  private readNumber(start: number): Token {
    const { source } = this;
    this.valueEnd = endOfNumber(source, start);
    this.offset = this.valueEnd;
    if (this.container === undefined && this.offset < source.length) {
      // Outside of brackets a number takes the white space behind it along.
      this.offset++;
      if (!isSpace(source.charCodeAt(this.valueEnd))) {
        this.unexpected('Expected space separating root-level values');
      }
    }
    return Token.number;
  }

  private closeString(): void {
    this.stringIsOpen = false;
    this.valueEnd = endOfString(this.source, this.offset, STRING_VALUE);
    this.offset = this.valueEnd + 1;
  }

  /** Consumes white space and the character behind it, which it returns; NaN at the end. */
  private skipSpace(): number {
    for (;;) {
      const code = this.source.charCodeAt(this.offset);
      if (Number.isNaN(code)) return code;
      this.offset++;
      if (code > 0x20) {
        if (code === 0x2f) {
          this.unexpected(
            "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)",
          );
        }
        return code;
      }
      if (!isSpace(code)) {
        this.fail(
          `Illegal character (${describeCharacter(code)}): only regular white space (\\r, \\n, \\t) is allowed between tokens`,
          this.offset - 1,
        );
      }
    }
  }

  private skipSpaceInside(): number {
    const code = this.skipSpace();
    if (Number.isNaN(code)) {
      this.fail(`Unexpected end-of-input within/between ${this.kind()} entries`);
    }
    return code;
  }

  private endOfText(): Token {
    if (this.container !== undefined) {
      const start = describePosition(this.source, this.container.start);
      this.fail(
        `Unexpected end-of-input: expected close marker for ${this.kind()} (start marker at ${start})`,
      );
    }
    this.token = Token.end;
    return Token.end;
  }

  private kind(): string {
    if (this.container === undefined) return 'root';
    return this.container.isObject ? 'Object' : 'Array';
  }

  /** Complains about the character just consumed. */
  private unexpected(comment: string): never {
    return unexpectedCharacter(this.source, this.offset - 1, comment);
  }

  private fail(message: string, offset: number = this.offset): never {
    throw new JsonSyntaxError(message, offset);
  }
}
