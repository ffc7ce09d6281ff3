import {
  checkProducer,
  describeThrown,
  optionBounds,
  type Producer,
  type PublishableEvent,
  type Publisher,
} from '@tidings/contract';
import {
  ConfigurationError,
  consoleLogger,
  type DeadLetter,
  type DeadLetters,
  type Logger,
  settlementOf,
} from '@tidings/relay';
import type { ItemCapture } from './capture-items.ts';
import { captureRecord, feedName } from './capture-record.ts';
import { type PipeItem, pipeItem } from './pipe-item.ts';
import type { StreamRecord } from './stream-record.ts';

/** What a Pipe's enrichment is made of. */
export interface PipeEnrichmentOptions {
  readonly capture: ItemCapture;
  /** Keeps records of which no event can be made, and lets the Pipe go on. */
  readonly deadLetters?: DeadLetters;
  /**
   * `park` puts poison into `deadLetters`. `throw` fails the batch, which the Pipe retries
   * until the record is given up: by default for 24 hours, and nothing behind it in its
   * shard goes on. Default: `park` where `deadLetters` are given, else `throw`.
   */
  readonly onPoison?: 'park' | 'throw';
  /**
   * Publishes what the Pipe cannot carry: the events of a batch beyond `maxItems` and
   * `maxBytes`. Without it such a batch fails, which a Pipe with AUTOMATIC_BISECT retries
   * in halves, and a single record of that kind is poison.
   */
  readonly overflow?: Publisher;
  /** Written to the metadata of events that name no producer. */
  readonly producer?: Producer;
  /** Events in one answer. Default 10, what a Pipe gives to an event bus at once. */
  readonly maxItems?: number;
  /** Bytes of one answer as JSON. Default 1,000,000, under the bus's limit of 1 MB. */
  readonly maxBytes?: number;
  /** Default: warnings and errors as JSON lines on the console. */
  readonly logger?: Logger;
}

/** A Lambda handler for the enrichment of a Pipe whose source is a DynamoDB stream. */
export type PipeEnrichment = (records: readonly StreamRecord[]) => Promise<readonly PipeItem[]>;

type Settings = Required<Omit<PipeEnrichmentOptions, 'deadLetters' | 'overflow' | 'producer'>> &
  Pick<PipeEnrichmentOptions, 'deadLetters' | 'overflow' | 'producer'>;

/** What became of a record: items with their size, or a dead letter. */
type Enriched =
  | {
      readonly kind: 'items';
      readonly items: readonly PipeItem[];
      readonly bytes: number;
      readonly events: readonly PublishableEvent[];
    }
  | { readonly kind: 'poison'; readonly letter: DeadLetter };

const NAMES: Record<keyof PipeEnrichmentOptions, true> = {
  capture: true,
  deadLetters: true,
  onPoison: true,
  overflow: true,
  producer: true,
  maxItems: true,
  maxBytes: true,
  logger: true,
};

const { known, oneOf, whole } = optionBounds(ConfigurationError);

function resolveOptions(options: PipeEnrichmentOptions): Settings {
  known('pipeEnrichment', options, NAMES);
  const { capture, deadLetters } = options;
  checkProducer(options.producer);
  if (typeof capture?.capture !== 'function') {
    throw new ConfigurationError('capture must be one such as captureItems({ … })');
  }
  const settings = {
    ...options,
    onPoison: options.onPoison ?? (deadLetters === undefined ? 'throw' : 'park'),
    maxItems: options.maxItems ?? 10,
    maxBytes: options.maxBytes ?? 1_000_000,
    logger: options.logger ?? consoleLogger,
  };
  const { onPoison } = settings;
  oneOf('onPoison', onPoison, ['park', 'throw']);
  if (onPoison === 'park' && deadLetters === undefined) {
    throw new ConfigurationError("onPoison: 'park' needs deadLetters to park in");
  }
  for (const [name, most] of [
    ['maxItems', 10],
    ['maxBytes', 6_000_000],
  ] as const) {
    whole(name, settings[name], 1, most);
  }
  return Object.freeze(settings);
}

function poison(change: StreamRecord, code: string, reason: string): Enriched {
  return { kind: 'poison', letter: { change, code, reason, source: feedName } };
}

