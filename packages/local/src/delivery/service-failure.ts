import { failed, refused, type SendFailure } from './send-result.ts';

interface Meaning {
  /** As EventBridge writes it to a dead letter. */
  readonly code: string;
  readonly retriable: boolean;
}

const inVain = (code: string): Meaning => ({ code, retriable: false });
const again = (code: string): Meaning => ({ code, retriable: true });

/** What the errors of SNS, Kinesis and Step Functions mean to a rule that has a target there. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['NotFound', inVain('NO_RESOURCE')],
  ['NotFoundException', inVain('NO_RESOURCE')],
  ['ResourceNotFoundException', inVain('NO_RESOURCE')],
  ['StateMachineDoesNotExist', inVain('NO_RESOURCE')],
  ['StateMachineDeleting', inVain('NO_RESOURCE')],
  ['AuthorizationError', inVain('NO_PERMISSIONS')],
  ['AuthorizationErrorException', inVain('NO_PERMISSIONS')],
  ['AccessDenied', inVain('NO_PERMISSIONS')],
  ['AccessDeniedException', inVain('NO_PERMISSIONS')],
  ['KMSAccessDenied', inVain('NO_PERMISSIONS')],
  ['KMSAccessDeniedException', inVain('NO_PERMISSIONS')],
  ['InvalidParameter', inVain('INVALID_PARAMETER')],
  ['InvalidParameterException', inVain('INVALID_PARAMETER')],
  ['ParameterValueInvalid', inVain('INVALID_PARAMETER')],
  ['InvalidParameterValueException', inVain('INVALID_PARAMETER')],
  ['InvalidArgumentException', inVain('INVALID_PARAMETER')],
  ['InvalidArn', inVain('INVALID_PARAMETER')],
  ['InvalidName', inVain('INVALID_PARAMETER')],
  ['InvalidExecutionInput', inVain('INVALID_PARAMETER')],
  ['ValidationException', inVain('INVALID_PARAMETER')],
  ['ExecutionAlreadyExists', inVain('RESOURCE_ALREADY_EXISTS')],
  ['ExecutionLimitExceeded', again('RESOURCE_LIMIT_EXCEEDED')],
  ['LimitExceededException', again('RESOURCE_LIMIT_EXCEEDED')],
  ['ProvisionedThroughputExceededException', again('THROTTLING')],
  ['Throttled', again('THROTTLING')],
  ['ThrottledException', again('THROTTLING')],
  ['Throttling', again('THROTTLING')],
  ['ThrottlingException', again('THROTTLING')],
  ['KMSThrottling', again('THROTTLING')],
  ['KMSThrottlingException', again('THROTTLING')],
  ['KmsThrottlingException', again('THROTTLING')],
  ['InternalError', again('INTERNAL_ERROR')],
  ['InternalErrorException', again('INTERNAL_ERROR')],
  ['InternalFailure', again('INTERNAL_ERROR')],
  ['InternalFailureException', again('INTERNAL_ERROR')],
]);

/** The failure that an error of one of these services is, or undefined for any other error. */
export function serviceFailure(name: string, message: string): SendFailure | undefined {
  const meaning = meanings.get(name);
  if (meaning === undefined) return undefined;
  const text = `${name}: ${message}`;
  return meaning.retriable ? failed(meaning.code, text) : refused(meaning.code, text);
}
