import { jsonObject } from './json-object.ts';
import type { Queue } from './queue.ts';
import type { QueueAttributes } from './queue-attributes.ts';
import type { Queues } from './queues.ts';
import { invalidValue } from './sqs-error.ts';

const maxReceives = 1_000;

/**
 * Checks `RedrivePolicy` and `RedriveAllowPolicy` of attributes that are to be set.
 * @throws ServiceError that says what is wrong with one of them.
 */
export function checkRedrive(
  queues: Queues,
  source: Pick<Queue, 'arn' | 'isFifo'>,
  { RedrivePolicy: redrive = '', RedriveAllowPolicy: allow = '' }: QueueAttributes,
): void {
  if (redrive !== '') checkPolicy(queues, source, redrive);
  if (allow !== '') checkAllowPolicy(allow);
}

function checkPolicy(queues: Queues, source: Pick<Queue, 'arn' | 'isFifo'>, policy: string): void {
  const invalid = (reason: string) => invalidValue(policy, 'RedrivePolicy', reason);
  const fields = jsonObject(policy);
  if (fields === undefined) throw invalid('Redrive policy is not a valid JSON map.');
  for (const name of ['deadLetterTargetArn', 'maxReceiveCount']) {
    if (fields[name] !== undefined) continue;
    throw invalid(`Redrive policy does not contain mandatory attribute: ${name}.`);
  }
  if (Object.keys(fields).length > 2) {
    throw invalid(
      'Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].',
    );
  }
  const { deadLetterTargetArn: arn, maxReceiveCount: count } = fields;
  if (!/^\d+$/.test(String(count)) || Number(count) < 1 || Number(count) > maxReceives) {
    throw invalid(
      `Invalid value for maxReceiveCount: ${count}, valid values are from 1 to ${maxReceives} both inclusive.`,
    );
  }
  const [, , service, region, account] = String(arn).split(':');
  if (service !== 'sqs') throw invalid('Invalid value for deadLetterTargetArn.');
  const [, , , ownRegion, ownAccount] = source.arn.split(':');
  if (account !== ownAccount) {
    throw invalid('Dead-letter target owner should be same as the source.');
  }
  if (region !== ownRegion) {
    throw invalid('Dead-letter target must be in same region as the source.');
  }
  const target = queues.byArn(String(arn));
  if (target === undefined) throw invalid('Dead letter target does not exist.');
  if (target.isFifo !== source.isFifo) {
    throw invalid('Dead-letter queue must be same type of queue as the source.');
  }
  if (!allows(target.attributes(), source.arn)) {
    throw invalid('Queue does not have permission to use the dead-letter queue.');
  }
}

function allows({ RedriveAllowPolicy }: QueueAttributes, sourceArn: string): boolean {
  const fields = jsonObject(RedriveAllowPolicy);
  switch (fields?.redrivePermission) {
    case 'denyAll':
      return false;
    case 'byQueue':
      return Array.isArray(fields.sourceQueueArns) && fields.sourceQueueArns.includes(sourceArn);
    default:
      return true;
  }
}

function checkAllowPolicy(policy: string): void {
  const invalid = (reason: string) => invalidValue(policy, 'RedriveAllowPolicy', reason);
  const fields = jsonObject(policy);
  if (fields === undefined) throw invalid('Redrive allow policy is not a valid JSON map.');
  const { redrivePermission: permission, sourceQueueArns: arns } = fields;
  if (!['allowAll', 'denyAll', 'byQueue'].includes(String(permission))) {
    throw invalid('Invalid value for redrivePermission.');
  }
  const hasArns = Array.isArray(arns) && arns.length >= 1 && arns.length <= 10;
  if (permission === 'byQueue' ? !hasArns : arns !== undefined) {
    throw invalid(
      'sourceQueueArns must name 1 to 10 queues where redrivePermission is byQueue, and none otherwise.',
    );
  }
}
