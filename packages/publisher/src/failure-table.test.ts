import { describe, expect, it } from 'vitest';
import { entryFailure, mayHaveBeenAccepted, requestFailureKind } from './failure-table.ts';

describe('entryFailure', () => {
  it.each([
    ['ThrottlingException', 'throttled', 'entry'],
    ['InternalFailure', 'transient', 'entry'],
    ['InternalException', 'transient', 'entry'],
    ['AccessDeniedException', 'denied', 'request'],
    ['InvalidAccountIdException', 'denied', 'request'],
    ['AccessDenied', 'denied', 'request'],
    ['UnrecognizedClientException', 'denied', 'request'],
    ['ResourceNotFoundException', 'denied', 'request'],
    ['ExpiredTokenException', 'uncertain', 'request'],
    ['TooManyRequestsException', 'throttled', 'request'],
    ['ServiceUnavailable', 'transient', 'request'],
    ['InternalServerError', 'transient', 'request'],
    ['InvalidArgument', 'permanent', 'entry'],
    ['MalformedDetail', 'permanent', 'entry'],
    ['ValidationException', 'permanent', 'entry'],
    ['RedactionFailure', 'permanent', 'entry'],
    ['NotAuthorizedForSourceException', 'permanent', 'entry'],
    ['NotAuthorizedForDetailTypeException', 'permanent', 'entry'],
    ['SomethingNew', 'uncertain', 'entry'],
    ['toString', 'uncertain', 'entry'],
  ])('%s is %s and concerns the %s', (code, kind, scope) => {
    expect(entryFailure(code)).toEqual({ kind, scope });
  });
});

describe('requestFailureKind', () => {
  it.each([
    ['ThrottlingException', 400, 'throttled', false],
    ['TooManyRequestsException', 429, 'throttled', false],
    ['Http429', 429, 'throttled', false],
    ['RequestLimitExceeded', 503, 'throttled', true],
    ['InternalException', 500, 'transient', true],
    ['InternalFailure', 500, 'transient', true],
    ['ServiceUnavailable', 503, 'transient', true],
    ['Http500', 500, 'transient', true],
    ['Http502', 502, 'transient', true],
    ['Http504', 504, 'transient', true],
    ['RequestTimeout', 408, 'transient', true],
    ['Http408', 408, 'transient', true],
    ['UnreadableAnswer', 200, 'transient', true],
    ['Timeout', undefined, 'transient', true],
    ['TimeoutError', undefined, 'transient', true],
    ['ECONNRESET', undefined, 'transient', true],
    ['EPIPE', undefined, 'transient', true],
    ['ETIMEDOUT', undefined, 'transient', true],
    ['ECONNREFUSED', undefined, 'transient', false],
    ['ENOTFOUND', undefined, 'transient', false],
    ['EAI_AGAIN', undefined, 'transient', false],
    ['EHOSTUNREACH', undefined, 'transient', false],
    ['ValidationException', 400, 'permanent', false],
    ['SerializationException', 400, 'permanent', false],
    ['Http413', 413, 'permanent', false],
    ['RequestEntityTooLargeException', 413, 'permanent', false],
    ['AccessDeniedException', 400, 'denied', false],
    ['UnrecognizedClientException', 403, 'denied', false],
    ['InvalidClientTokenId', 403, 'denied', false],
    ['IncompleteSignature', 400, 'denied', false],
    ['MissingAuthenticationTokenException', 403, 'denied', false],
    ['CredentialsProviderError', undefined, 'denied', false],
    ['MissingRegion', undefined, 'denied', false],
    ['Http401', 401, 'denied', false],
    ['Http403', 403, 'denied', false],
    ['ExpiredTokenException', 400, 'uncertain', false],
    ['InvalidSignatureException', 403, 'uncertain', false],
    ['RequestTimeTooSkewed', 403, 'uncertain', false],
    ['SomethingNew', 400, 'uncertain', false],
    ['Http404', 404, 'uncertain', false],
    ['UnknownError', undefined, 'uncertain', true],
  ] as const)('%s with status %s is %s, possibly accepted: %s', (code, status, kind, accepted) => {
    expect(requestFailureKind({ code, status })).toBe(kind);
    expect(mayHaveBeenAccepted({ code, status })).toBe(accepted);
  });
});
