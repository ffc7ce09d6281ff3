/**
 * Any JavaScript value as JSON that gives it back: what JSON holds by itself stays readable as
 * it is; everything else becomes a flat table, in which values refer to each other by place, so
 * that cycles, shared parts and nesting of any depth fit. Functions, symbols and what throws
 * when it is read come back as a text that says so.
 *
 * This is our own because the libraries for it (devalue, superjson, the structured clone of
 * Node) throw for functions, proxies or getters that throw, and a dead letter must be kept
 * whatever it holds.
 */

/** A member of a table's value: a primitive, the place of another value, or a tagged primitive. */
type Cell = string | number | boolean | null | readonly [place: number] | Tagged;

interface Tagged {
  readonly tag: 'undefined' | 'bigint' | 'number' | 'text';
  readonly text: string;
}

type Entry =
  | { readonly array: (readonly [index: number, cell: Cell])[]; readonly length: number }
  | { readonly object: (readonly [key: string, cell: Cell])[]; readonly bare?: true }
  | { readonly map: (readonly [key: Cell, cell: Cell])[] }
  | { readonly set: Cell[] }
  | { readonly date: number | null }
  | { readonly regexp: readonly [source: string, flags: string] }
  | { readonly bytes: string; readonly type: string }
  | { readonly error: (readonly [key: string, cell: Cell])[] };

/** The table's name in the JSON; a plain value that has such a member is put into a table. */
const TABLE = '$values';
/** Deeper values go into a table: `JSON.stringify` ends at some thousands of levels. */
const MAX_PLAIN_DEPTH = 100;

/** Makes JSON of a value. Never throws. */
export function taggedJson(value: unknown): unknown {
  return isPlain(value, 0, new Set()) ? value : { [TABLE]: tableOf(value) };
}

/** Gives back the value that `taggedJson` was given. */
export function fromTaggedJson(json: unknown): unknown {
  const table = (json as { readonly [TABLE]?: unknown } | null | undefined)?.[TABLE];
  return Array.isArray(table) ? readTable(table as readonly Entry[]) : json;
}

/** True where `JSON.parse(JSON.stringify(value))` is the same. */
function isPlain(value: unknown, depth: number, seen: Set<object>): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  // A part that is shared would be written once for each of its places.
  if (depth > MAX_PLAIN_DEPTH || seen.has(value)) return false;
  seen.add(value);
  try {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (Array.isArray(value)) {
      if (prototype !== Array.prototype || Object.keys(value).length !== value.length) return false;
    } else if (prototype !== Object.prototype) return false;
    return Reflect.ownKeys(value).every((key) => {
      if (Array.isArray(value) && key === 'length') return true;
      if (typeof key === 'symbol' || key === TABLE || key === 'toJSON') return false;
      const property = Object.getOwnPropertyDescriptor(value, key);
      if (property?.enumerable !== true || !('value' in property)) return false;
      return isPlain(property.value, depth + 1, seen);
    });
  } catch {
    return false;
  }
}

function tableOf(root: unknown): readonly Entry[] {
  const places = new Map<object, number>();
  const found: object[] = [];
  const table: Entry[] = [];

  function cellOf(value: unknown): Cell {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return { tag: 'number', text: Object.is(value, -0) ? '-0' : String(value) };
      case 'bigint':
        return { tag: 'bigint', text: String(value) };
      case 'undefined':
        return { tag: 'undefined', text: '' };
      case 'symbol':
        return { tag: 'text', text: `[${String(value)}]` };
      case 'function':
        return { tag: 'text', text: '[function]' };
      case 'object':
        return value === null ? null : [placeOf(value)];
    }
  }

  function placeOf(value: object): number {
    const known = places.get(value);
    if (known !== undefined) return known;
    places.set(value, found.length);
    return found.push(value) - 1;
  }

  function members(value: object): (readonly [string, Cell])[] {
    return Object.keys(value).map((key) => [key, memberCell(value, key)] as const);
  }

  function memberCell(value: object, key: string): Cell {
    try {
      return cellOf((value as Readonly<Record<string, unknown>>)[key]);
    } catch {
      return { tag: 'text', text: '[cannot be read]' };
    }
  }

  function entryOf(value: object): Entry {
    if (Array.isArray(value)) {
      const array = members(value).flatMap(([key, cell]) =>
        /^\d+$/.test(key) ? [[Number(key), cell] as const] : [],
      );
      return { array, length: value.length };
    }
    if (value instanceof Map) {
      return { map: [...value].map(([key, each]) => [cellOf(key), cellOf(each)] as const) };
    }
    if (value instanceof Set) return { set: [...value].map(cellOf) };
    if (value instanceof Date) {
      const time = value.getTime();
      return { date: Number.isNaN(time) ? null : time };
    }
    if (value instanceof RegExp) return { regexp: [value.source, value.flags] };
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return bytesOf(value);
    if (value instanceof Error) {
      const own = ['name', 'message', 'stack', ...('cause' in value ? ['cause'] : [])];
      const named = own.map((key) => [key, memberCell(value, key)] as const);
      return { error: [...named, ...members(value).filter(([key]) => !own.includes(key))] };
    }
    const bare = Object.getPrototypeOf(value) === null;
    return { object: members(value), ...(bare && { bare }) };
  }

  function readable(value: object): Entry {
    try {
      return entryOf(value);
    } catch {
      // A proxy or an iterator that throws.
      return { object: [['unreadable', '[cannot be read]']] };
    }
  }

  const first = cellOf(root);
  for (let place = 0; place < found.length; place += 1)
    table.push(readable(found[place] as object));
  return [...table, { array: [[0, first]], length: 1 }];
}

