import type { ContractError } from '@tidings/contract';

/**
 * No event can be made of a change. The message is one sentence that says why; it holds
 * names, paths and types, never a value, for it reaches logs.
 */
export class CaptureError extends Error {
  override readonly name = 'CaptureError';
}

const location = /\(?((?:file:\/\/|\/|[A-Za-z]:\\)[^()\s]*:\d+:\d+)\)?$/m;

/**
 * What may be told of an error that somebody's function threw: a contract's message, which
 * holds no data. Any other message may quote data, so that its kind and place must do.
 */
export function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return `threw a value of type ${typeof error}`;
  if (error.name === 'ContractError' || error.name === 'CaptureError') {
    return `was refused: ${error.message}`;
  }
  const place = location.exec(error.stack?.slice(`${error.name}: ${error.message}`.length) ?? '');
  return `threw ${error.name}${place === null ? '' : ` at ${place[1]}`}`;
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
