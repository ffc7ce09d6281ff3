import { ServiceError } from '../protocol/service-error.ts';

interface QueryError {
  /** Name of the error in the protocol that SQS had before. */
  readonly code: string;
  /** HTTP status. Default: 400. */
  readonly status?: number;
}

const simpleQueueService = (name: string): QueryError => ({
  code: `AWS.SimpleQueueService.${name}`,
});

/** The errors whose name was another one, or whose status is not 400. */
const queryErrors: Readonly<Record<string, QueryError>> = {
  QueueDoesNotExist: simpleQueueService('NonExistentQueue'),
  QueueNameExists: { code: 'QueueAlreadyExists' },
  PurgeQueueInProgress: { ...simpleQueueService('PurgeQueueInProgress'), status: 403 },
  MessageNotInflight: simpleQueueService('MessageNotInflight'),
  BatchEntryIdsNotDistinct: simpleQueueService('BatchEntryIdsNotDistinct'),
  BatchRequestTooLong: simpleQueueService('BatchRequestTooLong'),
  EmptyBatchRequest: simpleQueueService('EmptyBatchRequest'),
  InvalidBatchEntryId: simpleQueueService('InvalidBatchEntryId'),
  TooManyEntriesInBatchRequest: simpleQueueService('TooManyEntriesInBatchRequest'),
  UnsupportedOperation: simpleQueueService('UnsupportedOperation'),
  ReceiptHandleIsInvalid: { code: 'ReceiptHandleIsInvalid', status: 404 },
  ResourceNotFoundException: { code: 'ResourceNotFoundException', status: 404 },
  InvalidParameterValueException: { code: 'InvalidParameterValue' },
  MissingRequiredParameterException: { code: 'MissingParameter' },
};

/** Those that SQS's model of the JSON protocol does not know. */
const unmodelled = new Set(['InvalidParameterValueException', 'MissingRequiredParameterException']);

/**
 * A refusal under both names that SQS clients know: that of the JSON protocol in the
 * body, and that of the query protocol, which SDKs go by as well, in a header.
 */
export function sqsError(name: string, message: string): ServiceError {
  const { code, status = 400 } = queryErrors[name] ?? { code: name };
  const namespace = unmodelled.has(name) ? 'com.amazon.coral.service' : 'com.amazonaws.sqs';
  return new ServiceError(`${namespace}#${name}`, message, status, {
    'x-amzn-query-error': `${code};Sender`,
  });
}

/** The name of an error as an entry of a batch tells it. */
export function queryCode(error: ServiceError): string {
  const name = error.type.split('#').at(-1) ?? error.type;
  return queryErrors[name]?.code ?? name;
}

export function invalidParameter(message: string): ServiceError {
  return sqsError('InvalidParameterValueException', message);
}

/** A value that a parameter cannot have, in the service's sentence. */
export function invalidValue(value: unknown, parameter: string, reason: string): ServiceError {
  return invalidParameter(
    `Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`,
  );
}

export function missingParameter(name: string): ServiceError {
  return sqsError(
    'MissingRequiredParameterException',
    `The request must contain the parameter ${name}.`,
  );
}

export function unknownAttribute(name: string): ServiceError {
  const isScoped = name === 'DeduplicationScope' || name === 'FifoThroughputLimit';
  return sqsError(
    'InvalidAttributeName',
    isScoped
      ? `You can specify the ${name} only when FifoQueue is set to true.`
      : `Unknown Attribute ${name}.`,
  );
}

export function invalidAttribute(name: string, reason?: string): ServiceError {
  const text = `Invalid value for the parameter ${name}.`;
  return sqsError(
    'InvalidAttributeValue',
    reason === undefined ? text : `${text} Reason: ${reason}`,
  );
}
