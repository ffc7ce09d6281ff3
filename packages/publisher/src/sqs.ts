import { createHash, randomUUID } from 'node:crypto';
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
import { type DeadLetter, optionBounds } from '@tidings/contract';
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
  /**
   * Seconds that a letter stays hidden after its redrive was cut off; while one is under way
   * the time is extended. Default 120.
   */
  readonly visibilityTimeoutSeconds?: number;
  /** Seconds that a redrive waits for letters before it takes the queue for empty. Default 1. */
  readonly waitTimeSeconds?: number;
}

const NAMES: Record<keyof SqsDeadLettersOptions, true> = {
  queueUrl: true,
  client: true,
  maxMessageBytes: true,
  visibilityTimeoutSeconds: true,
  waitTimeSeconds: true,
};

const { known, whole } = optionBounds(RangeError);

/** Some letters could not be kept or removed; the message says why. */
class SqsDeadLettersError extends Error {
  readonly code: 'PartialFailure' | 'LetterTooLarge';

  constructor(code: 'PartialFailure' | 'LetterTooLarge', message: string) {
    super(message);
    this.code = code;
  }
}

const BATCH = 10;
const GZIP = 'gzip:';

/** One attempt more, after a removal of which SQS failed a part. */
const REMOVE_ATTEMPTS = 3;

/**
 * Dead letters in an SQS queue, which must keep them for as long as it takes somebody to
 * look (at most 14 days). A letter that is larger than a message is compressed; one that
 * is too large even so cannot be parked, and stays with the caller.
 *
 * `takeUp` ends when it meets a letter that was parked after it began, or one that it has
 * seen before. What stays becomes visible again at once. Of two redrives at the same time each
 * takes up other letters.
 *
 * @throws RangeError where an option is unknown or out of its bounds.
 */
export function sqsDeadLetters(options: SqsDeadLettersOptions): DeadLetterStore {
  known('sqsDeadLetters', options, NAMES);
  const { queueUrl, maxMessageBytes = 1024 * 1024 } = options;
  const { visibilityTimeoutSeconds = 120, waitTimeSeconds = 1 } = options;
  if (!URL.canParse(queueUrl)) {
    throw new RangeError(
      'queueUrl must be the URL of an SQS queue, such as https://sqs.eu-west-1.amazonaws.com/123456789012/letters',
    );
  }
  whole('maxMessageBytes', maxMessageBytes, 1024, 1024 * 1024);
  whole('visibilityTimeoutSeconds', visibilityTimeoutSeconds, 1, 43_200);
  whole('waitTimeSeconds', waitTimeSeconds, 0, 20);
  const client = options.client ?? new SQSClient({});
  const fifo = queueUrl.endsWith('.fifo');
  const limits = { maxEntries: BATCH, maxBytes: maxMessageBytes };
  /** Kept in a call of which another part failed: whoever parks that again means the rest. */
  const alreadyKept = new WeakSet<DeadLetter>();

  async function send(messages: readonly Letter[]): Promise<void> {
    const Entries = messages.map(
      ({ text, letter }, index): SendMessageBatchRequestEntry => ({
        Id: String(index),
        MessageBody: text,
        ...(fifo && fifoFields(letter)),
      }),
    );
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    const kept = new Set((answer.Successful ?? []).map(({ Id }) => Number(Id)));
    for (const index of kept) {
      const letter = messages[index]?.letter;
      if (letter !== undefined) alreadyKept.add(letter);
    }
    if (kept.size === Entries.length) return;
    const [first] = answer.Failed ?? [];
    throw new SqsDeadLettersError(
      'PartialFailure',
      `SQS kept ${kept.size} of ${Entries.length} dead letters (${first?.Code}: ${first?.Message}).`,
    );
  }

  async function receive(): Promise<readonly Message[]> {
    const answer = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: BATCH,
        VisibilityTimeout: visibilityTimeoutSeconds,
        WaitTimeSeconds: waitTimeSeconds,
      }),
    );
    return answer.Messages ?? [];
  }

  /** A letter that stayed behind would be delivered again. */
  async function remove(messages: readonly Message[]): Promise<void> {
    let left = messages;
    for (let attempt = 1; left.length > 0; attempt += 1) {
      const Entries = entriesOf(left);
      const command = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries });
      const { Failed = [] } = await client.send(command);
      if (Failed.length > 0 && attempt === REMOVE_ATTEMPTS) {
        throw new SqsDeadLettersError(
          'PartialFailure',
          `SQS did not remove ${Failed.length} dead letters that were delivered (${Failed[0]?.Code}: ${Failed[0]?.Message}); remove them, or the next redrive delivers them again.`,
        );
      }
      const failed = new Set(Failed.map(({ Id }) => Number(Id)));
      left = left.filter((_, index) => failed.has(index));
    }
  }

  /** A failure changes little: letters become visible by themselves once their time is up. */
  async function setVisibility(messages: readonly Message[], seconds: number): Promise<void> {
    for (const { ReceiptHandle } of messages) {
      const visibility = { QueueUrl: queueUrl, ReceiptHandle, VisibilityTimeout: seconds };
      await client.send(new ChangeMessageVisibilityCommand(visibility)).catch(() => {});
    }
  }

  /** Keeps letters hidden for as long as `work` takes: nobody else may take them up. */
  async function whileHidden<Value>(
    hidden: () => readonly Message[],
    work: () => Promise<Value>,
  ): Promise<Value> {
    const extend = (): void => void setVisibility(hidden(), visibilityTimeoutSeconds);
    const timer = setInterval(extend, (visibilityTimeoutSeconds * 1000) / 3);
    try {
      return await work();
    } finally {
      clearInterval(timer);
    }
  }

  async function takeUp(deliver: Deliver, stay: Message[]): Promise<void> {
    const began = Date.now();
    const seen = new Set<string>();
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
      const work = (): Promise<readonly boolean[]> => deliver(due.map(({ parked }) => parked));
      const done = await whileHidden(() => [...stay, ...messages], work).catch((error: unknown) => {
        stay.push(...messages);
        throw error;
      });
      const gone = new Set(
        due.filter((_, index) => done[index] === true).map(({ message }) => message),
      );
      stay.push(...messages.filter((message) => !gone.has(message)));
      await remove([...gone]);
      if (read.some(({ parked }) => parked !== undefined && +parked.parkedAt >= began)) return;
    }
  }

  return {
    async park(letters) {
      const parkedAt = new Date();
      const messages = letters
        .filter((letter) => !alreadyKept.has(letter))
        .map((letter) => fitted(letter, parkedAt, maxMessageBytes));
      for (let first = 0; first < messages.length; ) {
        const pack = nextPack(
          (offset) => messages[first + offset],
          limits,
          () => false,
        );
        await send(pack.items);
        first += pack.taken;
      }
      for (const letter of letters) alreadyKept.delete(letter);
    },

    async takeUp(deliver) {
      const stay: Message[] = [];
      try {
        await takeUp(deliver, stay);
      } finally {
        await setVisibility(stay, 0);
      }
    },
  };
}

