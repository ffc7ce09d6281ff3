import { checkInput, type Fields, type InputOf } from '../protocol/input-shape.ts';
import type { Caller, Operation } from '../protocol/operation.ts';
import { missingParameter } from './sqs-error.ts';

/** An operation that does not change what exists, or changes messages alone. */
export function sqsQuery<F extends Fields>(
  fields: F,
  run: (input: InputOf<F>, caller: Caller) => object | Promise<object>,
): Operation {
  return { mutates: false, run: (input, caller) => run(checked(fields, input), caller) };
}

/** An operation that changes what exists. */
export function sqsCommand<F extends Fields>(
  fields: F,
  run: (input: InputOf<F>, caller: Caller) => object,
): Operation {
  return { mutates: true, run: (input, caller) => run(checked(fields, input), caller) };
}

/**
 * SQS names the first parameter that is missing or an empty text. The bounds of values are
 * checked by the operations, for each has a sentence of its own.
 */
function checked<F extends Fields>(fields: F, input: unknown): InputOf<F> {
  const given = typeof input === 'object' && input !== null ? input : {};
  for (const [name, field] of Object.entries(fields)) {
    if (field.kind !== 'required') continue;
    const value = Object.hasOwn(given, name) ? (given as Record<string, unknown>)[name] : undefined;
    if (value === undefined || value === null || value === '') throw missingParameter(name);
  }
  return checkInput(fields, input);
}
