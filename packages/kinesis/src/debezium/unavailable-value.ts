import { hash } from 'node:crypto';
import { ConfigurationError } from '@tidings/relay';

/** Tells the placeholder that Debezium writes for a large column that did not change. */
export type IsUnavailable = (value: unknown) => boolean;

/** How a placeholder that is written in hexadecimal begins. */
const hexPrefix = 'hex:';

function bytesOf(placeholder: string): Buffer {
  if (!placeholder.startsWith(hexPrefix)) return Buffer.from(placeholder);
  const digits = placeholder.slice(hexPrefix.length);
  if (!/^(?:[0-9a-f]{2})+$/i.test(digits)) {
    throw new ConfigurationError(
      `unavailablePlaceholder must have pairs of hexadecimal digits behind ${hexPrefix}, got '${placeholder}'`,
    );
  }
  return Buffer.from(digits, 'hex');
}

/** The UUID, of version 3 and without a namespace, that Java makes of bytes. */
function uuidOf(bytes: Buffer): string {
  const digest = hash('md5', bytes, 'buffer');
  digest.writeUInt8(((digest[6] ?? 0) & 0x0f) | 0x30, 6);
  digest.writeUInt8(((digest[8] ?? 0) & 0x3f) | 0x80, 8);
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/**
 * Looks for the connector's `unavailable.value.placeholder`, also one in hexadecimal
 * (`hex:0ff0`): as it is in text, in base64 or hexadecimal in bytes, as the only element of
 * an array or the only member of a map, and byte by byte in an array of numbers.
 * @throws ConfigurationError where its hexadecimal digits are none.
 */
export function unavailableValue(placeholder: string): IsUnavailable {
  const bytes = bytesOf(placeholder);
  // As the connector writes it; connectors that know no hexadecimal take it by the letter.
  const names = new Set([placeholder, bytes.toString()]);
  const base64 = bytes.toString('base64');
  const maps = [...names].map((name) => JSON.stringify({ [name]: name }));
  const texts = new Set([
    ...names,
    ...maps,
    // As Java's writers escape what cannot be printed.
    ...maps.map((map) => map.replace(/(?<=\\u)[0-9a-f]{4}/g, (digits) => digits.toUpperCase())),
    base64,
    base64.replaceAll('+', '-').replaceAll('/', '_'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
    uuidOf(bytes),
  ]);
  // Java's bytes are signed.
  const numbers = [...new Int8Array(bytes)];
  return (value) => {
    if (typeof value === 'string') return texts.has(value);
    if (Array.isArray(value)) {
      if (value.length === 1 && typeof value[0] === 'string') return texts.has(value[0]);
      return (
        value.length === numbers.length &&
        value.every((each, i) => each === numbers[i] || each === bytes[i])
      );
    }
    if (typeof value !== 'object' || value === null) return false;
    const [name, ...others] = Object.keys(value);
    return name !== undefined && others.length === 0 && names.has(name);
  };
}
