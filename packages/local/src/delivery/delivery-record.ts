/** What became of one event at one target of one rule. */
export interface DeliveryRecord {
  /** The first is 1. */
  readonly seq: number;
  /** `seq` of the event in the journal of accepted events. */
  readonly eventSeq: number;
  readonly bus: string;
  readonly rule: string;
  readonly ruleArn: string;
  readonly targetId: string;
  readonly targetArn: string;
  readonly state:
    | 'sending'
    /** Waits for its next attempt. */
    | 'waiting'
    | 'delivered'
    /** In the target's dead-letter queue. */
    | 'dead-lettered'
    /** Given up, with no dead-letter queue to go to. */
    | 'dropped';
  /** Attempts so far. */
  readonly attempts: number;
  /** Of the latest attempt that failed. */
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
}
