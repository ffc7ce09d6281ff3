import type { Clock } from '../clock.ts';
import type { Operations } from '../protocol/operation.ts';
import { handleOperations } from './handle-operations.ts';
import { moveTaskOperations } from './move-task-operations.ts';
import { purgeQueue } from './purge-queue.ts';
import { queueAttributeOperations } from './queue-attribute-operations.ts';
import { queueOperations } from './queue-operations.ts';
import { queuePermissionOperations } from './queue-permissions.ts';
import { queueTagOperations } from './queue-tags.ts';
import type { Queues } from './queues.ts';
import { receiveMessage } from './receive-message.ts';
import { sendOperations } from './send-operations.ts';

/** Every operation of SQS, by its name. */
export function sqsOperations(queues: Queues, clock: Clock): Operations {
  return {
    ...queueOperations(queues),
    ...queueAttributeOperations(queues),
    ...queueTagOperations(queues),
    ...queuePermissionOperations(queues),
    ...sendOperations(queues),
    ...receiveMessage(queues),
    ...handleOperations(queues),
    ...purgeQueue(queues),
    ...moveTaskOperations(queues, clock),
  };
}
