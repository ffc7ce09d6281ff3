/** What became of one entry of a request. */
export interface EntryRecord {
  readonly bus: string;
  readonly source: string | undefined;
  readonly detailType: string | undefined;
  /** JSON text as it was sent. */
  readonly detail: string | undefined;
  /** True where the event is in the journal of accepted events. */
  readonly committed: boolean;
  /** The id the bus gave, whether or not an answer carried it. */
  readonly id: string | undefined;
  /** Set where the entry was refused. */
  readonly errorCode: string | undefined;
  /** Why an entry that has an id is not in the journal. */
  readonly dropped: 'no-such-bus' | 'silent-drop' | undefined;
}

/** How a request ended on the wire. */
export type RequestAnswer =
  /** Still being worked on, or hanging; or the client went away before it was asked. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** Name of the error, where the request was refused whole. */
      readonly error: string | undefined;
    }
  /** Answered with a body that the service never sends. */
  | { readonly kind: 'bad-response'; readonly body: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'truncated' };

/** One request of the AWS protocol, in the order of arrival. */
export interface RequestRecord {
  /** The first is 1. */
  readonly seq: number;
  readonly receivedAt: number;
  readonly op: string;
  readonly account: string;
  readonly region: string;
  /** The SDK's `amz-sdk-invocation-id`: the same in all attempts of one call. */
  readonly invocation: string | undefined;
  /** The first is 1. */
  readonly attempt: number;
  /** Empty for every operation but PutEvents, and where the request was refused whole. */
  readonly entries: readonly EntryRecord[];
  readonly answer: RequestAnswer;
  /** The fault that hit. */
  readonly faultId: string | undefined;
}
