import { integer, list, object, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { type BatchEntry, checkBatch, runBatch } from './batch.ts';
import { findQueue } from './find-queue.ts';
import type { Message } from './message.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { checkReceiptHandle } from './receipt-handle.ts';
import { invalidValue, missingParameter } from './sqs-error.ts';
import { sqsQuery } from './sqs-operation.ts';
import { checkTotalVisibility, checkVisibilityTimeout } from './visibility-timeout.ts';

const QueueUrl = required(text());
const deleteEntry = 'DeleteMessageBatchRequestEntry';
const visibilityEntry = 'ChangeMessageVisibilityBatchRequestEntry';

/** What a receiver does with the handle of a message: delete it, or change how long it is hidden. */
export function handleOperations(queues: Queues): Operations {
  return {
    DeleteMessage: sqsQuery({ QueueUrl, ReceiptHandle: required(text()) }, (input, caller) =>
      deleteMessage(findQueue(queues, input.QueueUrl, caller), input.ReceiptHandle),
    ),
    DeleteMessageBatch: sqsQuery(
      { QueueUrl, Entries: required(list(object({ Id: text(), ReceiptHandle: text() }))) },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        const entries = checkBatch(input.Entries, deleteEntry);
        checkHandles(entries, deleteEntry);
        return runBatch(entries, (entry) => deleteMessage(queue, entry.ReceiptHandle ?? ''));
      },
    ),
    ChangeMessageVisibility: sqsQuery(
      { QueueUrl, ReceiptHandle: required(text()), VisibilityTimeout: required(integer()) },
      (input, caller) =>
        changeVisibility(
          findQueue(queues, input.QueueUrl, caller),
          input.ReceiptHandle,
          input.VisibilityTimeout,
          caller.now,
        ),
    ),
    ChangeMessageVisibilityBatch: sqsQuery(
      {
        QueueUrl,
        Entries: required(
          list(object({ Id: text(), ReceiptHandle: text(), VisibilityTimeout: integer() })),
        ),
      },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        const entries = checkBatch(input.Entries, visibilityEntry);
        checkHandles(entries, visibilityEntry);
        return runBatch(entries, (entry) =>
          changeVisibility(
            queue,
            entry.ReceiptHandle ?? '',
            entry.VisibilityTimeout ?? 0,
            caller.now,
          ),
        );
      },
    ),
  };
}

function checkHandles(
  entries: readonly BatchEntry<{ readonly ReceiptHandle?: string | undefined }>[],
  entryName: string,
): void {
  for (const [index, entry] of entries.entries()) {
    if ((entry.ReceiptHandle ?? '') !== '') continue;
    throw missingParameter(`${entryName}.${index + 1}.ReceiptHandle`);
  }
}

/** On a standard queue, the handle of an earlier hand-out is accepted and deletes nothing. */
function deleteMessage(queue: Queue, handle: string): object {
  checkReceiptHandle(handle, queue.arn);
  const message = queue.handedOut(handle);
  if (message === undefined) return {};
  if (queue.isFifo) checkInTime(queue, message, handle);
  if (message.receiptHandle === handle) queue.take(message);
  return {};
}

function changeVisibility(queue: Queue, handle: string, seconds: number, now: number): object {
  checkVisibilityTimeout(seconds);
  checkReceiptHandle(handle, queue.arn);
  const message = queue.handedOut(handle);
  if (message === undefined) {
    throw invalidValue(
      handle,
      'ReceiptHandle',
      'Message does not exist or is not available for visibility timeout change.',
    );
  }
  if (queue.isFifo) checkInTime(queue, message, handle);
  checkTotalVisibility(message, seconds, now);
  queue.hide(message, seconds * 1000);
  return {};
}

/** On a FIFO queue a handle ends with the time that the message is hidden. */
function checkInTime(queue: Queue, message: Message, handle: string): void {
  if (message.receiptHandle === handle && queue.isHidden(message)) return;
  throw invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');
}