function bytesOf(value: ArrayBufferView | ArrayBuffer): Entry {
  if (value instanceof ArrayBuffer) {
    return { bytes: Buffer.from(value).toString('base64'), type: 'ArrayBuffer' };
  }
  const { buffer, byteOffset, byteLength } = value;
  const bytes = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  const type = Buffer.isBuffer(value) ? 'Buffer' : Object.prototype.toString.call(value);
  return { bytes, type: type.replace(/^\[object (\w+)\]$/, '$1') };
}

function readTable(table: readonly Entry[]): unknown {
  // First the containers, so that each can hold any other; then their members.
  const values = table.map(emptyOf);

  function restored(cell: Cell): unknown {
    if (typeof cell !== 'object' || cell === null) return cell;
    if (!('tag' in cell)) return values[cell[0]];
    switch (cell.tag) {
      case 'undefined':
        return undefined;
      case 'bigint':
        return BigInt(cell.text);
      case 'number':
        return Number(cell.text);
      case 'text':
        return cell.text;
    }
  }

  for (const [place, entry] of table.entries()) {
    const value = values[place];
    if ('array' in entry) {
      for (const [index, cell] of entry.array) (value as unknown[])[index] = restored(cell);
    } else if ('map' in entry) {
      for (const [key, cell] of entry.map)
        (value as Map<unknown, unknown>).set(restored(key), restored(cell));
    } else if ('set' in entry) {
      for (const cell of entry.set) (value as Set<unknown>).add(restored(cell));
    } else if ('object' in entry || 'error' in entry) {
      const isError = 'error' in entry;
      for (const [key, cell] of isError ? entry.error : entry.object) {
        const property = { value: restored(cell), writable: true, configurable: true };
        const hidden = isError && ['name', 'message', 'stack', 'cause'].includes(key);
        Object.defineProperty(value, key, { ...property, enumerable: !hidden });
      }
    }
  }
  return (values.at(-1) as unknown[])[0];
}

function emptyOf(entry: Entry): unknown {
  if ('array' in entry) return new Array(entry.length);
  if ('map' in entry) return new Map();
  if ('set' in entry) return new Set();
  if ('date' in entry) return new Date(entry.date ?? Number.NaN);
  if ('regexp' in entry) return new RegExp(...entry.regexp);
  if ('bytes' in entry) return viewOf(Buffer.from(entry.bytes, 'base64'), entry.type);
  if ('error' in entry) return new Error();
  return entry.bare === true ? Object.create(null) : {};
}

const views: Readonly<Record<string, (buffer: ArrayBuffer) => unknown>> = {
  ArrayBuffer: (buffer) => buffer,
  Buffer: (buffer) => Buffer.from(buffer),
  DataView: (buffer) => new DataView(buffer),
  Int8Array: (buffer) => new Int8Array(buffer),
  Uint8ClampedArray: (buffer) => new Uint8ClampedArray(buffer),
  Int16Array: (buffer) => new Int16Array(buffer),
  Uint16Array: (buffer) => new Uint16Array(buffer),
  Int32Array: (buffer) => new Int32Array(buffer),
  Uint32Array: (buffer) => new Uint32Array(buffer),
  Float32Array: (buffer) => new Float32Array(buffer),
  Float64Array: (buffer) => new Float64Array(buffer),
  BigInt64Array: (buffer) => new BigInt64Array(buffer),
  BigUint64Array: (buffer) => new BigUint64Array(buffer),
};

function viewOf(bytes: Buffer, type: string): unknown {
  const buffer = new Uint8Array(bytes).buffer;
  return Object.hasOwn(views, type) ? views[type]?.(buffer) : new Uint8Array(buffer);
}
