import { CaptureError, emptyRow, type Row } from '@tidings/relay';
import { exactNumber } from './exact-number.ts';

function fail(expected: string, value: unknown): never {
  throw new CaptureError(`must be ${expected}, got ${value === null ? 'null' : typeof value}`);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : fail('text', value);
}

function numberOf(value: unknown): number | bigint | string {
  const number = exactNumber(textOf(value));
  if (number === undefined) throw new CaptureError('must be a number that DynamoDB holds');
  return number;
}

function bytesOf(value: unknown): Uint8Array {
  if (typeof value === 'string') return new Uint8Array(Buffer.from(value, 'base64'));
  if (!(value instanceof Uint8Array)) fail('base64 text or bytes', value);
  // One class for both shapes, so that equal bytes are equal values.
  return value.constructor === Uint8Array ? value : new Uint8Array(value);
}

function setOf<Element>(value: unknown, element: (value: unknown) => Element): Set<Element> {
  if (!Array.isArray(value) && !(value instanceof Set)) return fail('a list of elements', value);
  const set = new Set<Element>();
  for (const each of value) set.add(element(each));
  return set;
}

function isMap(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mapOf(value: unknown): Row {
  if (!isMap(value)) return fail('a map of attributes', value);
  const row = emptyRow();
  for (const name in value) row[name] = attributeValue(value[name]);
  return row;
}

/**
 * What an attribute says: text, an exact number, `Uint8Array`, boolean, null, list, map, or
 * a `Set` of text, numbers or bytes. Equal attributes give equal values, whichever shape the
 * record came in.
 * @throws CaptureError where it is no attribute; its message goes on after what it is of.
 */
export function attributeValue(attribute: unknown): unknown {
  if (typeof attribute !== 'object' || attribute === null) return fail('an attribute', attribute);
  for (const type in attribute) {
    const value = (attribute as Record<string, unknown>)[type];
    // The SDK's types allow the other members to be there as undefined.
    if (value === undefined) continue;
    switch (type) {
      case 'S':
        return textOf(value);
      case 'N':
        return numberOf(value);
      case 'BOOL':
        return typeof value === 'boolean' ? value : fail('true or false', value);
      case 'NULL':
        return null;
      case 'M':
        return mapOf(value);
      case 'L':
        return Array.isArray(value) ? value.map(attributeValue) : fail('a list', value);
      case 'B':
        return bytesOf(value);
      case 'SS':
        return setOf(value, textOf);
      case 'NS':
        return setOf(value, numberOf);
      case 'BS':
        return setOf(value, bytesOf);
      default:
        throw new CaptureError('has a type that DynamoDB does not know');
    }
  }
  throw new CaptureError('has no type');
}

/**
 * The attributes of a record's image or keys.
 * @throws CaptureError that holds no value and no attribute's name, which may be anybody's.
 */
export function imageValues(what: string, image: unknown): Row {
  if (!isMap(image)) {
    throw new CaptureError(`${what} of a stream record must be a map of attributes`);
  }
  const row = emptyRow();
  try {
    for (const name in image) row[name] = attributeValue(image[name]);
  } catch (error) {
    const reason = error instanceof CaptureError ? error.message : 'cannot be read';
    throw new CaptureError(`an attribute of ${what} ${reason}`);
  }
  return row;
}
