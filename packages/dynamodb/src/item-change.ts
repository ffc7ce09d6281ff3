import { CaptureError, type RowChange, type RowOperation } from '@tidings/relay';
import { imageValues } from './attribute-value.ts';
import type { StreamRecord } from './stream-record.ts';

/** A change of an item, in one form for all shapes that stream records come in. */
export interface ItemChange extends RowChange {
  /** Place of the change in its shard: a number of 21 to 40 digits. */
  readonly sequenceNumber: string;
  /** Region whose stream tells of the change: `eu-west-1`. */
  readonly region: string;
}

const operations: ReadonlyMap<unknown, RowOperation> = new Map([
  ['INSERT', 'insert'],
  ['MODIFY', 'modify'],
  ['REMOVE', 'remove'],
]);
const streamArn = /^arn:[\w-]+:dynamodb:([^:]*):[^:]*:table\/([^/]+)\/stream\//;
// What an idempotency key takes unchanged.
const identifier = /^[!-~]{1,200}$/;
const maxMs = Date.UTC(9999, 11, 31);

/** Region and table of a stream's ARN; undefined where it is none. */
export function parseStreamArn(
  arn: string,
): { readonly region: string; readonly table: string } | undefined {
  const [, region, table] = streamArn.exec(arn) ?? [];
  return region === undefined || table === undefined ? undefined : { region, table };
}

// A function sees the same few ARNs over and over.
const knownArns = new Map<string, ReturnType<typeof parseStreamArn>>();

function lookUpArn(arn: unknown): ReturnType<typeof parseStreamArn> {
  if (typeof arn !== 'string') return undefined;
  let parsed = knownArns.get(arn);
  if (parsed === undefined) {
    parsed = parseStreamArn(arn);
    if (knownArns.size >= 100) knownArns.clear();
    knownArns.set(arn, parsed);
  }
  return parsed;
}

type Writable<Part> = { -readonly [Key in keyof Part]: Part[Key] };

/** Whole seconds, as the service documents them, so that all shapes say the same. */
function committedAt(time: unknown): Date {
  const ms = time instanceof Date ? time.getTime() : typeof time === 'number' ? time * 1000 : NaN;
  if (!(ms >= 0 && ms <= maxMs)) {
    throw new CaptureError(
      'a stream record must have dynamodb.ApproximateCreationDateTime, in seconds since 1970 or ' +
        'as a Date: without it events would not be the same at each delivery',
    );
  }
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** Deleted by the service because its time to live ran out. */
function isExpiry(identity: unknown): boolean {
  if (typeof identity !== 'object' || identity === null) return false;
  const { type, principalId, Type, PrincipalId } = identity as Record<string, unknown>;
  return (type ?? Type) === 'Service' && (principalId ?? PrincipalId) === 'dynamodb.amazonaws.com';
}

/**
 * Reads a stream record, whichever shape it came in, into the one form that captures take.
 * Numbers, sets and binary keep all they say: see `attributeValue`.
 * @param arn Of the stream, for records that do not name it.
 * @throws CaptureError that says what the record lacks; it never holds a value of the item.
 */
export function itemChange(record: StreamRecord, arn?: string): ItemChange {
  if (typeof record !== 'object' || record === null || typeof record.dynamodb !== 'object') {
    throw new CaptureError('a stream record must be { eventID, eventName, dynamodb: { … } }');
  }
  const { eventID, eventName, dynamodb } = record;
  if (dynamodb === null) throw new CaptureError('dynamodb of a stream record must be an object');
  if (typeof eventID !== 'string' || !identifier.test(eventID)) {
    throw new CaptureError('eventID of a stream record must be the id that the service gave it');
  }
  const operation = operations.get(eventName);
  if (operation === undefined) {
    throw new CaptureError('eventName of a stream record must be INSERT, MODIFY or REMOVE');
  }
  const { SequenceNumber: sequenceNumber } = dynamodb;
  if (typeof sequenceNumber !== 'string' || sequenceNumber === '') {
    throw new CaptureError('a stream record must have dynamodb.SequenceNumber');
  }
  const stream = lookUpArn(record.eventSourceARN ?? arn);
  if (stream === undefined) {
    throw new CaptureError("eventSourceARN of a stream record must be the ARN of a table's stream");
  }
  const { Keys, NewImage, OldImage } = dynamodb;
  const change: Writable<ItemChange> = {
    id: eventID,
    table: stream.table,
    operation: operation === 'remove' && isExpiry(record.userIdentity) ? 'expire' : operation,
    keys: imageValues('Keys', Keys),
    occurredAt: committedAt(dynamodb.ApproximateCreationDateTime),
    sequenceNumber,
    region: typeof record.awsRegion === 'string' ? record.awsRegion : stream.region,
  };
  if (NewImage !== undefined) change.now = imageValues('NewImage', NewImage);
  if (OldImage !== undefined) change.before = imageValues('OldImage', OldImage);
  return change;
}
