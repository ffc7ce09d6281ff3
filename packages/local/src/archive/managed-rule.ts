import type { EventBus, Rule } from '../estate/event-bus.ts';
import type { Archive } from './archive.ts';

const managedBy = 'prod.vhs.events.aws.internal';

export function managedRuleName(archive: Archive): string {
  return `Events-Archive-${archive.name}`;
}

/**
 * The rule through which the service fills an archive, for who lists rules. Here the router
 * fills it, so the rule itself delivers nothing.
 */
export function managedRule(archive: Archive, bus: EventBus): Rule {
  const name = managedRuleName(archive);
  const path = bus.name === 'default' ? name : `${bus.name}/${name}`;
  const pattern =
    archive.eventPattern === undefined ? {} : (JSON.parse(archive.eventPattern) as object);
  const template = `{"archive-arn":"${archive.arn}","event":<aws.events.event.json>,"ingestion-time":<aws.events.event.ingestion-time>}`;
  const target = {
    Id: name,
    Arn: `arn:aws:events:${bus.region}:::`,
    InputTransformer: { InputPathsMap: {}, InputTemplate: template },
  };
  return {
    name,
    arn: `arn:aws:events:${bus.region}:${bus.account}:rule/${path}`,
    busName: bus.name,
    createdBy: bus.account,
    managedBy,
    eventPattern: JSON.stringify({ ...pattern, 'replay-name': [{ exists: false }] }),
    compiled: undefined,
    scheduleExpression: undefined,
    state: 'ENABLED',
    description: undefined,
    roleArn: undefined,
    targets: new Map([[name, target]]),
  };
}
