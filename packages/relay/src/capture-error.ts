import type { ContractError } from '@tidings/contract';

/**
 * No event can be made of a change. The message is one sentence that says why; it holds
 * names, paths and types, never a value, for it reaches logs.
 */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

/** The faults that a schema found, without the sentence that `validateData` puts before them. */
export function describeIssues(error: unknown): string | undefined {
  const issues = (error as Partial<ContractError>)?.issues ?? [];
  if (issues.length === 0) return undefined;
  return issues
    .map(({ path, expected, received }) => {
      const where = path === '' ? '' : `${path}: `;
      return `${where}expected ${expected}, received ${received}`;
    })
    .join('; ');
}
