import { ContractError } from './contract-error.ts';

/** Nesting that EventBridge still processes, less what the envelope itself needs. */
const maxDepth = 990;
const int64 = 2 ** 63;
// From here on JSON text writes `1e+21`, which no reader takes for an integer.
const exponentNotation = 1e21;

function refuse(path: string, what: string, instead: string): never {
  throw new ContractError(`${path} is ${what}, which is not JSON: ${instead}`);
}

function refuseObject(path: string, value: object): never {
  if (value instanceof Date) {
    refuse(path, 'a Date', 'pass date.toISOString() and declare an ISO string in the schema');
  }
  const name: unknown = value.constructor?.name;
  refuse(
    path,
    typeof name === 'string' && name !== '' ? `a ${name}` : 'no plain object',
    'pass plain objects, arrays, strings, numbers, booleans and null',
  );
}

function copyNumber(value: number, path: string): number {
  if (!Number.isFinite(value)) refuse(path, String(value), 'leave it out or pass null');
  const size = Math.abs(value);
  if (size >= int64 && size < exponentNotation) {
    throw new ContractError(
      `${path} is beyond the 64-bit integers that EventBridge processes: pass it as a string`,
    );
  }
  return value;
}

function copy(value: unknown, path: string, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return copyNumber(value, path);
    case 'object':
      break;
    case 'undefined':
      return refuse(path, 'undefined', 'pass null');
    case 'bigint':
      return refuse(path, 'a bigint', 'pass it as a string');
    default:
      return refuse(path, `a ${typeof value}`, 'leave it out');
  }
  if (value === null) return null;
  if (depth > maxDepth) {
    throw new ContractError(
      `data is nested more than ${maxDepth} levels deep or holds a cycle: flatten it`,
    );
  }
  if (Array.isArray(value)) {
    return Object.freeze(value.map((item, index) => copy(item, `${path}[${index}]`, depth + 1)));
  }
  // A prototype without a prototype is Object.prototype, of this realm or another.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuseObject(path, value);
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    const copied = copy(member, `${path}.${key}`, depth + 1);
    if (key === '__proto__')
      Object.defineProperty(result, key, { value: copied, enumerable: true });
    else result[key] = copied;
  }
  return Object.freeze(result);
}

// What was copied here is frozen to its last member, and need not be walked again.
const frozenHere = new WeakSet<object>();

/**
 * A frozen copy of data, in which every value is what JSON text gives back: nothing that
 * happens to the caller's objects later can change an event, and no `Date`, `NaN` or
 * `bigint` turns into something else on its way. Members that are `undefined` are left out.
 * A copy that was made here is returned as it is.
 * @throws ContractError naming the path, never the value.
 */
export function freezeJson<Data>(data: Data): Data {
  if (typeof data === 'object' && data !== null && frozenHere.has(data)) return data;
  const frozen = copy(data, 'data', 1);
  if (typeof frozen === 'object' && frozen !== null) frozenHere.add(frozen);
  return frozen as Data;
}
