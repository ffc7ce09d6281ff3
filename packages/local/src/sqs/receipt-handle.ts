import { randomUUID } from 'node:crypto';
import { sqsError } from './sqs-error.ts';

/** A handle for one hand-out of a message; clients take it as it is. */
export function newReceiptHandle(queueArn: string): string {
  return Buffer.from(`${randomUUID()} ${queueArn}`).toString('base64');
}

const form = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12} (arn:aws:sqs:\S+)$/;

/** @throws ServiceError where the handle was never given out, or by another queue. */
export function checkReceiptHandle(handle: string, queueArn: string): void {
  const arn = form.exec(Buffer.from(handle, 'base64').toString())?.[1];
  if (arn === queueArn) return;
  throw sqsError(
    'ReceiptHandleIsInvalid',
    arn === undefined
      ? `The input receipt handle "${handle}" is not a valid receipt handle.`
      : `The receipt handle "${handle}" is not valid for this queue.`,
  );
}
