import type { Logger } from './logger.ts';

function line(level: string, write: (text: string) => void) {
  return (fields: object, message: string): void =>
    write(JSON.stringify({ level, message, ...fields }));
}

/**
 * Writes warnings and errors as JSON lines, which is what a function's log takes apart; a
 * handler that failed in silence would be found by its stream's age only.
 */
export const consoleLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: line('WARN', (text) => console.warn(text)),
  error: line('ERROR', (text) => console.error(text)),
};
