import { describeThrown } from '@tidings/contract';
import type { Logger } from './logger.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * A logger that cannot disturb the work: what it throws, or rejects, is a warning of the
 * process, once.
 */
export function guardedLogger(logger: Logger): Logger {
  let isWarned = false;

  function failed(error: unknown): void {
    if (isWarned) return;
    isWarned = true;
    const what = describeThrown(error);
    process.emitWarning(`The logger ${what}; lines of the log may be missing`, 'TidingsWarning');
  }

  function write(level: keyof Logger): (fields: object, message: string) => void {
    return (fields, message) => {
      try {
        const returned: unknown = logger[level](fields, message);
        // A level that is asynchronous, although the port does not ask for one.
        if (returned instanceof Promise) returned.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
  }

  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/** True for what has every level. */
export function isLogger(value: unknown): value is Logger {
  const levels = (value ?? {}) as Readonly<Record<string, unknown>>;
  return LEVELS.every((level) => typeof levels[level] === 'function');
}
