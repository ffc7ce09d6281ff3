import type { Publisher } from '@tidings/contract';
import {
  type BatchRecord,
  ConfigurationError,
  type DeadLetters,
  type Logger,
  settleBatch,
} from '@tidings/relay';
import type { ItemCapture } from './capture-items.ts';
import { captureRecord, feedName } from './capture-record.ts';
import { consoleLogger } from './console-logger.ts';
import type { StreamRecord } from './stream-record.ts';

/** What Lambda passes from a DynamoDB stream. */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

/** What a handler looks at in Lambda's context. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** What Lambda reads where the event source mapping has `ReportBatchItemFailures`. */
export interface StreamResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What a stream handler is made of. */
export interface StreamHandlerOptions {
  readonly capture: ItemCapture;
  readonly publisher: Publisher;
  /**
   * Keeps records of which no event can be made and events that the bus refuses for good,
   * and lets the stream go on. Without it such a record fails the batch, again and again:
   * the event source mapping's retries and on-failure destination decide then.
   */
  readonly deadLetters?: DeadLetters;
  /**
   * How a batch that is not settled is answered. `report`, the default, names its first
   * unsettled record; the event source mapping must have `ReportBatchItemFailures`, or
   * Lambda takes the answer for a success and the records are lost. `throw` fails the whole
   * batch, for mappings without it.
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

/** A Lambda handler for an event source mapping of a DynamoDB stream. */
export type StreamHandler = (
  event: StreamEvent,
  context?: InvocationContext,
) => Promise<StreamResponse>;

/** Records between two looks at the clock, while none of them waits for anything. */
const CAPTURES_A_LOOK = 256;

/** The changes of one item share a lane, and so do records that tell no item. */
function laneOf(record: StreamRecord): string {
  try {
    return JSON.stringify([record.eventSourceARN, record.dynamodb?.Keys]);
  } catch {
    return '';
  }
}

function sequenceNumberOf(record: StreamRecord | undefined): string | undefined {
  const number: unknown = record?.dynamodb?.SequenceNumber;
  return typeof number === 'string' && number !== '' ? number : undefined;
}

/**
 * Names the first unsettled record. One that has no number cannot be named; naming the
 * record before it only delivers that once more.
 */
function answer(records: readonly StreamRecord[], first: number): StreamResponse {
  for (let index = first; index >= 0; index--) {
    const itemIdentifier = sequenceNumberOf(records[index]);
    if (itemIdentifier !== undefined) return { batchItemFailures: [{ itemIdentifier }] };
  }
  throw new Error(
    'No record up to the first unsettled one has a dynamodb.SequenceNumber, so that the whole batch fails.',
  );
}

/**
 * Makes the handler of a DynamoDB stream:
 *
 * ```ts
 * export const handler = streamHandler({ capture, publisher, deadLetters });
 * ```
 *
 * Every record is settled (its events are accepted, or it is parked), or the answer names
 * the first that is not, from which Lambda delivers again: nothing is lost, and what comes
 * twice has the same ids. The changes of one item are published one after the other.
 * @throws ConfigurationError where an option is malformed.
 */
export function streamHandler(options: StreamHandlerOptions): StreamHandler {
  const { capture, publisher, deadLetters, logger = consoleLogger } = options;
  const { failures = 'report', reserveMs = 1_000 } = options;
  if (typeof capture?.capture !== 'function') {
    throw new ConfigurationError('capture must be one such as captureItems({ … })');
  }
  if (typeof publisher?.publishSettled !== 'function') {
    throw new ConfigurationError('publisher must be one such as eventBridgePublisher({ … })');
  }
  if (failures !== 'report' && failures !== 'throw') {
    throw new ConfigurationError(`failures must be 'report' or 'throw', got ${String(failures)}`);
  }
  if (!(reserveMs >= 0 && reserveMs < 900_000)) {
    throw new ConfigurationError(`reserveMs must be 0 to 899,999, got ${String(reserveMs)}`);
  }

  return async (event, context) => {
    const records = event?.Records;
    if (!Array.isArray(records)) {
      throw new TypeError(
        'A stream handler takes the event of a DynamoDB stream, { Records: […] }: put pipeEnrichment behind a Pipe.',
      );
    }
    const leftMs = (): number =>
      context === undefined
        ? Number.POSITIVE_INFINITY
        : context.getRemainingTimeInMillis() - reserveMs;
    const captured: BatchRecord[] = [];
    for (const record of records as readonly StreamRecord[]) {
      if (captured.length % CAPTURES_A_LOOK === 0 && leftMs() <= 0) break;
      captured.push({ lane: laneOf(record), captured: captureRecord(capture, record) });
    }
    const unsettled = await settleBatch(captured, {
      publisher,
      deadLetters,
      logger,
      source: feedName,
      answerWithinMs: leftMs(),
    });
    const first = unsettled ?? captured.length;
    if (first === records.length) return { batchItemFailures: [] };
    logger.error(
      { records: records.length, settled: first },
      'a batch is not settled; Lambda delivers the rest of it again',
    );
    if (failures === 'throw') {
      throw new Error(`${records.length - first} of ${records.length} records are not settled.`);
    }
    return answer(records, first);
  };
}