type Deliver = Parameters<DeadLetterStore['takeUp']>[0];

function entriesOf(messages: readonly Message[]): { Id: string; ReceiptHandle: string }[] {
  return messages.map(({ ReceiptHandle = '' }, index) => ({ Id: String(index), ReceiptHandle }));
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
  throw new SqsDeadLettersError(
    'LetterTooLarge',
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

/** What tells a letter from every other, when it is sent a second time. */
const deduplicationIds = new WeakMap<DeadLetter, string>();

/**
 * Letters of one ordering key stay in order. A letter that is parked again after an answer was
 * lost is kept once; another one of the same event is another letter, as where both majors of
 * a migration fail, or a redrive fails within the five minutes that SQS remembers an id.
 */
function fifoFields(letter: DeadLetter): Partial<SendMessageBatchRequestEntry> {
  const id = deduplicationIds.get(letter) ?? randomUUID();
  deduplicationIds.set(letter, id);
  return { MessageGroupId: groupOf(letter), MessageDeduplicationId: id };
}

/** MessageGroupId takes 1 to 128 of these characters. */
const GROUP_ID = /^[\w!-/:-@[-`{-~]{1,128}$/;

function groupOf({ event, source }: DeadLetter): string {
  const { orderingKey, eventId, detail } = (event ?? {}) as {
    readonly orderingKey?: unknown;
    readonly eventId?: unknown;
    readonly detail?: { readonly metadata?: Readonly<Record<string, unknown>> };
  };
  const metadata = detail?.metadata;
  const ids = [orderingKey, metadata?.orderingKey, eventId, metadata?.eventId, source];
  const id = ids.find((each): each is string => typeof each === 'string' && each !== '');
  if (id === undefined) return 'letters';
  return GROUP_ID.test(id) ? id : createHash('sha256').update(id).digest('hex');
}
