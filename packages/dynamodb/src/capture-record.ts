import { describeThrown } from '@tidings/contract';
import { type Captured, CaptureError } from '@tidings/relay';
import type { ItemCapture } from './capture-items.ts';
import { itemChange } from './item-change.ts';
import type { StreamRecord } from './stream-record.ts';

/** Names the feed in dead letters. */
export const feedName = 'dynamodb stream';

/**
 * The events of one record, or a dead letter that holds it where none can be made. Nothing
 * that a record holds, and nothing that a mapping does, makes it throw.
 */
export function captureRecord(capture: ItemCapture, record: StreamRecord): Captured {
  try {
    return { kind: 'events', events: capture.capture(itemChange(record)) };
  } catch (error) {
    const reason =
      error instanceof CaptureError ? error.message : `the record ${describeThrown(error)}`;
    return {
      kind: 'poison',
      letter: { change: record, code: 'CaptureFailed', reason, source: feedName },
    };
  }
}
