/**
 * Something that a person must change before the work can go on. The message is one
 * sentence that says what; a command line prints it without a stack and exits with 1.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
