import { ipAddress, looksLikeAddress } from './ip-address.ts';

/** First and last address of a block, as hexadecimal digits. */
export interface CidrRange {
  readonly bottom: string;
  readonly top: string;
}

/**
 * Reads `10.0.0.0/24` or `2001:db8::/32`. Host bits may be set. A mask that
 * leaves no host bit (/32, /128) is refused: that is an address, not a block.
 * Returns the service's reason as a string where the text is no block.
 */
export function cidrRange(text: string): CidrRange | string {
  // The service splits as Java does, which drops empty parts at the end.
  const parts = text.replace(/\/+$/, '').split('/');
  const [address = '', mask = ''] = parts;
  if (parts.length !== 2) return "Malformed CIDR, one '/' required";
  if (!/^[+-]?\d+$/.test(mask) || Math.abs(Number(mask)) > 2 ** 31 - 1) {
    return 'Malformed CIDR, mask bits must be an integer';
  }
  const bits = Number(mask);
  if (bits < 0) return 'Malformed CIDR, mask bits must not be negative';
  const digits = ipAddress(address);
  if (digits === undefined) {
    return `${looksLikeAddress(address) ? 'Invalid' : 'Nonstandard'} IP address: ${address}`;
  }
  const width = digits.length * 4;
  if (bits >= width) return `IPv${width === 32 ? 4 : 6} mask bits must be < ${width}`;
  return { bottom: fill(digits, bits, 0x0), top: fill(digits, bits, 0xf) };
}

/** The digits with every bit behind the first `bits` set to those of `filler`. */
function fill(digits: string, bits: number, filler: number): string {
  const whole = Math.floor(bits / 4);
  const host = 0xf >> (bits % 4);
  const digit = Number.parseInt(digits.charAt(whole), 16);
  const split = (digit & ~host & 0xf) | (filler & host);
  const last = filler.toString(16).toUpperCase();
  const rest = last.repeat(digits.length - whole - 1);
  return digits.slice(0, whole) + split.toString(16).toUpperCase() + rest;
}

/**
 * Whether an address lies in the block. The service compares digit by digit and
 * stops at the first one that decides, also across the two families, whose
 * addresses differ in length: so an IPv4 block takes in the IPv6 addresses that
 * begin with its digits. It is kept here, because the service does it.
 */
export function isInRange(range: CidrRange, address: string): boolean {
  const width = Math.min(address.length, range.bottom.length);
  const known = address.slice(0, width);
  const bottom = range.bottom.slice(0, width);
  const top = range.top.slice(0, width);
  if (known > bottom && known < top) return true;
  // On an edge all digits of the edge must have been seen.
  return width === range.bottom.length && (known === bottom || known === top);
}
