import type { CompiledPattern } from '../pattern/compile-pattern.ts';
import type { PolicyStatement } from './bus-policy.ts';
import type { Target } from './target.ts';

/** Routes what matches its pattern to its targets. */
export interface Rule {
  readonly name: string;
  readonly arn: string;
  readonly busName: string;
  /** The account that put the rule. */
  readonly createdBy: string;
  /** The service that made the rule, and alone may change it; of an archive's rule. */
  readonly managedBy: string | undefined;
  readonly eventPattern: string | undefined;
  /** Undefined where nothing is delivered by the rule itself. */
  readonly compiled: CompiledPattern | undefined;
  /** When it sends an event of its own. */
  readonly scheduleExpression: string | undefined;
  readonly state: string;
  readonly description: string | undefined;
  readonly roleArn: string | undefined;
  readonly targets: Map<string, Target>;
}

/** One event bus of one account and region. */
export interface EventBus {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly createdAt: number;
  modifiedAt: number;
  description: string | undefined;
  kmsKey: string | undefined;
  deadLetterConfig: { readonly Arn?: string | undefined } | undefined;
  logConfig: object | undefined;
  readonly policy: Map<string, PolicyStatement>;
  readonly rules: Map<string, Rule>;
}
