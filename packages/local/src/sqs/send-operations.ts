import { type InputOf, list, object, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { checkBatch, runBatch } from './batch.ts';
import {
  type CheckedMessage,
  checkContentBased,
  checkMessage,
  sendFields,
} from './check-message.ts';
import { findQueue } from './find-queue.ts';
import type { Queue } from './queue.ts';
import type { Queues } from './queues.ts';
import { sendChecked, sendMessage } from './send-message.ts';
import { invalidParameter, missingParameter, sqsError } from './sqs-error.ts';
import { sqsQuery } from './sqs-operation.ts';

/** Limit of a batch, whatever the limit of its queue. */
const maxBatchBytes = 1_048_576;
const entryName = 'SendMessageBatchRequestEntry';

/** Sending messages, one by one and in batches. */
export function sendOperations(queues: Queues): Operations {
  return {
    SendMessage: sqsQuery(
      { QueueUrl: required(text()), ...sendFields, MessageBody: required(text()) },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        return sendMessage(queue, input, caller.traceHeader);
      },
    ),
    SendMessageBatch: sqsQuery(
      {
        QueueUrl: required(text()),
        Entries: required(list(object({ Id: text(), ...sendFields }))),
      },
      (input, caller) => {
        const queue = findQueue(queues, input.QueueUrl, caller);
        const entries = checkBatch(input.Entries, entryName);
        if (queue.isFifo) for (const entry of entries) checkFifoEntry(queue, entry);
        const checks = new Map(
          entries.map((entry) => [entry.Id, checkEntry(entry, caller.traceHeader)]),
        );
        let bytes = 0;
        for (const check of checks.values()) if ('bytes' in check) bytes += check.bytes;
        if (bytes > maxBatchBytes) {
          throw sqsError(
            'BatchRequestTooLong',
            `Batch requests cannot be longer than ${maxBatchBytes} bytes. You have sent ${bytes} bytes.`,
          );
        }
        return runBatch(entries, ({ Id }) => {
          const check = checks.get(Id);
          if (check === undefined || 'refusal' in check) throw check?.refusal;
          return sendChecked(queue, check, 'One or more parameters cannot be validated.');
        });
      },
    ),
  };
}

function checkEntry(
  entry: InputOf<typeof sendFields>,
  traceHeader: string | undefined,
): CheckedMessage | { readonly refusal: ServiceError } {
  try {
    return checkMessage(entry, traceHeader);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { refusal: error };
  }
}

/** What an entry for a FIFO queue lacks refuses its whole batch. */
function checkFifoEntry(queue: Queue, entry: InputOf<typeof sendFields>): void {
  if (entry.MessageGroupId === undefined) {
    throw invalidParameter(missingParameter('MessageGroupId').message);
  }
  if (entry.MessageDeduplicationId === undefined) checkContentBased(queue);
}
