import type { Clock } from '../clock.ts';
import { integer, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { jsonObject } from './json-object.ts';
import { createMoveTasks, type MoveTask } from './move-tasks.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { invalidParameter, invalidValue, sqsError } from './sqs-error.ts';
import { sqsQuery } from './sqs-operation.ts';

const maxPerSecond = 500;
const maxListed = 10;

/** Redriving dead-letter queues. */
export function moveTaskOperations(queues: Queues, clock: Clock): Operations {
  const tasks = createMoveTasks(queues, clock);
  const queueOf = (arn: string, parameter: string): Queue => {
    const queue = queues.byArn(arn);
    if (queue !== undefined) return queue;
    throw notFound(`The resource that you specified for the ${parameter} parameter doesn't exist.`);
  };
  return {
    StartMessageMoveTask: sqsQuery(
      {
        SourceArn: required(text()),
        DestinationArn: text(),
        MaxNumberOfMessagesPerSecond: integer(),
      },
      (input) => {
        const { MaxNumberOfMessagesPerSecond: perSecond } = input;
        const source = queueOf(input.SourceArn, 'SourceArn');
        if (perSecond !== undefined && (perSecond < 1 || perSecond > maxPerSecond)) {
          const reason = `Must be between 1 and ${maxPerSecond}, if provided.`;
          throw invalidValue(perSecond, 'MaxNumberOfMessagesPerSecond', reason);
        }
        if (queues.sourcesOf(source.arn).length === 0) {
          throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
        }
        const destination =
          input.DestinationArn === undefined
            ? undefined
            : queueOf(input.DestinationArn, 'DestinationArn');
        if (tasks.of(source)[0]?.status === 'RUNNING') {
          throw invalidParameter(
            'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
          );
        }
        return { TaskHandle: handleOf(tasks.start(source, destination, perSecond)) };
      },
    ),
    ListMessageMoveTasks: sqsQuery(
      { SourceArn: required(text()), MaxResults: integer() },
      (input) => {
        const { MaxResults: max = 1 } = input;
        const source = queueOf(input.SourceArn, 'SourceArn');
        if (max < 1 || max > maxListed) {
          const reason = `Must be between 1 and ${maxListed}, if provided.`;
          throw invalidValue(max, 'MaxResults', reason);
        }
        return { Results: tasks.of(source).slice(0, max).map(told) };
      },
    ),
    CancelMessageMoveTask: sqsQuery({ TaskHandle: required(text()) }, (input) => {
      const named = jsonObject(Buffer.from(input.TaskHandle, 'base64').toString());
      if (typeof named?.taskId !== 'string' || typeof named.sourceArn !== 'string') {
        throw invalidParameter('Value for parameter TaskHandle is invalid.');
      }
      const source = queueOf(named.sourceArn, 'SourceArn');
      const task = tasks.of(source).find(({ id }) => id === named.taskId);
      if (task === undefined) throw notFound('Task does not exist.');
      if (task.status !== 'RUNNING') {
        throw sqsError(
          'UnsupportedOperation',
          `A message move task can be cancelled only while it is RUNNING; this one is ${task.status}.`,
        );
      }
      tasks.cancel(task);
      return { ApproximateNumberOfMessagesMoved: task.moved };
    }),
  };
}

function told(task: MoveTask): object {
  return {
    TaskHandle: task.status === 'RUNNING' ? handleOf(task) : undefined,
    Status: task.status,
    SourceArn: task.sourceArn,
    DestinationArn: task.destinationArn,
    MaxNumberOfMessagesPerSecond: task.perSecond,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    FailureReason: task.failureReason,
    StartedTimestamp: task.startedAt,
  };
}

function handleOf({ id, sourceArn }: MoveTask): string {
  return Buffer.from(JSON.stringify({ taskId: id, sourceArn })).toString('base64');
}

function notFound(message: string): Error {
  return sqsError('ResourceNotFoundException', message);
}
