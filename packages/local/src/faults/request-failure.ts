import type { FaultAction, RequestFailPreset } from './fault.ts';

/** A refusal that is sent instead of the operation's answer. */
export interface RequestFailure {
  readonly status: number;
  /** Absent for a body that is empty. */
  readonly error: string | undefined;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

const presets: Readonly<Record<RequestFailPreset, RequestFailure>> = {
  throttle: failure(400, 'ThrottlingException', 'Rate exceeded'),
  '429': failure(429, 'TooManyRequestsException', 'Too many requests'),
  '500': failure(500, 'InternalException', 'An internal error occurred.'),
  '503': failure(503, 'ServiceUnavailableException', 'The service is unavailable.'),
  '403': failure(
    403,
    'AccessDeniedException',
    'User is not authorized to perform: events:PutEvents',
  ),
  '413-empty': failure(413, undefined, ''),
};

/** The refusal that a `request-fail` names, by preset or in full. */
export function requestFailure(
  action: Extract<FaultAction, { type: 'request-fail' }>,
): RequestFailure {
  if ('preset' in action) return presets[action.preset];
  return {
    status: action.status,
    error: action.error,
    message: action.message ?? `${action.error} (a fault)`,
    headers: action.headers ?? {},
  };
}

function failure(status: number, error: string | undefined, message: string): RequestFailure {
  return { status, error, message, headers: {} };
}
