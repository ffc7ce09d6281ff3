import type { QueueAttributes } from './queue-attributes.ts';
import { invalidValue } from './sqs-error.ts';

/** One statement of a queue's resource policy, in the form that AddPermission gives it. */
interface Statement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: unknown;
  readonly Action: unknown;
  readonly Resource?: string;
}

interface Policy {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: Statement | readonly Statement[];
}

/** A queue, as far as its policy needs it. */
interface PolicyHolder {
  readonly arn: string;
  attributes(): QueueAttributes;
}

/** The policy with one more statement, as text. */
export function withPermission(
  queue: PolicyHolder,
  label: string,
  accounts: readonly string[],
  actions: readonly string[],
): string {
  const policy = policyOf(queue) ?? {
    Version: '2008-10-17',
    Id: `${queue.arn}/SQSDefaultPolicy`,
    Statement: [],
  };
  const statements = statementsOf(policy);
  if (statements.some(({ Sid }) => Sid === label)) {
    throw invalidValue(label, 'Label', 'Already exists.');
  }
  const added: Statement = {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: oneOrAll(accounts.map((account) => `arn:aws:iam::${account}:root`)) },
    Action: oneOrAll(actions.map((action) => `SQS:${action}`)),
    Resource: queue.arn,
  };
  return JSON.stringify({ ...policy, Statement: [...statements, added] });
}

/** The policy without the statement of that label; empty where it was the last. */
export function withoutPermission(queue: PolicyHolder, label: string): string {
  const policy = policyOf(queue);
  const statements = policy === undefined ? [] : statementsOf(policy);
  const left = statements.filter(({ Sid }) => Sid !== label);
  if (left.length === statements.length) {
    throw invalidValue(label, 'Label', "can't find label.");
  }
  return left.length === 0 ? '' : JSON.stringify({ ...policy, Statement: left });
}

function policyOf(queue: PolicyHolder): Policy | undefined {
  const { Policy: text } = queue.attributes();
  return text === undefined ? undefined : (JSON.parse(text) as Policy);
}

function statementsOf({ Statement }: Policy): readonly Statement[] {
  return Array.isArray(Statement) ? Statement : [Statement as Statement];
}

function oneOrAll(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? (values[0] ?? '') : values;
}
