/** Sends the events of an archive to its bus again. */
export interface Replay {
  readonly name: string;
  readonly arn: string;
  readonly archiveArn: string;
  readonly description: string | undefined;
  readonly destination: {
    readonly Arn: string;
    readonly FilterArns?: readonly string[] | undefined;
  };
  /** Milliseconds since 1970; events from this time on, before `endTime`. */
  readonly startTime: number;
  readonly endTime: number;
  readonly startedAt: number;
  state: 'STARTING' | 'RUNNING' | 'CANCELLING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  stateReason: string | undefined;
  /** Time of the latest event that was sent. */
  lastReplayedTime: number | undefined;
  endedAt: number | undefined;
}
