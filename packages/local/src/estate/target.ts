/** Where a rule sends its events, as PutTargets gave it. */
export interface Target {
  readonly Id: string;
  readonly Arn: string;
  readonly RoleArn?: string | undefined;
  readonly Input?: string | undefined;
  readonly InputPath?: string | undefined;
  readonly InputTransformer?: InputTransformer | undefined;
  readonly SqsParameters?: { readonly MessageGroupId?: string | undefined } | undefined;
  readonly KinesisParameters?: { readonly PartitionKeyPath: string } | undefined;
  readonly HttpParameters?: HttpParameters | undefined;
  readonly DeadLetterConfig?: { readonly Arn?: string | undefined } | undefined;
  readonly RetryPolicy?: RetryPolicy | undefined;
}

export interface InputTransformer {
  readonly InputPathsMap?: Readonly<Record<string, string>> | undefined;
  readonly InputTemplate: string;
}

export interface HttpParameters {
  readonly PathParameterValues?: readonly string[] | undefined;
  readonly HeaderParameters?: Readonly<Record<string, string>> | undefined;
  readonly QueryStringParameters?: Readonly<Record<string, string>> | undefined;
}

export interface RetryPolicy {
  /** Default: 185. */
  readonly MaximumRetryAttempts?: number | undefined;
  /** Default: 86,400. */
  readonly MaximumEventAgeInSeconds?: number | undefined;
}
