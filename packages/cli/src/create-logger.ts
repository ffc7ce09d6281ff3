import { ConfigurationError, type Logger } from '@tidings/relay';
import { pino } from 'pino';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/**
 * JSON lines on standard output; the level comes from TIDINGS_LOG_LEVEL, default `info`.
 * @throws ConfigurationError on a level that does not exist.
 */
export function createLogger(): Logger {
  const level = process.env.TIDINGS_LOG_LEVEL || 'info';
  if (!LEVELS.includes(level)) {
    throw new ConfigurationError(
      `TIDINGS_LOG_LEVEL must be one of ${LEVELS.join(', ')}, got '${level}'`,
    );
  }
  return pino({ name: 'tidings', level });
}
