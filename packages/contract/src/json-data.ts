import { ContractError } from './contract-error.ts';

/** Nesting that EventBridge still processes, less what the envelope itself needs. */
const maxDepth = 990;
const int64 = 2 ** 63;
// From here on JSON text writes `1e+21`, which no reader takes for an integer.
const exponentNotation = 1e21;

/** Where the walk is: members and indexes from `data` down. */
type Trail = (string | number)[];

function pathOf(trail: Trail): string {
  return trail.reduce<string>(
    (path, key) => (typeof key === 'number' ? `${path}[${key}]` : `${path}.${key}`),
    'data',
  );
}

function refuse(trail: Trail, what: string, instead: string): never {
  throw new ContractError(`${pathOf(trail)} is ${what}, which is not JSON: ${instead}`);
}

function refuseObject(trail: Trail, value: object): never {
  if (value instanceof Date) {
    refuse(trail, 'a Date', 'pass date.toISOString() and declare an ISO string in the schema');
  }
  const name: unknown = value.constructor?.name;
  refuse(
    trail,
    typeof name === 'string' && name !== '' ? `a ${name}` : 'no plain object',
    'pass plain objects, arrays, strings, numbers, booleans and null',
  );
}

function copyNumber(value: number, trail: Trail): number {
  if (!Number.isFinite(value)) refuse(trail, String(value), 'leave it out or pass null');
  const size = Math.abs(value);
  if (size >= int64 && size < exponentNotation) {
    throw new ContractError(
      `${pathOf(trail)} is beyond the 64-bit integers that EventBridge processes: pass it as a string`,
    );
  }
  return value;
}

function copyObject(value: object, trail: Trail): unknown {
  // A prototype without a prototype is Object.prototype, of this realm or another.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuseObject(trail, value);
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    trail.push(key);
    const copied = copy(member, trail);
    trail.pop();
    if (key === '__proto__')
      Object.defineProperty(result, key, { value: copied, enumerable: true });
    else result[key] = copied;
  }
  return Object.freeze(result);
}

function copyArray(value: readonly unknown[], trail: Trail): unknown {
  const result: unknown[] = [];
  for (let index = 0; index < value.length; index += 1) {
    trail.push(index);
    result.push(copy(value[index], trail));
    trail.pop();
  }
  return Object.freeze(result);
}

function copy(value: unknown, trail: Trail): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return copyNumber(value, trail);
    case 'undefined':
      return refuse(trail, 'undefined', 'pass null');
    case 'bigint':
      return refuse(trail, 'a bigint', 'pass it as a string');
    case 'object':
      break;
    default:
      return refuse(trail, `a ${typeof value}`, 'leave it out');
  }
  if (value === null) return null;
  if (trail.length > maxDepth) {
    throw new ContractError(
      `data is nested more than ${maxDepth} levels deep or holds a cycle: flatten it`,
    );
  }
  return Array.isArray(value) ? copyArray(value, trail) : copyObject(value, trail);
}

/**
 * A frozen copy of data, in which every value is what JSON text gives back: nothing that
 * happens to the caller's objects later can change an event, and no `Date`, `NaN` or
 * `bigint` turns into something else on its way. Members that are `undefined` are left out.
 * @throws ContractError naming the path, never the value.
 */
export function freezeJson<Data>(data: Data): Data {
  return copy(data, []) as Data;
}
