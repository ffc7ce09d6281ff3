import type { AnyEventContract } from '@tidings/contract';
import type { AnyHandler, TargetHandler } from '../delivery/target-handlers.ts';
import type { Target } from '../estate/target.ts';
import type { Fault } from '../faults/fault.ts';

/** A target: an ARN, a URL to post to, a function, or all that PutTargets takes. */
export type LocalTarget =
  | TargetHandler
  | (Omit<Target, 'Arn' | 'Id'> & {
      readonly Id?: string;
      readonly Arn: string;
      /** What stands for the ARN, as in `bus.handle`. */
      readonly handler?: AnyHandler;
    });

/** A rule of a rules file. */
export interface LocalRule {
  readonly name: string;
  /** Default: `default`. */
  readonly bus?: string;
  readonly pattern: object;
  readonly targets?: readonly LocalTarget[];
}

/** An archive of a rules file. */
export interface LocalArchive {
  readonly name: string;
  /** Default: `default`. */
  readonly bus?: string;
  readonly pattern?: object;
  readonly retentionDays?: number;
}

/** What a rules file declares. The bus is made to have this, and no more of its making. */
export interface LocalRules {
  readonly buses?: readonly string[];
  /** Names of SQS queues. */
  readonly queues?: readonly string[];
  readonly rules?: readonly LocalRule[];
  readonly archives?: readonly LocalArchive[];
  readonly faults?: readonly Fault[];
  /** Contracts whose examples the page offers to send. */
  readonly contracts?: readonly AnyEventContract[];
}

/** Types a rules file: `export default defineLocalRules({ … })`. */
export function defineLocalRules(rules: LocalRules): LocalRules {
  return rules;
}
