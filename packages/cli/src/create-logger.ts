import type { Logger } from '@tidings/relay';
import { pino } from 'pino';

/** JSON lines on standard output; the level comes from TIDINGS_LOG_LEVEL, default `info`. */
export function createLogger(): Logger {
  return pino({ name: 'tidings', level: process.env.TIDINGS_LOG_LEVEL ?? 'info' });
}
