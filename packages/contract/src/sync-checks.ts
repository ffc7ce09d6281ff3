import type { StandardSchemaV1 } from '@standard-schema/spec';
import { partsOf, type SchemaPart } from './schema-parts.ts';

/** Members in which zod and Valibot keep functions that they were given. */
const givenMembers = ['transform', 'refinement', 'requirement', 'operation', 'action'];

let promisesMade = 0;

function takePromise(answer: unknown): boolean {
  const isPromise = typeof (answer as { then?: unknown } | null | undefined)?.then === 'function';
  // Nobody waits for it: its rejection would end the process.
  if (isPromise) (answer as PromiseLike<unknown>).then(undefined, () => undefined);
  return isPromise;
}

/** Schemas that were looked at. */
const looked = new WeakSet<object>();
const watchers = new WeakSet<object>();

/** Whether a member is a function; it is watched from then on. */
function watch(part: SchemaPart, member: string): boolean {
  const run = part[member];
  if (typeof run !== 'function' || Object.isFrozen(part)) return false;
  if (watchers.has(run)) return true;
  const watcher = function (this: unknown, value: unknown, context: unknown): unknown {
    const answer: unknown = run.call(this, value, context);
    if (takePromise(answer)) promisesMade += 1;
    return answer;
  };
  watchers.add(watcher);
  part[member] = watcher;
  return true;
}

/**
 * Looks at what a schema's own checks return. zod drops the first promise of a check when it
 * is used synchronously, and Valibot takes one for `true`: nobody could tell otherwise.
 */
function watchChecks(schema: StandardSchemaV1): void {
  const parts = partsOf(schema);
  const own = parts.filter((part) => {
    const members = part.def?.check === 'custom' ? ['check'] : givenMembers;
    return members.filter((member) => watch(part, member)).length > 0;
  });
  // What zod makes of their promises goes through the parts around them.
  if (own.length > 0) for (const part of parts) watch(part, 'run');
  looked.add(schema);
}

/** Stands for the answer of a schema that would answer later, or whose checks would. */
export const later: unique symbol = Symbol('later');

/** What a schema answers, whatever that is. It throws what its checks throw. */
export function validateNow(schema: StandardSchemaV1, data: unknown): unknown {
  if (!looked.has(schema)) watchChecks(schema);
  const before = promisesMade;
  const answer: unknown = schema['~standard'].validate(data);
  if (!takePromise(answer) && promisesMade === before) return answer;
  // zod tries all that threw again, asynchronously.
  if (promisesMade === before)
    partsOf(schema)[0]?.run?.({ value: data, issues: [] }, { async: false });
  return later;
}
