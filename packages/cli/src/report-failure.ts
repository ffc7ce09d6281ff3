import { ConfigurationError } from '@tidings/relay';

/**
 * Writes a failure to standard error and returns the exit code. What a person can
 * change is one sentence; anything else keeps its stack, for it is a defect.
 */
export function reportFailure(error: unknown): number {
  const text =
    error instanceof Error
      ? isSentence(error)
        ? error.message
        : (error.stack ?? error.message)
      : String(error);
  process.stderr.write(`tidings: ${text}\n`);
  return 1;
}

/** By name too: a configuration file may load its own copy of a package. */
function isSentence(error: Error): boolean {
  return (
    error instanceof ConfigurationError ||
    error.name === 'ConfigurationError' ||
    error.name === 'ContractError'
  );
}
