import { ServiceError } from '../protocol/service-error.ts';

/** A refusal under the name that SQS clients know. */
export function sqsError(name: string, message: string): ServiceError {
  return new ServiceError(`com.amazonaws.sqs#${name}`, message);
}
