import { ContractError } from './contract-error.ts';
import { type IsTold, pathText } from './data-path.ts';

/** Nesting that EventBridge still processes, less what the envelope itself needs. */
const maxDepth = 990;
/** Values in data, each counted where it stands: an object that ten others share is ten. */
const maxValues = 2_000_000;
const int64 = 2 ** 63;
// From here on JSON text writes `1e+21`, which no reader takes for an integer.
const exponentNotation = 1e21;

type JsonObject = Readonly<Record<string | number, unknown>>;
const nothing: JsonObject = {};

/** Data that was copied. */
export interface FrozenJson<Data> {
  readonly data: Data;
  /** Whether it is, to the last member, what it was compared with. */
  readonly isLike: boolean;
}

interface Walk {
  readonly data: unknown;
  readonly isTold: IsTold;
  /** Where the walk is: members and indexes from the data down. */
  readonly trail: (string | number)[];
  values: number;
  isLike: boolean;
}

function refuse({ trail, data, isTold }: Walk, what: string, instead: string): never {
  throw new ContractError(`${pathText(trail, data, isTold)} is ${what}: ${instead}`);
}

function refuseObject(walk: Walk, value: object): never {
  if (value instanceof Date) {
    refuse(
      walk,
      'a Date, which is not JSON',
      'pass date.toISOString() and declare an ISO string in the schema',
    );
  }
  const name: unknown = value.constructor?.name;
  const what = typeof name === 'string' && name !== '' ? `a ${name}` : 'no plain object';
  refuse(
    walk,
    `${what}, which is not JSON`,
    'pass plain objects, arrays, strings, numbers, booleans and null',
  );
}

function copyNumber(value: number, walk: Walk): number {
  if (!Number.isFinite(value))
    refuse(walk, `${value}, which is not JSON`, 'leave it out or pass null');
  const size = Math.abs(value);
  if (size >= int64 && size < exponentNotation) {
    refuse(walk, 'beyond the 64-bit integers that EventBridge processes', 'pass it as a string');
  }
  // JSON text has no -0.
  return value + 0;
}

function copyObject(value: object, like: JsonObject, walk: Walk): unknown {
  // A prototype without a prototype is Object.prototype, of this realm or another.
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuseObject(walk, value);
  const result: Record<string, unknown> = {};
  let members = 0;
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key];
    if (member === undefined) continue;
    members += 1;
    walk.trail.push(key);
    const copied = copy(member, like[key], walk);
    walk.trail.pop();
    if (key === '__proto__')
      Object.defineProperty(result, key, { value: copied, enumerable: true });
    else result[key] = copied;
  }
  if (members !== Object.keys(like).length) walk.isLike = false;
  return Object.freeze(result);
}

function copyArray(value: readonly unknown[], like: JsonObject, walk: Walk): unknown {
  if (Object.keys(value).length > value.length) {
    refuse(walk, 'an array with members beside its items, which is not JSON', 'pass an object');
  }
  if (like.length !== value.length) walk.isLike = false;
  const result: unknown[] = [];
  for (let index = 0; index < value.length; index += 1) {
    walk.trail.push(index);
    result.push(copy(value[index], like[index], walk));
    walk.trail.pop();
  }
  return Object.freeze(result);
}

function copy(value: unknown, like: unknown, walk: Walk): unknown {
  walk.values += 1;
  const isObject = typeof value === 'object' && value !== null;
  const isLike = isObject
    ? Array.isArray(like) === Array.isArray(value) && typeof like === 'object' && like !== null
    : like === value;
  if (!isLike) walk.isLike = false;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return copyNumber(value, walk);
    case 'undefined':
      return refuse(walk, 'undefined, which is not JSON', 'pass null');
    case 'bigint':
      return refuse(walk, 'a bigint, which is not JSON', 'pass it as a string');
    case 'object':
      break;
    default:
      return refuse(walk, `a ${typeof value}, which is not JSON`, 'leave it out');
  }
  if (value === null) return null;
  if (walk.trail.length > maxDepth) {
    throw new ContractError(
      `data is nested more than ${maxDepth} levels deep or holds a cycle: flatten it`,
    );
  }
  if (walk.values > maxValues) {
    throw new ContractError(
      `data holds more than ${maxValues} values, or the same object in very many places: publish what names them`,
    );
  }
  const other = isLike ? (like as JsonObject) : nothing;
  return Array.isArray(value) ? copyArray(value, other, walk) : copyObject(value, other, walk);
}

/**
 * A frozen copy of data, in which every value is what JSON text gives back: nothing that
 * happens to the caller's objects later can change an event, and no `Date`, `NaN` or
 * `bigint` turns into something else on its way. Members that are `undefined` are left out.
 * @param like Compared with the copy, in which a member that is undefined is one too many.
 * @throws ContractError naming the path, never a value, and no name that is not to be told.
 */
export function freezeJson<Data>(
  data: Data,
  isTold: IsTold,
  like: unknown = undefined,
): FrozenJson<Data> {
  const walk: Walk = { data, isTold, trail: [], values: 0, isLike: true };
  return { data: copy(data, like, walk) as Data, isLike: walk.isLike };
}
