import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ContractError, type ContractIssue } from './contract-error.ts';
import { type IsTold, pathText } from './data-path.ts';
import { describeThrown } from './describe-thrown.ts';
import { partsOf, type SchemaPart } from './schema-parts.ts';
import { later, validateNow } from './sync-checks.ts';

/**
 * What libraries add to an issue beyond the Standard. A message is repeated only where the
 * schema holds it word for word, for a check may put any value into one.
 */
interface VendorIssue extends StandardSchemaV1.Issue {
  /** zod and ArkType: what kind of fault it is. */
  readonly code?: unknown;
  /** Valibot: likewise; zod 3: what has a bound. */
  readonly type?: unknown;
  /** `string`; ArkType: `a string`. */
  readonly expected?: unknown;
  // zod: values that are allowed, and bounds of numbers, texts and arrays.
  readonly values?: readonly unknown[];
  readonly origin?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly inclusive?: unknown;
  readonly divisor?: unknown;
  readonly format?: unknown;
  /** What each alternative of a union found wrong. */
  readonly errors?: readonly unknown[];
  readonly unionErrors?: readonly unknown[];
}

/** Faults that a message lists; the error has them all. */
const maxListed = 20;
/** Kinds of faults that a check of its own may describe in any words. */
const custom: readonly unknown[] = ['custom', 'predicate', 'raw_check', 'raw_transform'];
const otherMembers = 'unrecognized_keys';

function keysOf(path: StandardSchemaV1.Issue['path']): readonly PropertyKey[] {
  return (path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'Date';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value === undefined ? 'nothing' : typeof value;
}

function shown(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? '';
  } catch {
    return String(value).slice(0, 200);
  }
}

/** What the schema takes, in words of its own; undefined where its library does not say. */
function expectationOf(issue: VendorIssue, vendor: string): string | undefined {
  const { code, type, values, expected, minimum, maximum, divisor, format, errors } = issue;
  if (!/^(?:zod|valibot|arktype)$/.test(vendor) || custom.includes(code ?? type)) return undefined;
  if (code === otherMembers) return 'no other members';
  if (values !== undefined) return values.map(shown).join(' or ');
  const bound = minimum ?? maximum;
  if (bound !== undefined) {
    const what = String(issue.origin ?? type);
    const sign = `${minimum === undefined ? '<' : '>'}${issue.inclusive === false ? '' : '='}`;
    return `${what}${/^(?:string|array)$/.test(what) ? ' of length' : ''} ${sign} ${bound}`;
  }
  if (divisor !== undefined) return `multiple of ${divisor}`;
  if (typeof format === 'string') return `format ${format}`;
  if (code !== 'union') return typeof expected === 'string' ? expected : undefined;
  const alternatives = errors?.map((each) => expectationOf(each as VendorIssue, vendor)) ?? [];
  return alternatives.includes(undefined) ? undefined : alternatives.join(' or ');
}

type Leaf = readonly [issue: VendorIssue, path: readonly PropertyKey[]];

/** An alternative's own issues where they go deeper than the union, which only says "invalid". */
function leaves(issue: VendorIssue, base: readonly PropertyKey[]): readonly Leaf[] {
  const path = [...base, ...keysOf(issue.path)];
  const found = issue.errors ?? issue.unionErrors ?? [];
  // zod 4 tells where an alternative's fault is from the union down, others from the data down.
  const isRelative = Array.isArray(found[0]);
  const closest = found
    .map((each) => (isRelative ? each : ((each as { issues?: unknown }).issues ?? [each])))
    .map((alternative) => alternative as readonly VendorIssue[])
    .filter((alternative) =>
      alternative.some(({ path: inner = [] }) => inner.length > (isRelative ? 0 : path.length)),
    )
    .toSorted((one, other) => one.length - other.length)[0];
  if (closest === undefined) return [[issue, path]];
  return closest.flatMap((inner) => leaves(inner, isRelative ? path : []));
}

/** What `validateData` reads of a contract. */
export interface DataRules {
  /** How messages call it. */
  readonly detailType: string;
  /** Writes refused values, and the keys of records, into messages. */
  readonly exposeValues: boolean;
}

