import type { Estate, Region } from '../estate/estate.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import type { AwsScope } from '../protocol/aws-scope.ts';
import { busAddress } from '../protocol/bus-address.ts';
import { ServiceError } from '../protocol/service-error.ts';

/** @throws ServiceError in the service's words where there is no such bus. */
export function findBus(estate: Estate, nameOrArn: string | undefined, scope: AwsScope): EventBus {
  const address = busAddress(nameOrArn, scope);
  const bus = estate.bus(address);
  if (bus === undefined) throw notFound(`Event bus ${address.name} does not exist.`);
  return bus;
}

/** @throws ServiceError in the service's words where there is no such bus or rule. */
export function findRule(bus: EventBus, name: string): Rule {
  const rule = bus.rules.get(name);
  if (rule === undefined) {
    throw notFound(`Rule ${name} does not exist on EventBus ${bus.name}.`);
  }
  return rule;
}

/** The region that a resource's ARN names, and what comes after it. */
export function splitArn(
  estate: Estate,
  arn: string,
): { readonly region: Region; readonly resource: string } | undefined {
  const found = /^arn:aws[\w-]*:events:([a-z0-9-]+):(\d{12}):(.+)$/.exec(arn);
  if (found === null) return undefined;
  const [, region = '', account = '', resource = ''] = found;
  return { region: estate.region({ account, region }), resource };
}

export function notFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message);
}

export function alreadyExists(message: string): ServiceError {
  return new ServiceError('ResourceAlreadyExistsException', message);
}

export function invalid(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

export function limitExceeded(): ServiceError {
  return new ServiceError(
    'LimitExceededException',
    'The requested resource exceeds the maximum number allowed.',
  );
}

/** @throws ServiceError where a service made the rule, and its owner may not change it. */
export function checkNotManaged(rule: Rule, force = false): void {
  if (rule.managedBy === undefined || force) return;
  throw new ServiceError(
    'ManagedRuleException',
    `Rule ${rule.name} is managed by ${rule.managedBy} and can't be changed without Force.`,
  );
}
