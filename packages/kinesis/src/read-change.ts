import { debeziumChange } from './debezium/debezium-change.ts';
import { outboxChange } from './debezium/outbox-change.ts';
import { dmsChange } from './dms/dms-change.ts';
import type { FeedChange } from './feed-change.ts';
import type { FeedSettings } from './feed-settings.ts';
import type { Message, Silent } from './message.ts';
import type { FeedRecord } from './partition.ts';

/**
 * The change that a message tells, or what kind of record it is where it tells of none.
 * @throws CaptureError where it is malformed.
 */
export function readChange(
  message: Message,
  record: FeedRecord,
  settings: FeedSettings,
): FeedChange | Silent {
  if (message.kind === 'silent') return message.what;
  switch (message.feed) {
    case 'debezium':
      return debeziumChange(message, record, settings);
    case 'outbox':
      return outboxChange(message, record);
    case 'dms':
      return dmsChange(message, record, settings);
  }
}
