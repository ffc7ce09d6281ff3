import {
  answerTime,
  type BatchRecord,
  failureFrom,
  type HandlerOptions,
  type InvocationContext,
  resolveHandlerOptions,
  settleBatch,
} from '@tidings/relay';
import type { ItemCapture } from './capture-items.ts';
import { captureRecord, feedName } from './capture-record.ts';
import type { StreamRecord } from './stream-record.ts';

/** What Lambda passes from a DynamoDB stream. */
export interface StreamEvent {
  readonly Records: readonly StreamRecord[];
}

/** What Lambda reads where the event source mapping has `ReportBatchItemFailures`. */
export interface StreamResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What a stream handler is made of; `failures` is by default `report`. */
export type StreamHandlerOptions = HandlerOptions<ItemCapture>;

/** A Lambda handler for an event source mapping of a DynamoDB stream. */
export type StreamHandler = (
  event: StreamEvent,
  context?: InvocationContext,
) => Promise<StreamResponse>;

/** Records between two looks at the clock, while none of them waits for anything. */
const CAPTURES_A_LOOK = 256;

/** The changes of one item share a lane, and so do records that tell no item. */
function laneOf(record: StreamRecord, stream: string | undefined): string {
  try {
    const { eventSourceARN, dynamodb } = record;
    // A batch is of one stream, whose name need not stand in each of its lanes.
    if (eventSourceARN !== stream) return JSON.stringify([eventSourceARN, dynamodb?.Keys]);
    return JSON.stringify(dynamodb?.Keys) ?? '';
  } catch {
    return '';
  }
}

function sequenceNumberOf(record: StreamRecord | undefined): string | undefined {
  const number: unknown = record?.dynamodb?.SequenceNumber;
  return typeof number === 'string' && number !== '' ? number : undefined;
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
  const settings = resolveHandlerOptions(options);
  const { capture, publisher, deadLetters, logger, reserveMs, failures = 'report' } = settings;

  return async (event, context) => {
    const records = event?.Records;
    if (!Array.isArray(records)) {
      throw new TypeError(
        'A stream handler takes the event of a DynamoDB stream, { Records: […] }: put pipeEnrichment behind a Pipe.',
      );
    }
    const leftMs = answerTime(context, reserveMs);
    const captured: BatchRecord[] = [];
    const stream = (records[0] as StreamRecord | undefined)?.eventSourceARN;
    for (const record of records as readonly StreamRecord[]) {
      if (captured.length % CAPTURES_A_LOOK === 0 && leftMs() <= 0) break;
      captured.push({ lane: laneOf(record, stream), captured: captureRecord(capture, record) });
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
    const upToFirst = (records as readonly StreamRecord[]).slice(0, first + 1);
    return { batchItemFailures: [failureFrom(upToFirst.map(sequenceNumberOf))] };
  };
}
