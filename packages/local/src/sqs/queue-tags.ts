import { list, map, required, text } from '../protocol/input-shape.ts';
import type { Operations } from '../protocol/operation.ts';
import { findQueue } from './find-queue.ts';
import type { Queues } from './queues.ts';
import { invalidParameter, missingParameter } from './sqs-error.ts';
import { sqsCommand, sqsQuery } from './sqs-operation.ts';

const QueueUrl = required(text());
const maxTags = 50;

/** Tags of queues. */
export function queueTagOperations(queues: Queues): Operations {
  return {
    TagQueue: sqsCommand({ QueueUrl, Tags: required(map(text())) }, (input, caller) => {
      const queue = findQueue(queues, input.QueueUrl, caller);
      if (Object.keys(input.Tags).length === 0) throw missingParameter('Tags');
      checkTags({ ...Object.fromEntries(queue.tags), ...input.Tags });
      for (const [key, value] of Object.entries(input.Tags)) queue.tags.set(key, value);
      return {};
    }),
    UntagQueue: sqsCommand({ QueueUrl, TagKeys: required(list(text())) }, (input, caller) => {
      const queue = findQueue(queues, input.QueueUrl, caller);
      if (input.TagKeys.length === 0) throw missingParameter('TagKeys');
      for (const key of input.TagKeys) queue.tags.delete(key);
      return {};
    }),
    ListQueueTags: sqsQuery({ QueueUrl }, (input, caller) => {
      const { tags } = findQueue(queues, input.QueueUrl, caller);
      return tags.size === 0 ? {} : { Tags: Object.fromEntries(tags) };
    }),
  };
}

/** @throws ServiceError where these are no tags, or too many. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  const entries = Object.entries(tags);
  if (entries.length > maxTags) {
    throw invalidParameter(`Too many tags: a queue has ${maxTags} at most, not ${entries.length}.`);
  }
  for (const [key, value] of entries) {
    if (key === '' || key.length > 128 || key.toLowerCase().startsWith('aws:')) {
      throw invalidParameter(
        `Tag keys must be between 1 and 128 characters in length and must not begin with aws:, not ${JSON.stringify(key)}.`,
      );
    }
    if (value.length > 256) {
      throw invalidParameter(`Tag values must be between 0 and 256 characters in length (${key}).`);
    }
  }
}