function enrichRecord(settings: Settings, record: StreamRecord): Enriched {
  const { capture, producer, maxItems, maxBytes, overflow } = settings;
  const captured = captureRecord(capture, record);
  if (captured.kind === 'poison') return captured;
  const { events } = captured;
  let items: readonly PipeItem[];
  try {
    items = events.map((event) => pipeItem(record.eventID as string, event, producer));
  } catch (error) {
    return poison(record, 'CaptureFailed', `an event of the record ${describeThrown(error)}`);
  }
  const bytes = items.reduce((sum, item) => sum + Buffer.byteLength(JSON.stringify(item)) + 1, 2);
  if (overflow === undefined && items.length > maxItems) {
    return poison(
      record,
      'TooManyEvents',
      `a record yields ${items.length} events, and a Pipe takes ${maxItems}: set overflow to a publisher`,
    );
  }
  if (overflow === undefined && bytes > maxBytes) {
    return poison(
      record,
      'EventTooLarge',
      `the events of a record take ${bytes} bytes, and a Pipe takes ${maxBytes}: set overflow to a publisher`,
    );
  }
  return { kind: 'items', items, bytes, events };
}

/**
 * Makes the enrichment of a Pipe from a DynamoDB stream to an event bus:
 *
 * ```ts
 * export const enrich = pipeEnrichment({ capture, deadLetters });
 * ```
 *
 * Set the Pipe's target to `pipeTargetParameters`, its source batch to 10 (10 divided by the
 * events that one record can yield), AUTOMATIC_BISECT and a starting position of
 * TRIM_HORIZON. The answer has at most `maxItems` events and `maxBytes` bytes, `[]` where
 * nothing is to be sent, and is the same at every call with the same records: after a
 * failure a Pipe calls again.
 * @throws ConfigurationError where an option is malformed, ContractError where the producer is.
 */
export function pipeEnrichment(options: PipeEnrichmentOptions): PipeEnrichment {
  const settings = resolveOptions(options);
  const { deadLetters, onPoison, overflow, maxItems, maxBytes, logger } = settings;

  async function keep(letters: readonly DeadLetter[]): Promise<void> {
    const [letter] = letters;
    if (letter === undefined) return;
    if (onPoison === 'throw') {
      throw new Error(`A record is poison, so that its batch fails: ${letter.reason}`);
    }
    await deadLetters?.park(letters);
    for (const { code, reason, source } of letters) {
      logger.warn({ code, reason, source }, 'parked a dead letter');
    }
  }

  async function publishDirectly(events: readonly PublishableEvent[]): Promise<void> {
    if (overflow === undefined || events.length === 0) return;
    const letters: DeadLetter[] = [];
    const outcomes = await overflow.publishSettled(events);
    outcomes.forEach((outcome, index) => {
      const event = events[index] as PublishableEvent;
      const settlement = settlementOf(outcome, event, feedName);
      if (settlement.kind === 'park') letters.push(settlement.letter);
      if (settlement.kind === 'owed') {
        throw new Error(
          `An event beyond what the Pipe takes is undelivered, so that its batch fails: ${settlement.code}: ${settlement.reason}`,
        );
      }
    });
    await keep(letters);
  }

  return async (records) => {
    if (!Array.isArray(records)) {
      throw new TypeError(
        "An enrichment takes the array of records that a Pipe passes: put streamHandler behind a function's event source mapping.",
      );
    }
    const answer: PipeItem[] = [];
    const direct: PublishableEvent[] = [];
    const letters: DeadLetter[] = [];
    let bytes = 2;
    for (const record of records as readonly StreamRecord[]) {
      const enriched = enrichRecord(settings, record);
      if (enriched.kind === 'poison') {
        letters.push(enriched.letter);
        continue;
      }
      const { items } = enriched;
      if (answer.length + items.length <= maxItems && bytes + enriched.bytes <= maxBytes) {
        answer.push(...items);
        bytes += enriched.bytes;
      } else if (overflow !== undefined) direct.push(...enriched.events);
      else {
        throw new Error(
          `${records.length} records yield more than the ${maxItems} events or ${maxBytes} bytes that a Pipe takes: lower the source's batch size, set AUTOMATIC_BISECT, or set overflow to a publisher.`,
        );
      }
    }
    await keep(letters);
    await publishDirectly(direct);
    return answer;
  };
}
