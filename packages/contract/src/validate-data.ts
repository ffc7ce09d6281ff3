import type { StandardSchemaV1 } from '@standard-schema/spec';
import { ContractError, type ContractIssue } from './contract-error.ts';

/** `[{ key: 'items' }, 2, 'sku']` -> `items[2].sku` */
function pathText(path: StandardSchemaV1.Issue['path']): string {
  let text = '';
  for (const segment of path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment;
    if (typeof key === 'number') text += `[${key}]`;
    else text += text === '' ? String(key) : `.${String(key)}`;
  }
  return text;
}

/**
 * Checks data with the contract's schema and returns what the schema makes of it
 * (defaults filled in, unknown keys dropped, as the schema says).
 * @throws ContractError that lists every fault, or when the schema validates
 * asynchronously: an event is made between two statements of a transaction.
 */
export function validateData<Data>(
  label: string,
  schema: StandardSchemaV1<unknown, Data>,
  data: unknown,
): Data {
  const result = schema['~standard'].validate(data);
  if (result instanceof Promise) {
    // Its rejection would be nobody's.
    result.catch(() => undefined);
    throw new ContractError(
      `the schema of ${label} validates asynchronously: use one without async checks, and make those before the event`,
    );
  }
  if (result.issues === undefined) return result.value;
  const issues: readonly ContractIssue[] = result.issues.map((issue) => ({
    path: pathText(issue.path),
    message: issue.message,
  }));
  const list = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new ContractError(
    `data of ${label} does not satisfy its schema: ${list.join('; ')}`,
    issues,
  );
}
