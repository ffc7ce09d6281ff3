import { gunzipSync, gzipSync } from 'node:zlib';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { DeadLetter } from '@tidings/contract';
import { deadLetterText, type ParkedLetter, parseDeadLetter } from './dead-letter-text.ts';
import { nextPack } from './packing.ts';
import type { DeadLetterStore } from './redrive.ts';

/** Settings of `sqsDeadLetters`. */
export interface SqsDeadLettersOptions {
  /** URL of a standard or a FIFO queue. */
  readonly queueUrl: string;
  /** Default: a client of its own, from the environment. */
  readonly client?: SQSClient;
  /** Bytes that a message and a batch may have. Default 1,048,576. */
  readonly maxMessageBytes?: number;
  /** Seconds that a letter stays hidden while it is delivered. Default 120. */
  readonly visibilityTimeoutSeconds?: number;
}

const BATCH = 10;
const GZIP = 'gzip:';

/**
 * Dead letters in an SQS queue, which must keep them for as long as it takes somebody to
 * look (at most 14 days). A letter that is larger than a message is compressed; one that
 * is too large even so cannot be parked, and stays with the caller.
 *
 * `takeUp` ends when it meets a letter that was parked after it began, or one that it has
 * seen before. What stays becomes visible again at once.
 */
export function sqsDeadLetters(options: SqsDeadLettersOptions): DeadLetterStore {
  const { queueUrl, maxMessageBytes = 1024 * 1024, visibilityTimeoutSeconds = 120 } = options;
  const client = options.client ?? new SQSClient({});
  const fifo = queueUrl.endsWith('.fifo');
  const limits = { maxEntries: BATCH, maxBytes: maxMessageBytes };

  async function send(messages: readonly Letter[]): Promise<void> {
    const Entries = messages.map(
      ({ text, letter }, index): SendMessageBatchRequestEntry => ({
        Id: String(index),
        MessageBody: text,
        ...(fifo && fifoFields(letter, text)),
      }),
    );
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    const kept = answer.Successful?.length ?? 0;
    if (kept === Entries.length) return;
    const [first] = answer.Failed ?? [];
    throw new Error(
      `SQS kept ${kept} of ${Entries.length} dead letters (${first?.Code}: ${first?.Message}).`,
    );
  }

  async function receive(): Promise<readonly Message[]> {
    const answer = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        VisibilityTimeout: visibilityTimeoutSeconds,
        WaitTimeSeconds: 1,
      }),
    );
    return answer.Messages ?? [];
  }

  async function remove(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map((message, index) => ({
      Id: String(index),
      ReceiptHandle: message.ReceiptHandle,
    }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }

  async function reveal(messages: readonly Message[]): Promise<void> {
    for (const { ReceiptHandle } of messages) {
      const visibility = { QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: 0 };
      await client.send(new ChangeMessageVisibilityCommand(visibility));
    }
  }

  return {
    async park(letters) {
      const parkedAt = new Date();
      const messages = letters.map((letter) => fitted(letter, parkedAt, maxMessageBytes));
      for (let first = 0; first < messages.length; ) {
        const pack = nextPack(
          (offset) => messages[first + offset],
          limits,
          () => false,
        );
        await send(pack.items);
        first += pack.taken;
      }
    },

    async takeUp(deliver) {
      const began = Date.now();
      const seen = new Set<string>();
      const stay: Message[] = [];
      try {
        for (;;) {
          const messages = await receive();
          const fresh = messages.filter(({ MessageId = '' }) => !seen.has(MessageId));
          for (const { MessageId = '' } of messages) seen.add(MessageId);
          if (fresh.length === 0) {
            stay.push(...messages);
            return;
          }
          const read = fresh.map((message) => ({ message, parked: readBody(message.Body) }));
          const due = read.filter(isLetterBefore(began));
          const done = await deliver(due.map(({ parked }) => parked));
          const delivered = due.filter((_, index) => done[index] === true);
          await remove(delivered.map(({ message }) => message));
          const gone = new Set(delivered.map(({ message }) => message));
          stay.push(...messages.filter((message) => !gone.has(message)));
          if (read.some(({ parked }) => parked !== undefined && +parked.parkedAt >= began)) return;
        }
      } finally {
        await reveal(stay);
      }
    },
  };
}

interface Letter {
  readonly letter: DeadLetter;
  readonly text: string;
  readonly bytes: number;
}

function fitted(letter: DeadLetter, parkedAt: Date, maxBytes: number): Letter {
  const plain = deadLetterText(letter, parkedAt);
  if (Buffer.byteLength(plain) <= maxBytes) {
    return { letter, text: plain, bytes: Buffer.byteLength(plain) };
  }
  const text = GZIP + gzipSync(plain).toString('base64');
  if (text.length <= maxBytes) return { letter, text, bytes: text.length };
  throw new Error(
    `A dead letter has ${text.length} bytes compressed and SQS takes ${maxBytes}; park such events in a file.`,
  );
}

function readBody(body = ''): ParkedLetter | undefined {
  if (!body.startsWith(GZIP)) return parseDeadLetter(body);
  try {
    return parseDeadLetter(gunzipSync(Buffer.from(body.slice(GZIP.length), 'base64')).toString());
  } catch {
    return undefined;
  }
}

function isLetterBefore(
  time: number,
): (read: {
  readonly message: Message;
  readonly parked: ParkedLetter | undefined;
}) => read is { readonly message: Message; readonly parked: ParkedLetter } {
  return (read): read is { readonly message: Message; readonly parked: ParkedLetter } =>
    read.parked !== undefined && +read.parked.parkedAt < time;
}

/** Letters of one ordering key stay in order; the same letter is kept once. */
function fifoFields(letter: DeadLetter, text: string): Partial<SendMessageBatchRequestEntry> {
  const { event } = letter;
  const metadata = event === undefined || 'eventId' in event ? event : event.detail.metadata;
  const id = metadata?.eventId;
  return {
    MessageGroupId: metadata?.orderingKey ?? id ?? letter.source,
    MessageDeduplicationId: (id ?? text).slice(0, 128),
  };
}
