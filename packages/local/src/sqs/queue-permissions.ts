import { list, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { findQueue } from './find-queue.ts';
import { withoutPermission, withPermission } from './queue-policy.ts';
import type { Queues } from './queues.ts';
import { invalidValue, missingParameter } from './sqs-error.ts';
import { sqsCommand } from './sqs-operation.ts';

const QueueUrl = required(text());
const shared = new Set([
  '*',
  'ChangeMessageVisibility',
  'DeleteMessage',
  'GetQueueAttributes',
  'GetQueueUrl',
  'ListDeadLetterSourceQueues',
  'PurgeQueue',
  'ReceiveMessage',
  'SendMessage',
]);

/** Permissions, which become statements of the queue's policy. */
export function queuePermissionOperations(queues: Queues): Operations {
  return {
    AddPermission: sqsCommand(
      {
        QueueUrl,
        Label: required(text()),
        AWSAccountIds: required(list(text())),
        Actions: required(list(text())),
      },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        const { Label, AWSAccountIds: accounts, Actions: actions } = input;
        if (accounts.length === 0) throw missingParameter('AWSAccountIds');
        if (actions.length === 0) throw missingParameter('Actions');
        for (const action of actions) {
          if (shared.has(action)) continue;
          throw invalidValue(
            `SQS:${action}`,
            'ActionName',
            'Please refer to the appropriate WSDL for a list of valid actions.',
          );
        }
        const wrong = accounts.find((account) => !/^\d{12}$/.test(account));
        if (wrong !== undefined) {
          throw invalidValue(`[${wrong}]`, 'PrincipalId', 'Unable to verify.');
        }
        queue.setAttributes(
          { Policy: withPermission(queue, Label, accounts, actions) },
          caller.now,
        );
        return {};
      },
    ),
    RemovePermission: sqsCommand({ QueueUrl, Label: required(text()) }, (input, caller) => {
      const queue = findQueue(queues, input.QueueUrl, caller);
      queue.setAttributes({ Policy: withoutPermission(queue, input.Label) }, caller.now);
      return {};
    }),
  };
}
