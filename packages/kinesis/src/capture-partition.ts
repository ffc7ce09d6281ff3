import { describeThrown } from '@tidings/contract';
import {
  type BatchRecord,
  type Captured,
  CaptureError,
  ConfigurationError,
  type RowCapture,
} from '@tidings/relay';
import { captureFeedChange } from './feed-change.ts';
import type { FeedSettings } from './feed-settings.ts';
import { type Feed, type Message, readMessage, type Silent } from './message.ts';
import type { FeedRecord, Partition } from './partition.ts';
import { readChange } from './read-change.ts';

/** Names the feed in dead letters where a record does not tell which it is of. */
const unknownFeed = 'cdc stream';
/** Records between two looks at the clock, while none of them waits for anything. */
const RECORDS_A_LOOK = 256;

/** What the records of an event came to. */
export interface Tally {
  /** Feeds that wrote records of the event. */
  readonly feeds: Set<Feed>;
  /** Records that tell of no change, by kind. */
  readonly silent: Map<Silent, number>;
}

function poison(record: FeedRecord, feed: Feed | undefined, error: unknown): Captured {
  const reason =
    error instanceof CaptureError ? error.message : `the record ${describeThrown(error)}`;
  const source = feed === undefined ? unknownFeed : `${feed} stream`;
  return {
    kind: 'poison',
    letter: { change: record.raw, code: 'CaptureFailed', reason, source },
  };
}

function checkFeed(feed: Feed, { feeds }: Tally, expected: Feed | undefined): void {
  feeds.add(feed);
  if (expected === undefined && feeds.size > 1) {
    throw new ConfigurationError(
      `the batch holds records of several feeds (${[...feeds].join(', ')}), and one table must ` +
        'not come through two: give each feed a stream and a handler of its own, or set feed, ' +
        "so that the others' records become dead letters",
    );
  }
  if (expected !== undefined && feed !== expected) {
    throw new CaptureError(`the record is of feed ${feed}, and the handler is set to ${expected}`);
  }
}

function captureRecord(
  record: FeedRecord,
  capture: RowCapture,
  settings: FeedSettings,
  tally: Tally,
): BatchRecord {
  const lane = record.key ?? '';
  let message: Message | undefined;
  const feed = (): Feed | undefined => (message?.kind === 'change' ? message.feed : undefined);
  try {
    message = readMessage(record);
    if (message.kind === 'change') checkFeed(message.feed, tally, settings.feed);
    const change = readChange(message, record, settings);
    if (typeof change === 'string') {
      tally.silent.set(change, (tally.silent.get(change) ?? 0) + 1);
      return { lane, captured: { kind: 'events', events: [] } };
    }
    const events = captureFeedChange(capture, change);
    return { lane: change.lane, captured: { kind: 'events', events } };
  } catch (error) {
    // A batch of two feeds is nobody's poison: somebody must decide.
    if (error instanceof ConfigurationError) throw error;
    return { lane, captured: poison(record, feed(), error) };
  }
}

/**
 * Captures records until the time is up. Nothing that a record holds, and nothing that a
 * mapping does, makes it throw.
 * @throws ConfigurationError where the records are of several feeds.
 */
export function capturePartition(
  partition: Partition,
  capture: RowCapture,
  settings: FeedSettings,
  tally: Tally,
  leftMs: () => number,
): readonly BatchRecord[] {
  const captured: BatchRecord[] = [];
  for (const record of partition) {
    if (captured.length % RECORDS_A_LOOK === 0 && leftMs() <= 0) break;
    captured.push(captureRecord(record, capture, settings, tally));
  }
  return captured;
}
