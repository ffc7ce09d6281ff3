import { randomUUID } from 'node:crypto';
import type { AcceptedEvent } from '../accepted-event.ts';
import type { Target } from '../estate/target.ts';
import { jsonPath } from './json-path.ts';

/** What SNS is asked to publish on a topic. */
export interface PublishInput {
  readonly TopicArn: string;
  readonly Message: string;
}

/** What Kinesis is asked to put on a stream. */
export interface PutRecordInput {
  readonly StreamName: string;
  readonly StreamARN: string;
  readonly Data: Uint8Array;
  readonly PartitionKey: string;
}

/** What Step Functions is asked to execute. */
export interface StartExecutionInput {
  readonly stateMachineArn: string;
  readonly name: string;
  /** JSON text. */
  readonly input: string;
  readonly traceHeader?: string;
}

/** The request that EventBridge makes of the service that has a target. */
export type ServiceCall =
  | { readonly service: 'sns'; readonly input: PublishInput }
  | { readonly service: 'kinesis'; readonly input: PutRecordInput }
  | { readonly service: 'states'; readonly input: StartExecutionInput };

/** The call for a topic, stream or state machine; undefined for any other target. */
export function serviceCall(
  target: Target,
  payload: string,
  event: AcceptedEvent,
): ServiceCall | undefined {
  const { Arn: arn } = target;
  const [, , service, , , resource = ''] = arn.split(':');
  switch (service) {
    case 'sns':
      return { service, input: { TopicArn: arn, Message: payload } };
    case 'kinesis':
      return {
        service,
        input: {
          StreamName: resource.replace(/^stream\//, ''),
          StreamARN: arn,
          Data: Buffer.from(payload),
          PartitionKey: partitionKey(target, event),
        },
      };
    case 'states':
      return {
        service,
        input: {
          stateMachineArn: arn,
          name: `${event.id}_${randomUUID()}`,
          input: payload,
          ...(event.traceHeader === undefined ? {} : { traceHeader: event.traceHeader }),
        },
      };
    default:
      return undefined;
  }
}

/** The value at the target's path in the event; where there is none, the event's id. */
function partitionKey(target: Target, event: AcceptedEvent): string {
  const path = target.KinesisParameters?.PartitionKeyPath;
  const json = path === undefined ? undefined : jsonPath(path, event.text);
  if (json === undefined) return event.id;
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}
