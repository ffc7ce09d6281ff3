/**
 * An attribute as DynamoDB writes it: one member that names the type. Binary is base64 text
 * in what Lambda and Pipes pass, and bytes in what the SDK returns.
 */
export type StreamAttribute = Readonly<Record<string, unknown>>;

/** Attributes by name. */
export type StreamImage = Readonly<Record<string, StreamAttribute>>;

/**
 * A record of a DynamoDB stream in any of its three shapes: an element of `Records` of a
 * Lambda event, an element of the bare array that a Pipe passes, or what GetRecords of the
 * SDK returns. Every member is optional because that is how the services declare them;
 * `itemChange` says what a record lacks.
 */
export interface StreamRecord {
  readonly eventID?: string | undefined;
  readonly eventName?: string | undefined;
  readonly awsRegion?: string | undefined;
  /** ARN of the stream; the SDK's records have none. */
  readonly eventSourceARN?: string | undefined;
  readonly dynamodb?:
    | {
        /** Seconds since 1970 in Lambda and Pipes, a Date from the SDK. */
        readonly ApproximateCreationDateTime?: number | Date | undefined;
        readonly Keys?: object | undefined;
        readonly NewImage?: object | undefined;
        readonly OldImage?: object | undefined;
        readonly SequenceNumber?: string | undefined;
        readonly SizeBytes?: number | undefined;
        readonly StreamViewType?: string | undefined;
      }
    | undefined;
  /** `{ type, principalId }`, with capital initials from the SDK. */
  readonly userIdentity?: object | null | undefined;
}