/** What zod would say of a value that it was not shown: a message that does not depend on one. */
function messageOf({ error }: SchemaPart): unknown {
  try {
    return typeof error === 'function' ? error({ code: 'custom', path: [] }) : undefined;
  } catch {
    return undefined;
  }
}

/** Words of a schema: names that it declares, messages, and others. None of them is data. */
function wordsOf(schema: StandardSchemaV1): ReadonlySet<unknown> {
  const words = partsOf(schema).map((part) => [
    ...Object.keys(part),
    ...Object.values(part),
    messageOf(part),
  ]);
  return new Set(words.flat());
}

/** Tells the names that a schema declares, and with `exposeValues` every other. */
export function toldBy({ exposeValues }: DataRules, schema: StandardSchemaV1): IsTold {
  let words: ReadonlySet<unknown> | undefined;
  return (name) => {
    words ??= wordsOf(schema);
    return exposeValues || words.has(name);
  };
}

function describe(
  [issue, path]: Leaf,
  data: unknown,
  schema: StandardSchemaV1,
  words: ReadonlySet<unknown>,
  expose: boolean,
): ContractIssue {
  const value = path.reduce<unknown>((part, key) => Object(part)[key], data);
  const isWord = words.has(issue.message) || (expose && issue.code === otherMembers);
  const expected = isWord ? issue.message : expectationOf(issue, schema['~standard'].vendor);
  return {
    path: pathText(path, data, (name) => expose || words.has(name)),
    expected: expected ?? (expose ? issue.message : 'what its schema takes'),
    received: expose ? `${typeOf(value)} ${shown(value)}`.trimEnd() : typeOf(value),
  };
}

function answerOf(
  { detailType, exposeValues }: DataRules,
  schema: StandardSchemaV1,
  data: unknown,
): StandardSchemaV1.Result<unknown> {
  let answer: unknown;
  try {
    try {
      answer = validateNow(schema, data);
    } catch (error) {
      // ArkType, whose schemas are functions, writes into its copy of what is frozen.
      if (typeof schema !== 'function') throw error;
      answer = validateNow(schema, structuredClone(data));
    }
  } catch (error) {
    const said = exposeValues ? ` (${Object(error).message})` : '';
    throw new ContractError(
      `the schema of ${detailType} ${describeThrown(error)}${said}: let its checks return false for what they refuse`,
    );
  }
  if (answer === later) {
    throw new ContractError(
      `the schema of ${detailType} validates asynchronously: use one without async checks, and make those before the event`,
    );
  }
  const { issues } = Object(answer);
  if (
    typeof answer === 'object' &&
    answer !== null &&
    (issues === undefined || Array.isArray(issues))
  ) {
    return answer as StandardSchemaV1.Result<unknown>;
  }
  throw new ContractError(
    `the schema of ${detailType} answers with no result of a Standard Schema: return { value } or { issues: [{ message }] }`,
  );
}

/**
 * Checks data with a schema and returns what the schema makes of it (defaults filled in,
 * unknown keys dropped, as the schema says).
 * @throws ContractError that lists every fault, or says that the schema threw or validates
 * asynchronously: an event is made between two statements of a transaction.
 */
export function validateData(rules: DataRules, schema: StandardSchemaV1, data: unknown): unknown {
  const answer = answerOf(rules, schema, data);
  if (answer.issues === undefined) return answer.value;
  const words = wordsOf(schema);
  const issues = answer.issues
    .flatMap((issue) => leaves(issue, []))
    .map((leaf) => describe(leaf, data, schema, words, rules.exposeValues));
  const list = issues
    .slice(0, maxListed)
    .map(({ path, expected, received }) => `${path}: expected ${expected}, received ${received}`);
  if (issues.length > maxListed) list.push(`and ${issues.length - maxListed} more`);
  throw new ContractError(
    `data of ${rules.detailType} is refused by its schema: ${list.join('; ')}`,
    issues.map((issue) => ({ ...issue, path: issue.path.replace(/^data\.?/, '') })),
  );
}
