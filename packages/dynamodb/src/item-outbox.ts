import {
  checkSealed,
  type Envelope,
  optionBounds,
  type PublishableEvent,
  type SealedEvent,
  seal,
} from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import { captureItems, type ItemCapture, type ItemMapping } from './capture-items.ts';
import { type OutboxEntity, outboxEntity, storedEvent } from './outbox-entity.ts';
import { type ItemFormat, itemBytes } from './outbox-item-bytes.ts';

/** Settings of an outbox in a table. */
export interface ItemOutboxOptions<Format extends ItemFormat = ItemFormat> {
  /** Table that the outbox items go to: one of their own, or the table of the business. */
  readonly tableName: string;
  /** Name of the table's partition key, which must be a string. Default `pk`. */
  readonly partitionKey?: string;
  /** Name of its sort key, a string as well, or `null` where it has none. Default `sk`. */
  readonly sortKey?: string | null;
  /**
   * Beginning of the partition keys of outbox items. In a table of the business no other
   * item's key may begin with it. Default `tidings#`.
   */
  readonly prefix?: string;
  /** Attribute that the table's time to live is set to. Default `expiresAt`. */
  readonly ttlAttribute?: string;
  /**
   * Seconds until an outbox item expires. The stream keeps the change whatever happens to
   * the item; it stays to be looked at. Default 86,400, one day.
   */
  readonly keepSeconds?: number;
  /**
   * `attributes` for `DynamoDBClient`, `document` for `DynamoDBDocumentClient`. Default
   * `attributes`.
   */
  readonly format?: Format;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

interface OutboxPut<Item> {
  Put: {
    TableName: string;
    Item: Item;
    ConditionExpression: string;
    ExpressionAttributeNames: Record<string, string>;
  };
}

interface AttributeMap {
  [name: string]: { S: string } | { N: string } | { M: AttributeMap } | { L: { S: string }[] };
}

/** An element of `TransactItems` that adds one event to the outbox. */
export type OutboxItem<Format extends ItemFormat = 'attributes'> = OutboxPut<
  Format extends 'document' ? Record<string, unknown> : AttributeMap
>;

/** What `create` returns: one event, or one of each major while a migration lasts. */
type Events = PublishableEvent | readonly PublishableEvent[];

/** An outbox in a DynamoDB table. */
export interface ItemOutbox<Format extends ItemFormat = 'attributes'> {
  /**
   * The element of `TransactItems` that adds one event to the outbox:
   *
   * ```ts
   * TransactItems: [{ Put: … }, outboxItem(OrderPlaced.create({ … }))]
   * ```
   * @throws ContractError where the event is malformed, RangeError where it is too large,
   * TypeError where it is a list, as `create` returns while a migration of majors lasts.
   */
  readonly outboxItem: (event: PublishableEvent) => OutboxItem<Format>;
  /**
   * All of `TransactItems`, with any number of events, checked before DynamoDB refuses it:
   * at most 100 items and 4 MB.
   * @throws RangeError that names the bound, and whatever `outboxItem` throws.
   */
  readonly transactItems: <Business extends object>(
    business: readonly Business[],
    events: Events,
  ) => (Business | OutboxItem<Format>)[];
  /** Captures the outbox items of the table's stream: each event, as it was made, once. */
  readonly capture: ItemCapture;
  /** The same for `captureItems`, where the table's other items are captured as well. */
  readonly mapping: ItemMapping<OutboxEntity>;
}

// DynamoDB developer guide, "Quotas": items, transactions.
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
const MAX_TRANSACTION_ITEMS = 100;

type Settings = Required<ItemOutboxOptions>;

const NAMES: Record<keyof ItemOutboxOptions, true> = {
  tableName: true,
  partitionKey: true,
  sortKey: true,
  prefix: true,
  ttlAttribute: true,
  keepSeconds: true,
  format: true,
  now: true,
};
/** A hundred years: a mistaken unit is more likely than that anybody wants more. */
const MAX_KEEP_SECONDS = 3_153_600_000;

const { known, oneOf, whole } = optionBounds(ConfigurationError);

function resolveOptions(options: ItemOutboxOptions): Settings {
  known('itemOutbox', options, NAMES);
  const settings: Settings = {
    tableName: options.tableName,
    partitionKey: options.partitionKey ?? 'pk',
    sortKey: options.sortKey === undefined ? 'sk' : options.sortKey,
    prefix: options.prefix ?? 'tidings#',
    ttlAttribute: options.ttlAttribute ?? 'expiresAt',
    keepSeconds: options.keepSeconds ?? 86_400,
    format: options.format ?? 'attributes',
    now: options.now ?? Date.now,
  };
  for (const name of ['tableName', 'partitionKey', 'prefix', 'ttlAttribute'] as const) {
    if (typeof settings[name] !== 'string' || settings[name] === '') {
      throw new ConfigurationError(`${name} must be a string that is not empty`);
    }
  }
  whole('keepSeconds', settings.keepSeconds, 0, MAX_KEEP_SECONDS);
  oneOf('format', settings.format, ['attributes', 'document']);
  return Object.freeze(settings);
}

/** Plain values as attributes: text, numbers, lists of text and maps are all there is. */
function attributesOf(item: Readonly<Record<string, unknown>>): AttributeMap {
  const attributes: AttributeMap = {};
  for (const [name, value] of Object.entries(item)) {
    if (typeof value === 'string') attributes[name] = { S: value };
    else if (typeof value === 'number') attributes[name] = { N: String(value) };
    else if (Array.isArray(value)) attributes[name] = { L: value.map((text) => ({ S: text })) };
    else attributes[name] = { M: attributesOf(value as Readonly<Record<string, unknown>>) };
  }
  return attributes;
}

function putOf<Format extends ItemFormat>(
  settings: Settings,
  event: SealedEvent,
): OutboxItem<Format> {
  const { partitionKey, sortKey, ttlAttribute, format } = settings;
  const plain = {
    [partitionKey]: `${settings.prefix}${event.eventId}`,
    ...(sortKey !== null && { [sortKey]: 'event' }),
    [ttlAttribute]: Math.ceil(settings.now() / 1000) + settings.keepSeconds,
    tidings: storedEvent(event),
  };
  const bytes = itemBytes(plain, 'document');
  if (bytes > MAX_ITEM_BYTES) {
    throw new RangeError(
      `${event.detailType} needs an item of ${bytes} bytes, and DynamoDB takes ${MAX_ITEM_BYTES}: put large data behind a claim check`,
    );
  }
  const put: OutboxPut<unknown> = {
    Put: {
      TableName: settings.tableName,
      Item: format === 'document' ? plain : attributesOf(plain),
      // An id that is there already is another event's: to write over it would lose one.
      ConditionExpression: 'attribute_not_exists(#pk)',
      ExpressionAttributeNames: { '#pk': partitionKey },
    },
  };
  return put as OutboxItem<Format>;
}

/** @throws ContractError where the event is malformed, whoever made it. */
function sealedOf(event: PublishableEvent): SealedEvent {
  if (Array.isArray(event)) {
    throw new TypeError(
      `outboxItem takes one event, got a list of ${event.length}: give lists to transactItems`,
    );
  }
  if (typeof event.detail !== 'string') return seal(event as Envelope);
  checkSealed(event as SealedEvent);
  return event as SealedEvent;
}

/** What a write of a transaction carries: the item, or keys and the values of expressions. */
function writeBytes(write: object, format: ItemFormat): number {
  let bytes = 0;
  for (const operation of Object.values(write) as Readonly<Record<string, unknown>>[]) {
    for (const part of ['Item', 'Key', 'ExpressionAttributeValues']) {
      const values = operation?.[part];
      if (typeof values === 'object' && values !== null)
        bytes += itemBytes(values as never, format);
    }
  }
  return bytes;
}

/**
 * An outbox in a DynamoDB table, for facts that no item's change tells: the event is
 * written in the same transaction as the items of the business, and the table's stream
 * brings it. The stream must carry new images.
 *
 * ```ts
 * const { outboxItem, capture } = itemOutbox({ tableName: 'shop' });
 * await client.send(new TransactWriteItemsCommand({
 *   TransactItems: [{ Put: … }, outboxItem(OrderPlaced.create({ … }))],
 * }));
 * export const handler = streamHandler({ capture, publisher });
 * ```
 * @throws ConfigurationError where an option is malformed.
 */
export function itemOutbox<const Format extends ItemFormat = 'attributes'>(
  options: ItemOutboxOptions<Format>,
): ItemOutbox<Format> {
  const settings = resolveOptions(options);
  const mapping: ItemMapping<OutboxEntity> = {
    entity: outboxEntity(settings),
    insert: (event) => event,
  };

  function outboxItem(event: PublishableEvent): OutboxItem<Format> {
    return putOf<Format>(settings, sealedOf(event));
  }

  return Object.freeze({
    outboxItem,
    transactItems<Business extends object>(business: readonly Business[], events: Events) {
      const all = [...business, ...[events].flat().map(outboxItem)];
      if (all.length > MAX_TRANSACTION_ITEMS) {
        throw new RangeError(
          `a transaction takes ${MAX_TRANSACTION_ITEMS} items, got ${all.length} with its events: write in several transactions`,
        );
      }
      const bytes = all.reduce((sum, write) => sum + writeBytes(write, settings.format), 0);
      if (bytes > MAX_TRANSACTION_BYTES) {
        throw new RangeError(
          `a transaction takes ${MAX_TRANSACTION_BYTES} bytes, got ${bytes} with its events: write in several transactions`,
        );
      }
      return all;
    },
    capture: captureItems(mapping),
    mapping,
  });
}
