import { inspect } from 'node:util';

/** Nesting that is written as it is: Postgres' reader of JSON ends at some thousands. */
const MAX_DEPTH = 1_000;

/** JSON text that gives a value back; undefined where JSON has no word for some of it. */
export function exactJson(value: unknown): string | undefined {
  try {
    return isExact(value, 0) ? JSON.stringify(value) : undefined;
  } catch {
    // A getter or a proxy that throws, or a text that is too long.
    return undefined;
  }
}

/** JSON text about anything, for a person to read. Never throws, and is never deep. */
export function describedJson(value: unknown): string {
  const text = readable(value);
  return isShallow(text) ? text : JSON.stringify(text);
}

/** Whether text is JSON that Postgres reads as well. */
export function isStorableJson(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  try {
    JSON.parse(text);
    return isShallow(text);
  } catch {
    return false;
  }
}

/** Members without a value are left out, as everywhere else. */
function isExact(value: unknown, depth: number): boolean {
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
  // Cycles end here too.
  if (depth === MAX_DEPTH || 'toJSON' in value) return false;
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    if (Object.keys(items).length !== items.length) return false;
    return items.every((each) => isExact(each, depth + 1));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return false;
  return Object.values(value).every((each) => each === undefined || isExact(each, depth + 1));
}

function readable(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_, each: unknown) => {
        if (typeof each === 'bigint') return String(each);
        if (each instanceof Set) return [...each];
        if (each instanceof Map) return Object.fromEntries(each);
        if (each instanceof Uint8Array) return Buffer.from(each).toString('base64');
        return each;
      }) ?? 'null'
    );
  } catch (error) {
    return JSON.stringify(`not JSON: ${wordsOf(error)}: ${inspected(value)}`);
  }
}

function inspected(value: unknown): string {
  try {
    return inspect(value, { depth: 20, maxArrayLength: 1_000, maxStringLength: 100_000 });
  } catch {
    return 'a value that cannot be read';
  }
}

function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'it throws what cannot be read';
  }
}

function isShallow(json: string): boolean {
  let depth = 0;
  // Brackets within strings count too little to matter: they only make it a string earlier.
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return false;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return true;
}
