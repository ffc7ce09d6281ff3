import type { StandardSchemaV1 } from '@standard-schema/spec';
import { partsOf, type SchemaPart } from './schema-parts.ts';

/** Members in which zod and Valibot keep the functions that they were given, and zod runs all. */
const calledMembers = 'check transform refinement requirement operation action run'.split(' ');

let promisesMade = 0;

function takePromise(answer: unknown): boolean {
  const isPromise = typeof Object(answer).then === 'function';
  // Nobody waits for it: its rejection would end the process.
  if (isPromise) (answer as PromiseLike<unknown>).then(undefined, () => undefined);
  return isPromise;
}

const watched = new WeakSet<object>();

/**
 * Looks at what a schema's checks return. zod drops the first promise of a check when it is
 * used synchronously, and Valibot takes one for `true`: nobody could tell otherwise.
 */
function watch(part: SchemaPart): void {
  if (watched.has(part) || Object.isFrozen(part)) return;
  watched.add(part);
  for (const member of calledMembers) {
    const run = part[member];
    if (typeof run !== 'function') continue;
    part[member] = function (this: unknown, ...given: unknown[]): unknown {
      const answer: unknown = run.apply(this, given);
      if (takePromise(answer)) promisesMade += 1;
      return answer;
    };
  }
}

/** Stands for the answer of a schema that would answer later, or whose checks would. */
export const later: unique symbol = Symbol('later');

/** What a schema answers, whatever that is. It throws what its checks throw. */
export function validateNow(schema: StandardSchemaV1, data: unknown): unknown {
  if (!watched.has(schema)) {
    watched.add(schema);
    partsOf(schema).forEach(watch);
  }
  const before = promisesMade;
  const answer: unknown = schema['~standard'].validate(data);
  if (!takePromise(answer) && promisesMade === before) return answer;
  // zod tries all that threw again, asynchronously.
  if (promisesMade === before)
    partsOf(schema)[0]?.run?.({ value: data, issues: [] }, { async: false });
  return later;
}
