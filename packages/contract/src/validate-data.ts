import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ContractError, type ContractIssue } from './contract-error.ts';

/** What libraries add to an issue beyond the Standard: zod, Valibot and ArkType alike. */
interface VendorIssue extends StandardSchemaV1.Issue {
  /** `string`; ArkType: `a string`. */
  readonly expected?: unknown;
  /** zod: the values that are allowed. */
  readonly values?: readonly unknown[];
  /** zod: what each alternative of a union found wrong. */
  readonly errors?: readonly (readonly VendorIssue[])[];
}

type Path = readonly PropertyKey[];

function keysOf(path: StandardSchemaV1.Issue['path']): Path {
  return (path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
}

/** `items`, 2, `sku` -> `items[2].sku` */
function pathText(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text;
}

function valueAt(data: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    data,
  );
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'Date';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value === undefined ? 'nothing' : typeof value;
}

/** Whether a library's text gives away the value, or one that lies in it. */
function tells(text: string, value: unknown): boolean {
  if (typeof value === 'object' && value !== null) {
    return Object.values(value).some((member) => tells(text, member));
  }
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    return false;
  }
  const word = String(value);
  for (let at = text.indexOf(word); at !== -1 && word !== ''; at = text.indexOf(word, at + 1)) {
    const [before = ' ', after = ' '] = [text[at - 1], text[at + word.length]];
    if (!/\w/.test(before) && !/\w/.test(after)) return true;
  }
  return false;
}

function expectation(issue: VendorIssue, value: unknown): string {
  if (issue.values !== undefined) {
    return issue.values.map((allowed) => JSON.stringify(allowed)).join(' or ');
  }
  // zod says what it wants in its message only, save for a type.
  const text = typeof issue.expected === 'string' ? issue.expected : issue.message;
  return tells(text, value) ? 'what its schema takes' : text;
}

/** An alternative's own issues where they go deeper than the union, which only says "invalid". */
function leaves(issue: VendorIssue, base: Path): readonly (readonly [VendorIssue, Path])[] {
  const path = [...base, ...keysOf(issue.path)];
  const closest = issue.errors
    ?.filter((alternative) => alternative.some((inner) => (inner.path ?? []).length > 0))
    .toSorted((one, other) => one.length - other.length)[0];
  return closest === undefined ? [[issue, path]] : closest.flatMap((inner) => leaves(inner, path));
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return String(value);
  }
}

function describe(issue: VendorIssue, path: Path, data: unknown, expose: boolean): ContractIssue {
  const value = valueAt(data, path);
  const expected = expectation(issue, value);
  const received = expose ? `${typeOf(value)} ${shown(value)}`.trimEnd() : typeOf(value);
  return { path: pathText(path), expected, received };
}

/** What `validateData` reads of a contract. */
export interface DataRules {
  /** How messages call it. */
  readonly detailType: string;
  /** Writes refused values into messages. */
  readonly exposeValues: boolean;
}

/**
 * Checks data with a schema and returns what the schema makes of it (defaults filled in,
 * unknown keys dropped, as the schema says).
 * @throws ContractError that lists every fault, or when the schema validates
 * asynchronously: an event is made between two statements of a transaction.
 */
export function validateData(rules: DataRules, schema: StandardSchemaV1, data: unknown): unknown {
  const { detailType, exposeValues } = rules;
  const result = schema['~standard'].validate(data);
  if ('then' in result) {
    // Its rejection would be nobody's.
    result.catch(() => undefined);
    throw new ContractError(
      `the schema of ${detailType} validates asynchronously: use one without async checks, and make those before the event`,
    );
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues
    .flatMap((issue) => leaves(issue, []))
    .map(([issue, path]) => describe(issue, path, data, exposeValues));
  const list = issues.map(
    ({ path, expected, received }) =>
      `${path === '' ? 'data' : `data.${path}`}: expected ${expected}, received ${received}`,
  );
  throw new ContractError(
    `data of ${detailType} is refused by its schema: ${list.join('; ')}`,
    issues,
  );
}
