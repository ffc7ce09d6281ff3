import { comparableNumber } from './comparable-number.ts';
import { ipAddress } from './ip-address.ts';

/**
 * An element of a JSON array around a value, and the elements around that one.
 * Only objects and arrays in an array have a membership: plain values in one
 * array are alternatives of one field and exclude nothing.
 */
export interface Membership {
  /** Number of the array in its event, in the order in which arrays open. */
  readonly array: number;
  readonly index: number;
  readonly outer: Membership | undefined;
}

/** One leaf of an event. Readings that few matchers need are made on demand and kept. */
export class FieldValue {
  readonly type: 'string' | 'number' | 'literal';
  /** The string, the number as it was written, or `true`, `false`, `null`. */
  readonly text: string;
  readonly membership: Membership | undefined;
  private numberRead = false;
  private number: number | undefined;
  private addressRead = false;
  private digits: string | undefined;

  constructor(type: FieldValue['type'], text: string, membership: Membership | undefined) {
    this.type = type;
    this.text = text;
    this.membership = membership;
  }

  /** Millionths, if it is a number that EventBridge can compare. */
  get millionths(): number | undefined {
    if (!this.numberRead) {
      this.numberRead = true;
      if (this.type === 'number') this.number = comparableNumber(this.text).millionths;
    }
    return this.number;
  }

  /** Hexadecimal digits, if it is a string that holds an IP address. */
  get address(): string | undefined {
    if (!this.addressRead) {
      this.addressRead = true;
      if (this.type === 'string') this.digits = ipAddress(this.text);
    }
    return this.digits;
  }
}
