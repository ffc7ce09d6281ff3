import { jsonObject } from './json-object.ts';
import type { QueueAttributes } from './queue-attributes.ts';

/** Where messages go that were received too often. */
export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

/** The policy in checked attributes, or undefined where there is none. */
export function redrivePolicy(attributes: QueueAttributes): RedrivePolicy | undefined {
  const fields = jsonObject(attributes.RedrivePolicy);
  if (fields === undefined) return undefined;
  return {
    deadLetterTargetArn: String(fields.deadLetterTargetArn),
    maxReceiveCount: Number(fields.maxReceiveCount),
  };
}
