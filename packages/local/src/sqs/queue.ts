import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { createDeduplication } from './deduplication.ts';
import type { Message, NewMessage } from './message.ts';
import { createMessageGroups } from './message-groups.ts';
import { changedAttributes, defaultAttributes, type QueueAttributes } from './queue-attributes.ts';
import { newReceiptHandle } from './receipt-handle.ts';
import { redrivePolicy } from './redrive-policy.ts';

export interface ReceiveOptions {
  readonly max: number;
  readonly waitMs: number;
  /** Default: the queue's. */
  readonly visibilityMs: number | undefined;
  /** Calls `run` when the receiver does not wait any more. */
  readonly onLeave?: ((run: () => void) => void) | undefined;
}

/** One queue: at least once, with visibility time-outs, redrive and FIFO groups. */
export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly isFifo: boolean;
  readonly createdAt: number;
  /** When its attributes were set last. */
  readonly modifiedAt: () => number;
  readonly attributes: () => QueueAttributes;
  readonly tags: Map<string, string>;
  /** @param changed Attributes that were checked; an empty text takes one away. */
  setAttributes(changed: QueueAttributes, now: number): void;
  /** Where a FIFO queue had the message within five minutes already, that one. */
  send(message: NewMessage): Message;
  /** Puts a message into the queue that came from another one. */
  put(message: Message): void;
  /** Resolves with the next messages, at the latest after `waitMs` with none. */
  receive(options: ReceiveOptions): Promise<readonly Message[]>;
  /** Every message that was neither deleted nor moved, handed out or not. */
  messages(): readonly Message[];
  /** The message that was handed out under this handle, now or earlier. */
  handedOut(receiptHandle: string): Message | undefined;
  /** Takes a message out, to be deleted or moved to another queue. */
  take(message: Message): void;
  /** Whether a message was handed out or delayed, and its time is not over. */
  isHidden(message: Message): boolean;
  /** Hides a message for so long from now. */
  hide(message: Message, ms: number): void;
  /** Deletes all messages, and forgets which a FIFO queue has taken. */
  purge(): void;
}

export interface QueueSettings {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  /** Checked ones. */
  readonly attributes: QueueAttributes;
  readonly tags: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly clock: Clock;
  /** Moves a message that was received too often; false where that queue is gone. */
  readonly redrive: (message: Message, from: Queue, deadLetterArn: string) => boolean;
}

export function createQueue(settings: QueueSettings): Queue {
  const { name, arn, url, clock, createdAt } = settings;
  const isFifo = name.endsWith('.fifo');
  let attributes = changedAttributes(defaultAttributes(isFifo), settings.attributes);
  let modifiedAt = createdAt;
  let messages: Message[] = [];
  let sequence = 0n;
  const deduplication = createDeduplication(attributes);
  const groups = createMessageGroups();
  /** Receivers that wait, in the order in which they came. */
  const waiting = new Set<() => void>();
  let cancelWake = (): void => undefined;

  /** Lets waiting receivers look again, now and when the next message comes into sight. */
  const wake = (): void => {
    for (const look of [...waiting]) look();
    cancelWake();
    if (waiting.size === 0) return;
    const now = clock.now();
    const next = messages.reduce(
      (first, { visibleAt }) => (visibleAt > now ? Math.min(first, visibleAt) : first),
      Number.POSITIVE_INFINITY,
    );
    if (Number.isFinite(next)) cancelWake = clock.after(next - now, wake);
  };

  const dropExpired = (now: number): void => {
    const retention = Number(attributes.MessageRetentionPeriod) * 1000;
    if (messages.some((message) => message.sentAt + retention <= now)) {
      messages = messages.filter((message) => message.sentAt + retention > now);
    }
  };

  const ready = (options: ReceiveOptions): readonly Message[] => {
    const now = clock.now();
    dropExpired(now);
    const policy = redrivePolicy(attributes);
    const visibility = options.visibilityMs ?? Number(attributes.VisibilityTimeout) * 1000;
    const taken: Message[] = [];
    for (const line of isFifo ? groups.inLine(messages) : [[...messages]]) {
      const before = taken.length;
      for (const message of line) {
        if (taken.length === options.max) break;
        if (message.visibleAt > now) {
          // What follows a hidden message of its group has to wait, or the order would break.
          if (isFifo) break;
          continue;
        }
        if (policy !== undefined && message.receivesHere >= policy.maxReceiveCount) {
          if (settings.redrive(message, queue, policy.deadLetterTargetArn)) continue;
        }
        message.receiveCount += 1;
        message.receivesHere += 1;
        message.firstReceivedAt ??= now;
        message.lastReceivedAt = now;
        message.visibleAt = now + visibility;
        if (message.receiptHandle !== undefined) message.oldHandles.push(message.receiptHandle);
        message.receiptHandle = newReceiptHandle(arn);
        taken.push(message);
      }
      if (isFifo && taken.length > before) groups.toEnd(line);
      if (taken.length === options.max) break;
    }
    return taken;
  };

  const queue: Queue = {
    name,
    arn,
    url,
    isFifo,
    createdAt,
    modifiedAt: () => modifiedAt,
    attributes: () => attributes,
    tags: new Map(Object.entries(settings.tags)),
    setAttributes(changed, now) {
      attributes = changedAttributes(attributes, changed);
      modifiedAt = now;
      deduplication.attributesChanged(attributes, now);
    },
    send(given) {
      const now = clock.now();
      const repeated = isFifo ? deduplication.repeated(given, now) : undefined;
      if (repeated !== undefined) return repeated;
      sequence += 1n;
      const delay = (given.delaySeconds ?? Number(attributes.DelaySeconds)) * 1000;
      const message: Message = {
        ...given,
        id: randomUUID(),
        sentAt: now,
        sequenceNumber: isFifo ? sequence.toString().padStart(20, '0') : undefined,
        visibleAt: now + delay,
        receiveCount: 0,
        receivesHere: 0,
        firstReceivedAt: undefined,
        lastReceivedAt: undefined,
        receiptHandle: undefined,
        oldHandles: [],
        deadLetteredFrom: undefined,
      };
      if (isFifo) deduplication.remember(message, now);
      queue.put(message);
      return message;
    },
    put(message) {
      messages.push(message);
      wake();
    },
    receive(options) {
      const found = ready(options);
      if (found.length > 0 || options.waitMs <= 0) return Promise.resolve(found);
      return new Promise((resolve) => {
        const end = (result: readonly Message[]): void => {
          cancel();
          waiting.delete(look);
          resolve(result);
        };
        const look = (): void => {
          const now = ready(options);
          if (now.length > 0) end(now);
        };
        const cancel = clock.after(options.waitMs, () => end([]));
        waiting.add(look);
        // Else the next message would be hidden for somebody who has left.
        options.onLeave?.(() => end([]));
        wake();
      });
    },
    messages: () => {
      dropExpired(clock.now());
      return messages;
    },
    handedOut: (receiptHandle) =>
      messages.find(
        (message) =>
          message.receiptHandle === receiptHandle || message.oldHandles.includes(receiptHandle),
      ),
    take(message) {
      const at = messages.indexOf(message);
      if (at !== -1) messages.splice(at, 1);
      // The next message of its group may be free now.
      if (isFifo) wake();
    },
    isHidden: (message) => message.visibleAt > clock.now(),
    hide(message, ms) {
      message.visibleAt = clock.now() + ms;
      wake();
    },
    purge() {
      messages = [];
      deduplication.clear();
    },
  };
  return queue;
}
