import { createHash, randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Message, NewMessage } from './message.ts';

/** Attributes of a queue, as the service names them, all as text. */
export type QueueAttributes = Readonly<Record<string, string>>;

export interface ReceiveOptions {
  readonly max: number;
  readonly waitMs: number;
  /** Default: the queue's. */
  readonly visibilityMs: number | undefined;
}

/** One queue: at least once, with visibility time-outs, redrive and FIFO groups. */
export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly isFifo: boolean;
  readonly createdAt: number;
  readonly attributes: () => QueueAttributes;
  setAttributes(changed: QueueAttributes): void;
  /** Undefined where a FIFO queue had the message within five minutes already. */
  send(message: NewMessage): Message | undefined;
  /** Resolves with the next messages, at the latest after `waitMs` with none. */
  receive(options: ReceiveOptions): Promise<readonly Message[]>;
  /** Every message that was neither deleted nor moved, handed out or not. */
  messages(): readonly Message[];
  delete(receiptHandle: string): boolean;
  /** False where the handle is not that of a message that is handed out. */
  changeVisibility(receiptHandle: string, visibilityMs: number): boolean;
  purge(): void;
  /** Takes the message out, to be moved to another queue. */
  take(message: Message): void;
  put(message: Message): void;
}

export interface QueueSettings {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly attributes: QueueAttributes;
  readonly clock: Clock;
  /** Moves a message that was received too often. */
  readonly redrive: (message: Message, from: Queue, deadLetterArn: string) => boolean;
}

const defaults: QueueAttributes = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
  SqsManagedSseEnabled: 'true',
};
const deduplicationMs = 300_000;

export function createQueue(settings: QueueSettings): Queue {
  const { name, arn, url, clock } = settings;
  const isFifo = name.endsWith('.fifo');
  let attributes: QueueAttributes = { ...defaults, ...settings.attributes };
  let messages: Message[] = [];
  let sequence = 0n;
  const seen = new Map<string, number>();
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of [...waiting]) look();
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
    // A FIFO group with a message out is closed, or its order would break.
    const closed = new Set(
      isFifo
        ? messages.filter((each) => each.visibleAt > now).map((message) => message.groupId)
        : [],
    );
    const visibility = options.visibilityMs ?? Number(attributes.VisibilityTimeout) * 1000;
    const taken: Message[] = [];
    for (const message of [...messages]) {
      if (taken.length === options.max) break;
      if (message.visibleAt > now || (isFifo && closed.has(message.groupId))) continue;
      if (policy !== undefined && message.receiveCount >= policy.maxReceiveCount) {
        if (settings.redrive(message, queue, policy.deadLetterTargetArn)) continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.visibleAt = now + visibility;
      message.receiptHandle = randomUUID();
      taken.push(message);
    }
    return taken;
  };

  const queue: Queue = {
    name,
    arn,
    url,
    isFifo,
    createdAt: clock.now(),
    attributes: () => attributes,
    setAttributes(changed) {
      attributes = { ...attributes, ...changed };
    },
    send(given) {
      const now = clock.now();
      if (isFifo) {
        const key = given.deduplicationId ?? createHash('sha256').update(given.body).digest('hex');
        const last = seen.get(key);
        if (last !== undefined && now - last < deduplicationMs) return undefined;
        seen.set(key, now);
      }
      sequence += 1n;
      const delay = (given.delaySeconds ?? Number(attributes.DelaySeconds)) * 1000;
      const message: Message = {
        ...given,
        id: randomUUID(),
        sentAt: now,
        sequenceNumber: isFifo ? sequence.toString().padStart(20, '0') : undefined,
        visibleAt: now + delay,
        receiveCount: 0,
        firstReceivedAt: undefined,
        receiptHandle: undefined,
        deadLetteredFrom: undefined,
      };
      queue.put(message);
      if (delay > 0) clock.after(delay, wake);
      return message;
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
      });
    },
    messages: () => messages,
    delete(receiptHandle) {
      const found = messages.find((message) => message.receiptHandle === receiptHandle);
      if (found === undefined) return false;
      queue.take(found);
      // The next message of its group may be free now.
      wake();
      return true;
    },
    changeVisibility(receiptHandle, visibilityMs) {
      const found = messages.find((message) => message.receiptHandle === receiptHandle);
      if (found === undefined || found.visibleAt <= clock.now()) return false;
      found.visibleAt = clock.now() + visibilityMs;
      if (visibilityMs === 0) wake();
      else clock.after(visibilityMs, wake);
      return true;
    },
    purge() {
      messages = [];
    },
    take(message) {
      messages = messages.filter((each) => each !== message);
    },
    put(message) {
      messages.push(message);
      wake();
    },
  };
  return queue;
}

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export function redrivePolicy(attributes: QueueAttributes): RedrivePolicy | undefined {
  const text = attributes.RedrivePolicy;
  if (text === undefined || text === '') return undefined;
  const policy = JSON.parse(text) as RedrivePolicy;
  return { ...policy, maxReceiveCount: Number(policy.maxReceiveCount) };
}
