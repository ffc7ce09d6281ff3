import { isPolicyStatement, type PolicyStatement } from '../estate/bus-policy.ts';
import type { Estate } from '../estate/estate.ts';
import type { EventBus } from '../estate/event-bus.ts';
import { policyDocument } from '../estate/policy-document.ts';
import { busNameOrArn, name } from '../protocol/field-shapes.ts';
import { boolean, object, required, text } from '../protocol/input-shape.ts';
import { command, type Operations } from '../protocol/operation.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { findBus, invalid, notFound } from './find.ts';

const maxPolicyLength = 10_240;

/** Who may put events to a bus. */
export function permissionOperations(estate: Estate): Operations {
  return {
    PutPermission: command(
      {
        EventBusName: busNameOrArn,
        Action: text({ min: 1, max: 64, pattern: 'events:[a-zA-Z]+' }),
        Principal: text({ min: 1, max: 12, pattern: '(\\d{12}|\\*)' }),
        StatementId: name,
        Condition: object({
          Type: required(text()),
          Key: required(text()),
          Value: required(text()),
        }),
        Policy: text(),
      },
      (input, caller) => {
        const bus = findBus(estate, input.EventBusName, caller);
        const before = [...bus.policy];
        if (input.Policy !== undefined) {
          replacePolicy(bus, input.Policy);
        } else {
          const { Action, Principal, StatementId, Condition } = input;
          if (Action === undefined || Principal === undefined || StatementId === undefined) {
            throw invalid('Action, Principal and StatementId must be given where Policy is not.');
          }
          bus.policy.set(StatementId, {
            Sid: StatementId,
            Effect: 'Allow',
            Principal: Principal === '*' ? '*' : { AWS: `arn:aws:iam::${Principal}:root` },
            Action,
            Resource: bus.arn,
            ...(Condition === undefined
              ? {}
              : { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } }),
          });
        }
        if ((policyDocument(bus) ?? '').length > maxPolicyLength) {
          bus.policy.clear();
          for (const [id, statement] of before) bus.policy.set(id, statement);
          throw new ServiceError(
            'PolicyLengthExceededException',
            `The event bus policy is longer than ${maxPolicyLength} characters.`,
          );
        }
        bus.modifiedAt = caller.now;
        return {};
      },
    ),
    RemovePermission: command(
      { StatementId: name, RemoveAllPermissions: boolean, EventBusName: busNameOrArn },
      (input, caller) => {
        const bus = findBus(estate, input.EventBusName, caller);
        if (input.RemoveAllPermissions === true) bus.policy.clear();
        else if (input.StatementId === undefined || !bus.policy.delete(input.StatementId)) {
          throw notFound('Statement with the provided id does not exist.');
        }
        bus.modifiedAt = caller.now;
        return {};
      },
    ),
  };
}

function replacePolicy(bus: EventBus, document: string): void {
  const statements = statementsOf(document);
  if (statements === undefined) {
    throw invalid('Parameter Policy is not valid. Reason: It is not a policy document.');
  }
  bus.policy.clear();
  for (const [index, statement] of statements.entries()) {
    bus.policy.set(statement.Sid ?? `statement-${index + 1}`, statement);
  }
}

function statementsOf(document: string): readonly PolicyStatement[] | undefined {
  try {
    const parsed = JSON.parse(document) as { readonly Statement?: unknown } | null;
    const statements = [parsed?.Statement].flat();
    return statements.every(isPolicyStatement) ? statements : undefined;
  } catch {
    return undefined;
  }
}
