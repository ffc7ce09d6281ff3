/** A message attribute, as SendMessage gave it. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  /** Base64. */
  readonly BinaryValue?: string;
}
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a sender gives. */
export interface NewMessage {
  readonly body: string;
  readonly attributes: MessageAttributes;
  /** X-Ray's `Root=…;Parent=…`. */
  readonly traceHeader?: string | undefined;
  /** Default: the queue's. */
  readonly delaySeconds?: number | undefined;
  readonly groupId?: string | undefined;
  readonly deduplicationId?: string | undefined;
}

/** A message in a queue. */
export interface Message extends NewMessage {
  readonly id: string;
  readonly sentAt: number;
  readonly sequenceNumber: string | undefined;
  /** Not handed out before this time. */
  visibleAt: number;
  /** In this queue and those that it was moved from. */
  receiveCount: number;
  /** In this queue. */
  receivesHere: number;
  firstReceivedAt: number | undefined;
  lastReceivedAt: number | undefined;
  /** Of the latest hand-out. */
  receiptHandle: string | undefined;
  /** Of those before it. */
  readonly oldHandles: string[];
  /** ARN of the queue that it was moved from. */
  deadLetteredFrom: string | undefined;
}
