import { type DeadLetters, optionBounds, type Publisher } from '@tidings/contract';
import type { RowCapture } from './capture-rows.ts';
import { ConfigurationError } from './configuration-error.ts';
import { consoleLogger } from './console-logger.ts';
import { guardedLogger, isLogger } from './guarded-logger.ts';
import type { Logger } from './logger.ts';

/** What a Lambda handler of a change feed is made of, whichever feed it is. */
export interface HandlerOptions<Capture extends RowCapture = RowCapture> {
  readonly capture: Capture;
  readonly publisher: Publisher;
  /**
   * Keeps records of which no event can be made and events that the bus refuses for good,
   * and lets the stream go on. Without it such a record fails the batch, again and again:
   * the event source mapping's retries and on-failure destination decide then.
   */
  readonly deadLetters?: DeadLetters;
  /**
   * How a batch that is not settled is answered. `report` names its first unsettled record;
   * the event source mapping must have `ReportBatchItemFailures`, or Lambda takes the answer
   * for a success and the records are lost. `throw` fails the whole batch, for mappings
   * without it.
   */
  readonly failures?: 'report' | 'throw';
  /**
   * Milliseconds before Lambda's time-out at which the batch is answered with what is
   * settled by then. Default 1,000.
   */
  readonly reserveMs?: number;
  /** Default: warnings and errors as JSON lines on the console. */
  readonly logger?: Logger;
}

/** The options with every field present. */
export interface HandlerSettings<Capture extends RowCapture = RowCapture> {
  readonly capture: Capture;
  readonly publisher: Publisher;
  readonly deadLetters: DeadLetters | undefined;
  /** Undefined where the handler is to decide by the event. */
  readonly failures: 'report' | 'throw' | undefined;
  readonly reserveMs: number;
  readonly logger: Logger;
}

/** What Lambda's time-out can be set to. */
const LONGEST_INVOCATION_MS = 900_000;

const { known, oneOf, within } = optionBounds(ConfigurationError);

const NAMES: Record<keyof HandlerOptions, true> = {
  capture: true,
  publisher: true,
  deadLetters: true,
  failures: true,
  reserveMs: true,
  logger: true,
};

/**
 * @param feedNames Names of the feed's own options, where they are given together.
 * @throws ConfigurationError where an option is malformed or unknown.
 */
export function resolveHandlerOptions<Capture extends RowCapture>(
  options: HandlerOptions<Capture>,
  feedNames: Readonly<Record<string, true>> = {},
): HandlerSettings<Capture> {
  known('a handler', options, { ...NAMES, ...feedNames });
  const { capture, publisher, deadLetters, failures } = options;
  const { reserveMs = 1_000, logger = consoleLogger } = options;
  if (typeof capture?.capture !== 'function') {
    throw new ConfigurationError('capture must be what captureRows or captureItems returned');
  }
  if (typeof publisher?.publishSettled !== 'function') {
    throw new ConfigurationError('publisher must be one such as eventBridgePublisher({ … })');
  }
  if (deadLetters !== undefined && typeof deadLetters?.park !== 'function') {
    throw new ConfigurationError('deadLetters must be a store such as fileDeadLetters(path)');
  }
  if (failures !== undefined) oneOf('failures', failures, ['report', 'throw']);
  within('reserveMs', reserveMs, 0, LONGEST_INVOCATION_MS);
  if (!isLogger(logger)) {
    throw new ConfigurationError('logger must have debug, info, warn and error, such as pino()');
  }
  return Object.freeze({
    capture,
    publisher,
    deadLetters,
    failures,
    reserveMs,
    logger: guardedLogger(logger),
  });
}
