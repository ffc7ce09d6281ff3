import { templateVariables } from '../delivery/input-template.ts';
import type { Estate } from '../estate/estate.ts';
import type { Target } from '../estate/target.ts';
import {
  arn,
  busNameOrArn,
  deadLetterConfig,
  limit,
  name,
  nextToken,
} from '../protocol/field-shapes.ts';
import {
  any,
  boolean,
  integer,
  list,
  map,
  object,
  required,
  text,
} from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { checkNotManaged, findBus, findRule, invalid, limitExceeded } from './find.ts';

const maxTargets = 5;
const header = text({ max: 512 });

const targetShape = object({
  Id: required(name),
  Arn: required(arn),
  RoleArn: arn,
  Input: text({ max: 8192 }),
  InputPath: text({ max: 256 }),
  InputTransformer: object({
    InputPathsMap: map(text({ max: 256 }), { max: 100 }),
    InputTemplate: required(text({ min: 1, max: 8192 })),
  }),
  SqsParameters: object({ MessageGroupId: text({ max: 100 }) }),
  HttpParameters: object({
    PathParameterValues: list(text()),
    HeaderParameters: map(header),
    QueryStringParameters: map(header),
  }),
  DeadLetterConfig: deadLetterConfig,
  RetryPolicy: object({
    MaximumRetryAttempts: integer({ min: 0, max: 185 }),
    MaximumEventAgeInSeconds: integer({ min: 60, max: 86_400 }),
  }),
  KinesisParameters: object({ PartitionKeyPath: required(text({ max: 256 })) }),
  // Of targets that nothing is delivered to here: kept and told as they are.
  RunCommandParameters: any,
  EcsParameters: any,
  BatchParameters: any,
  RedshiftDataParameters: any,
  SageMakerPipelineParameters: any,
  AppSyncParameters: any,
});

/** Put, list and remove the targets of a rule. */
export function targetOperations(estate: Estate): Operations {
  return {
    PutTargets: command(
      {
        Rule: required(name),
        EventBusName: busNameOrArn,
        Targets: required(list(targetShape, { min: 1, max: 100 })),
      },
      (input, caller) => {
        const rule = findRule(findBus(estate, input.EventBusName, caller), input.Rule);
        checkNotManaged(rule);
        const after = new Set([...rule.targets.keys(), ...input.Targets.map(({ Id }) => Id)]);
        if (after.size > maxTargets) throw limitExceeded();
        for (const target of input.Targets) checkTarget(target);
        for (const target of input.Targets) rule.targets.set(target.Id, target);
        return { FailedEntryCount: 0, FailedEntries: [] };
      },
    ),
    ListTargetsByRule: query(
      {
        Rule: required(name),
        EventBusName: busNameOrArn,
        NextToken: nextToken,
        Limit: limit,
      },
      (input, caller) => {
        const rule = findRule(findBus(estate, input.EventBusName, caller), input.Rule);
        const { items, next } = page(rule.targets.values(), (target) => target.Id, input);
        return { Targets: items, ...next };
      },
    ),
    RemoveTargets: command(
      {
        Rule: required(name),
        EventBusName: busNameOrArn,
        Ids: required(list(name, { min: 1, max: 100 })),
        Force: boolean,
      },
      (input, caller) => {
        const rule = findRule(findBus(estate, input.EventBusName, caller), input.Rule);
        checkNotManaged(rule, input.Force);
        const failed = input.Ids.filter((id) => !rule.targets.delete(id)).map((id) => ({
          TargetId: id,
          ErrorCode: 'ResourceNotFoundException',
          ErrorMessage: `Rule ${rule.name} does not have a target with the Id ${id}.`,
        }));
        return { FailedEntryCount: failed.length, FailedEntries: failed };
      },
    ),
  };
}

function checkTarget(target: Target): void {
  const { Id, Arn, RoleArn, Input, InputPath, InputTransformer } = target;
  if (!/^arn:[\d\w-]+:[\d\w-]+:[\d\w-]*:[\d\w-]*:.+$/.test(Arn)) {
    throw invalid(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  }
  const inputs = [Input, InputPath, InputTransformer].filter((each) => each !== undefined);
  if (inputs.length > 1) {
    throw invalid(
      `Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`,
    );
  }
  if (Input !== undefined && !isJson(Input))
    throw invalid(`JSON syntax error in Input for target ${Id}.`);
  if (InputTransformer !== undefined) {
    const known = new Set(Object.keys(InputTransformer.InputPathsMap ?? {}));
    for (const variable of templateVariables(InputTransformer.InputTemplate)) {
      if (!known.has(variable) && !variable.startsWith('aws.events.')) {
        throw invalid(`InputTemplate for target ${Id} contains invalid placeholder ${variable}.`);
      }
    }
  }
  if (/^arn:[^:]+:sqs:.*\.fifo$/.test(Arn) && target.SqsParameters?.MessageGroupId === undefined) {
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${Id}.`);
  }
  if (/^arn:[^:]+:(events:[^:]*:[^:]*:event-bus\/|kinesis:)/.test(Arn) && RoleArn === undefined) {
    throw invalid(`RoleArn is required for target ${Arn}.`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
