/** What exists on the bus, as it tells it. */
export interface EstateTold {
  readonly regions: readonly RegionTold[];
  readonly queues: readonly QueueTold[];
}

export interface QueueTold {
  readonly name: string;
  readonly arn: string;
  readonly url: string;
  readonly waiting: number;
  readonly inFlight: number;
  readonly delayed: number;
  /** Dead letters that can go back to where they should have gone. */
  readonly redrivable: number;
}

export interface RegionTold {
  readonly account: string;
  readonly region: string;
  readonly buses: readonly {
    readonly name: string;
    readonly arn: string;
    readonly rules: readonly {
      readonly name: string;
      readonly state: string;
      /** The service whose rule it is; nobody else changes it. */
      readonly managedBy?: string;
      readonly pattern?: string;
      readonly schedule?: string;
      readonly targets: readonly TargetTold[];
    }[];
  }[];
  readonly archives: readonly ArchiveTold[];
  readonly replays: readonly {
    readonly name: string;
    readonly state: string;
    readonly reason?: string;
    readonly archiveArn: string;
    readonly startTime: number;
    readonly endTime: number;
  }[];
}

export interface TargetTold {
  readonly Id: string;
  readonly Arn: string;
  readonly DeadLetterConfig?: { readonly Arn?: string };
}

export interface ArchiveTold {
  readonly name: string;
  readonly arn: string;
  readonly sourceArn: string;
  readonly pattern?: string;
  readonly retentionDays: number;
  readonly events: number;
  readonly first?: number;
  readonly last?: number;
}
