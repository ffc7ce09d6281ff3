import { ServiceError } from './service-error.ts';

/** One thing that is wrong with an input, in the service's words. */
export function violation(value: string | null, path: string, constraint: string): string {
  const shown = value === null ? 'null' : `'${value}'`;
  return `Value ${shown} at '${path}' failed to satisfy constraint: ${constraint}`;
}

/** All that is wrong with an input, in one refusal. */
export function validationError(violations: readonly string[]): ServiceError {
  const errors = violations.length === 1 ? 'error' : 'errors';
  return new ServiceError(
    'ValidationException',
    `${violations.length} validation ${errors} detected: ${violations.join('; ')}`,
  );
}
