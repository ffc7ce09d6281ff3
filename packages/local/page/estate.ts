/** What exists on the bus, as it tells it. */
export interface EstateTold {
  readonly regions: readonly RegionTold[];
  readonly queues: readonly {
    readonly name: string;
    readonly url: string;
    readonly messages: number;
  }[];
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
      readonly pattern?: string;
      readonly schedule?: string;
      readonly targets: readonly { readonly Id: string; readonly Arn: string }[];
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
