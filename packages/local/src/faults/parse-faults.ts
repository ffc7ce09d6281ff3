import { compilePattern } from '../pattern/compile-pattern.ts';
import { type Fault, requestFailPresets } from './fault.ts';

type Json = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => string | undefined;
/** Field name to check; a name ending in `?` may be absent. */
type Shape = Readonly<Record<string, Check>>;

/**
 * Reads a list of faults that came as JSON or from code.
 * @throws Error that names the fault, the field, the bound and the value.
 */
export function parseFaults(value: unknown): readonly Fault[] {
  if (!Array.isArray(value)) throw new Error(`faults must be a list, got ${show(value)}`);
  return value.map((fault, index) => {
    const problem = faultProblem(fault);
    if (problem !== undefined) throw new Error(`fault ${index + 1}: ${problem}`);
    return fault as Fault;
  });
}

const text: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'a text that is not empty';
const wholeFrom =
  (min: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= min
      ? undefined
      : `a whole number of ${min} or more`;
const numberFrom =
  (min: number, max = Number.POSITIVE_INFINITY): Check =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max
      ? undefined
      : max === Number.POSITIVE_INFINITY
        ? `a number of ${min} or more`
        : `a number from ${min} to ${max}`;
const oneOf =
  (...choices: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && choices.includes(value)
      ? undefined
      : `one of ${choices.join(', ')}`;
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every((item) => check(item) === undefined)
      ? undefined
      : `a list, each ${check(undefined)}`;
const headers: Check = (value) =>
  isObject(value) && Object.values(value).every((item) => typeof item === 'string')
    ? undefined
    : 'an object of texts';
const delay: Check = (value) => {
  const expected = '{"fixed"}, {"uniform": [min, max]} or {"lognormal": {"median", "sigma"}} in ms';
  if (!isObject(value) || Object.keys(value).length !== 1) return expected;
  const from0 = numberFrom(0);
  if ('fixed' in value) return from0(value.fixed) && expected;
  if ('uniform' in value) {
    const range = value.uniform;
    return Array.isArray(range) && range.length === 2 && range.every((ms) => !from0(ms))
      ? undefined
      : expected;
  }
  const log = value.lognormal;
  return isObject(log) && !from0(log.median) && !from0(log.sigma) ? undefined : expected;
};

const pattern: Check = (value) => {
  if (!isObject(value)) return 'an event pattern';
  try {
    compilePattern(JSON.stringify(value));
    return undefined;
  } catch (error) {
    return `an event pattern (${error instanceof Error ? error.message : error})`;
  }
};

const matchShape: Shape = {
  'op?': text,
  'bus?': text,
  'source?': text,
  'detailType?': text,
  'detailPattern?': pattern,
  'entryIndex?': wholeFrom(0),
  'attempt?': wholeFrom(1),
  'invocation?': text,
  'rule?': text,
  'target?': text,
};
const whenShape: Shape = {
  'nth?': listOf(wholeFrom(1)),
  'every?': wholeFrom(1),
  'first?': wholeFrom(0),
  'probability?': numberFrom(0, 1),
  'seed?': wholeFrom(Number.MIN_SAFE_INTEGER),
  'times?': wholeFrom(0),
};
const choice: Shape = { 'indices?': listOf(wholeFrom(0)), 'fraction?': numberFrom(0, 1) };

const bodies = oneOf(
  'empty',
  'html',
  'short-entries',
  'extra-entries',
  'wrong-count',
  'wrong-order',
);

function actionShape(action: Json): Shape | string {
  switch (action.type) {
    case 'entry-fail':
      return { code: text, 'message?': text, ...choice };
    case 'request-fail':
      return 'preset' in action
        ? { preset: oneOf(...requestFailPresets) }
        : { status: wholeFrom(400), error: text, 'message?': text, 'headers?': headers };
    case 'token-bucket':
      return {
        ratePerSec: numberFrom(0),
        burst: numberFrom(1),
        unit: oneOf('requests', 'entries'),
        scope: oneOf('request', 'entry'),
      };
    case 'commit-then':
      return {
        symptom: oneOf('reset', 'hang', 'truncate', 'status', 'delay'),
        ...(action.symptom === 'status' ? { status: wholeFrom(400) } : {}),
        ...(action.symptom === 'delay' ? { ms: numberFrom(0) } : {}),
      };
    case 'before-commit':
      return {
        symptom: oneOf('reset', 'hang', 'delay'),
        ...(action.symptom === 'delay' ? { ms: numberFrom(0) } : {}),
      };
    case 'latency':
      return { delay, 'phase?': oneOf('before-commit', 'after-commit') };
    case 'bad-response':
      return { body: bodies };
    case 'silent-drop':
      return choice;
    case 'deliver':
      return {
        effect: oneOf('fail', 'drop', 'duplicate', 'reorder', 'delay'),
        ...(action.effect === 'fail' ? { 'code?': text } : {}),
        ...(action.effect === 'delay' ? { delay } : {}),
      };
    case 'archive-lag':
      return { ms: numberFrom(0) };
    case 'replay-interrupt':
      return { afterEvents: wholeFrom(0) };
    default:
      return `action.type must be one of ${actionTypes.join(', ')}, got ${show(action.type)}`;
  }
}

const actionTypes = [
  'entry-fail',
  'request-fail',
  'token-bucket',
  'commit-then',
  'before-commit',
  'latency',
  'bad-response',
  'silent-drop',
  'deliver',
  'archive-lag',
  'replay-interrupt',
];

function faultProblem(fault: unknown): string | undefined {
  if (!isObject(fault)) return `a fault must be an object, got ${show(fault)}`;
  const outer = shapeProblem(fault, '', {
    'id?': text,
    'match?': objectCheck,
    'when?': objectCheck,
    action: objectCheck,
  });
  if (outer !== undefined) return outer;
  const action = fault.action as Json;
  const shape = actionShape(action);
  if (typeof shape === 'string') return shape;
  const when = (fault.when ?? {}) as Json;
  const modes = ['nth', 'every', 'first', 'probability'].filter((name) => name in when);
  if (modes.length > 1) return `when takes one of nth, every, first and probability, got ${modes}`;
  return (
    shapeProblem((fault.match ?? {}) as Json, 'match.', matchShape) ??
    shapeProblem(when, 'when.', whenShape) ??
    shapeProblem(action, 'action.', { type: text, ...shape })
  );
}

const objectCheck: Check = (value) => (isObject(value) ? undefined : 'an object');

function shapeProblem(value: Json, prefix: string, shape: Shape): string | undefined {
  const checks = new Map<string, Check>();
  for (const [key, check] of Object.entries(shape)) {
    const name = key.replace('?', '');
    checks.set(name, check);
    if (value[name] === undefined && key.endsWith('?')) continue;
    const expected = check(value[name]);
    if (expected !== undefined) {
      return `${prefix}${name} must be ${expected}, got ${show(value[name])}`;
    }
  }
  const unknown = Object.keys(value).find((name) => !checks.has(name));
  if (unknown === undefined) return undefined;
  return `${prefix}${unknown} is not a field here; there are ${[...checks.keys()].join(', ')}`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
