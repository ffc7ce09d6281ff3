import type { DeliveredEvent } from '../accepted-event.ts';
import type { PublishInput, PutRecordInput, StartExecutionInput } from './service-call.ts';

/** What a function learns beside its input. */
export interface TargetContext {
  readonly rule: string;
  readonly targetArn: string;
  /** X-Ray's `Root=…;Parent=…`, of the entry or of the request that carried it. */
  readonly traceHeader: string | undefined;
}

/** Runs in the bus's process for each event; throwing makes the bus try again. */
export type TargetFunction = (
  /** The event, or what the target's input transformation made of it. */
  payload: DeliveredEvent,
  context: TargetContext,
) => unknown;

/**
 * What stands for the target of an ARN: a function, or the URL that its payload is
 * posted to (for a Lambda function, what its runtime emulator listens on).
 */
export type TargetHandler = TargetFunction | string;

/**
 * What stands for a topic, stream or state machine: a function that takes the input of the
 * service's call, or the endpoint that the call is made of. An error under the name of one
 * of the service's, such as `ProvisionedThroughputExceededException`, counts as that one:
 * tried again, or at once a dead letter. Any other error is tried again.
 */
export type ServiceHandler<Input> = ((input: Input, context: TargetContext) => unknown) | string;

export type TopicHandler = ServiceHandler<PublishInput>;
export type StreamHandler = ServiceHandler<PutRecordInput>;
export type StateMachineHandler = ServiceHandler<StartExecutionInput>;

/** ARNs whose targets belong to a service that has a call of its own for them. */
export type TopicArn = `arn:${string}:sns:${string}`;
export type StreamArn = `arn:${string}:kinesis:${string}`;
export type StateMachineArn = `arn:${string}:states:${string}`;

export type AnyHandler = TargetHandler | TopicHandler | StreamHandler | StateMachineHandler;
