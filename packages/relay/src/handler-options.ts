import type { DeadLetters, Publisher } from '@tidings/contract';
import type { RowCapture } from './capture-rows.ts';
import { ConfigurationError } from './configuration-error.ts';
import { consoleLogger } from './console-logger.ts';
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

/** @throws ConfigurationError where an option is malformed. */
export function resolveHandlerOptions<Capture extends RowCapture>(
  options: HandlerOptions<Capture>,
): HandlerSettings<Capture> {
  const { capture, publisher, deadLetters, failures } = options;
  const { reserveMs = 1_000, logger = consoleLogger } = options;
  if (typeof capture?.capture !== 'function') {
    throw new ConfigurationError('capture must be what captureRows or captureItems returned');
  }
  if (typeof publisher?.publishSettled !== 'function') {
    throw new ConfigurationError('publisher must be one such as eventBridgePublisher({ … })');
  }
  if (failures !== undefined && failures !== 'report' && failures !== 'throw') {
    throw new ConfigurationError(`failures must be 'report' or 'throw', got ${String(failures)}`);
  }
  if (!(reserveMs >= 0 && reserveMs < 900_000)) {
    throw new ConfigurationError(`reserveMs must be 0 to 899,999, got ${String(reserveMs)}`);
  }
  return Object.freeze({ capture, publisher, deadLetters, failures, reserveMs, logger });
}
