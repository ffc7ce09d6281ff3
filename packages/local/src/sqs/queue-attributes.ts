import { jsonObject } from './json-object.ts';
import { invalidAttribute, invalidParameter, sqsError, unknownAttribute } from './sqs-error.ts';

/** Attributes of a queue, as the service names them, all as text. */
export type QueueAttributes = Readonly<Record<string, string>>;

type Check = (value: string, name: string) => string;

const integer =
  (min: number, max: number): Check =>
  (value, name) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) throw invalidAttribute(name);
    return String(number);
  };
const boolean: Check = (value, name) => {
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw invalidAttribute(name);
  return lower;
};
const oneOf =
  (...values: readonly string[]): Check =>
  (value, name) => {
    if (!values.includes(value)) throw invalidAttribute(name);
    return value;
  };
const policy: Check = (value, name) => {
  const statements = [jsonObject(value)?.Statement ?? null].flat();
  const isPolicy = statements.every((each) => typeof each === 'object' && each !== null);
  if (value !== '' && !isPolicy) throw invalidAttribute(name);
  return value;
};
const any: Check = (value) => value;

/** The attributes that a client can set, each with what it takes. */
const checks: Readonly<Record<string, Check>> = {
  DelaySeconds: integer(0, 900),
  MaximumMessageSize: integer(1_024, 1_048_576),
  MessageRetentionPeriod: integer(60, 1_209_600),
  ReceiveMessageWaitTimeSeconds: integer(0, 20),
  VisibilityTimeout: integer(0, 43_200),
  KmsMasterKeyId: any,
  KmsDataKeyReusePeriodSeconds: integer(60, 86_400),
  SqsManagedSseEnabled: boolean,
  Policy: policy,
  RedrivePolicy: any,
  RedriveAllowPolicy: any,
};
/** Those that a FIFO queue has besides. */
const fifoChecks: Readonly<Record<string, Check>> = {
  FifoQueue: boolean,
  ContentBasedDeduplication: boolean,
  DeduplicationScope: oneOf('queue', 'messageGroup'),
  FifoThroughputLimit: oneOf('perQueue', 'perMessageGroupId'),
};
const readOnly = [
  'QueueArn',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
];
const known = new Set(['All', ...Object.keys(checks), ...Object.keys(fifoChecks), ...readOnly]);

const defaults: QueueAttributes = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
  SqsManagedSseEnabled: 'true',
};
const fifoDefaults: QueueAttributes = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
};
const defaultReusePeriod = '300';

/** What a queue has before anything is set. */
export function defaultAttributes(isFifo: boolean): QueueAttributes {
  return isFifo ? { ...defaults, ...fifoDefaults } : defaults;
}

/**
 * Attributes in the form in which they are kept.
 * @throws ServiceError where one does not exist for the type of queue, or its value is none.
 */
export function checkAttributes(given: QueueAttributes, isFifo: boolean): QueueAttributes {
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(checks, name)
      ? checks[name]
      : isFifo && Object.hasOwn(fifoChecks, name)
        ? fifoChecks[name]
        : undefined;
    if (check === undefined) throw unknownAttribute(name);
    checked[name] = check(value, name);
  }
  if ((checked.KmsMasterKeyId ?? '') !== '' && checked.SqsManagedSseEnabled === 'true') {
    throw sqsError(
      'InvalidAttributeName',
      'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    );
  }
  return checked;
}

/** What a queue has after checked attributes were set; an empty text takes one away. */
export function changedAttributes(
  before: QueueAttributes,
  changed: QueueAttributes,
): QueueAttributes {
  const after: Record<string, string> = { ...before, ...changed };
  // A key and the encryption that SQS manages exclude each other.
  if ((changed.KmsMasterKeyId ?? '') !== '') after.SqsManagedSseEnabled = 'false';
  if (changed.SqsManagedSseEnabled === 'true') delete after.KmsMasterKeyId;
  if ((after.KmsMasterKeyId ?? '') === '') delete after.KmsDataKeyReusePeriodSeconds;
  else after.KmsDataKeyReusePeriodSeconds ??= defaultReusePeriod;
  for (const [name, value] of Object.entries(after)) if (value === '') delete after[name];
  const { DeduplicationScope, FifoThroughputLimit } = after;
  if (FifoThroughputLimit === 'perMessageGroupId' && DeduplicationScope !== 'messageGroup') {
    throw invalidAttribute(
      'FifoThroughputLimit',
      'The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  }
  return after;
}

/** @throws ServiceError where there is no attribute of this name on any queue. */
export function checkAttributeName(name: string): void {
  if (!known.has(name)) throw unknownAttribute(name);
}

const nameRule = 'alphanumeric characters, hyphens, or underscores';

/**
 * Whether a queue of this name is FIFO.
 * @throws ServiceError where the name is none, or does not suit its attributes.
 */
export function checkQueueName(name: string, attributes: QueueAttributes): boolean {
  const isFifo = attributes.FifoQueue?.toLowerCase() === 'true';
  if (name.length > 80 || !(isFifo ? /^[\w-]+\.fifo$/ : /^[\w-]+$/).test(name)) {
    throw invalidParameter(
      isFifo
        ? `The name of a FIFO queue can only include ${nameRule}, must end with .fifo suffix and be 1 to 80 in length.`
        : `Can only include ${nameRule}. 1 to 80 in length`,
    );
  }
  return isFifo;
}
