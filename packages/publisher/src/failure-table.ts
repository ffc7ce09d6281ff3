import type { RequestFailure } from './transport.ts';

/**
 * What a failure asks for:
 * - `throttled`: again later, and fewer at a time;
 * - `transient`: again soon;
 * - `permanent`: the content is refused and would be refused again;
 * - `denied`: the caller is not let in; no event is at fault;
 * - `uncertain`: again, a bounded number of times. New credentials or a corrected clock
 *   may cure it, or the code is one that this table does not know.
 */
export type FailureKind = 'throttled' | 'transient' | 'permanent' | 'denied' | 'uncertain';

/**
 * Codes of single entries in an answer with status 200. The complete list of the
 * service model (PutEventsResultEntry.ErrorCode); the code is an open string. Those before InvalidArgument
 * say nothing about the event: the same event is accepted once the service has recovered or
 * somebody has corrected the bus's policy, the role or the bus's ARN.
 */
const ENTRY_CODES: ReadonlyMap<string, FailureKind> = new Map([
  ['ThrottlingException', 'throttled'],
  ['InternalFailure', 'transient'],
  ['InternalException', 'transient'],
  ['AccessDeniedException', 'denied'],
  ['InvalidAccountIdException', 'denied'],
  ['InvalidArgument', 'permanent'],
  ['MalformedDetail', 'permanent'],
  ['RedactionFailure', 'permanent'],
  ['NotAuthorizedForSourceException', 'permanent'],
  ['NotAuthorizedForDetailTypeException', 'permanent'],
]);

const REQUEST_CODES: ReadonlyMap<string, FailureKind> = new Map([
  ...kind('throttled', [
    'ThrottlingException',
    'Throttling',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'RequestLimitExceeded',
    'TooManyRequestsException',
    'BandwidthLimitExceeded',
    'LimitExceededException',
    'ProvisionedThroughputExceededException',
    'PriorRequestNotComplete',
    'SlowDown',
  ]),
  ...kind('transient', [
    'InternalException',
    'InternalFailure',
    'InternalServerError',
    'InternalServerException',
    'ServiceUnavailable',
    'ServiceUnavailableException',
    'RequestTimeout',
    'RequestTimeoutException',
    'TimeoutError',
    'Timeout',
    'UnreadableAnswer',
    'ECONNABORTED',
    'ECONNREFUSED',
    'ECONNRESET',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'ENOTFOUND',
    'EPIPE',
    'ETIMEDOUT',
  ]),
  ...kind('permanent', [
    'ValidationException',
    'ValidationError',
    'SerializationException',
    'InvalidArgument',
    'MalformedDetail',
    'RequestEntityTooLarge',
    'RequestEntityTooLargeException',
  ]),
  ...kind('uncertain', [
    'ExpiredToken',
    'ExpiredTokenException',
    'InvalidSignatureException',
    'RequestExpired',
    'RequestInTheFuture',
    'RequestTimeTooSkewed',
    'SignatureDoesNotMatch',
  ]),
  ...kind('denied', [
    'AccessDenied',
    'AccessDeniedException',
    'AuthFailure',
    'CredentialsProviderError',
    'IncompleteSignature',
    'IncompleteSignatureException',
    'InvalidAccountIdException',
    'InvalidClientTokenId',
    'MissingAuthenticationToken',
    'MissingAuthenticationTokenException',
    'MissingRegion',
    'MissingSigV4a',
    'NoSuchBucket',
    'NotAuthorized',
    'OptInRequired',
    'ResourceNotFoundException',
    'UnknownOperationException',
    'UnrecognizedClientException',
  ]),
]);

/** Requests that failed with these never reached the service. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'MissingRegion',
  'MissingSigV4a',
]);

/** What the error code of one entry asks for, and who is suspected: see `Failure.scope`. */
export function entryFailure(code: string): {
  readonly kind: FailureKind;
  readonly scope: 'entry' | 'request';
} {
  const own = ENTRY_CODES.get(code);
  if (own !== undefined) return { kind: own, scope: own === 'denied' ? 'request' : 'entry' };
  // A code that is at home on requests, such as one of expired credentials, is no fault of
  // the one event that carries it, unless it is about content.
  const general = REQUEST_CODES.get(code) ?? 'uncertain';
  const isAboutRequest = REQUEST_CODES.has(code) && general !== 'permanent';
  return { kind: general, scope: isAboutRequest ? 'request' : 'entry' };
}

/** What a failed request asks for. The code decides; the status where it is unknown. */
export function requestFailureKind(failure: Pick<RequestFailure, 'code' | 'status'>): FailureKind {
  return REQUEST_CODES.get(failure.code) ?? statusKind(failure.status);
}

/**
 * True where the bus may have taken the events of a failed request: no answer came, or
 * one that may have been written after they were stored.
 */
export function mayHaveBeenAccepted(failure: Pick<RequestFailure, 'code' | 'status'>): boolean {
  if (NEVER_SENT.has(failure.code)) return false;
  const { status } = failure;
  return status === undefined || status < 300 || status === 408 || status >= 500;
}

function statusKind(status: number | undefined): FailureKind {
  if (status === undefined) return 'uncertain';
  if (status === 429) return 'throttled';
  if (status === 408 || status >= 500) return 'transient';
  if (status === 413) return 'permanent';
  if (status === 401 || status === 403) return 'denied';
  return 'uncertain';
}

function kind(value: FailureKind, codes: readonly string[]): [string, FailureKind][] {
  return codes.map((code) => [code, value]);
}
