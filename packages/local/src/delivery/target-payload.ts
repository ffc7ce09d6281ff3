import type { AcceptedEvent } from '../accepted-event.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import { fillTemplate } from './input-template.ts';
import { jsonPath } from './json-path.ts';

/**
 * What a target receives: the event, a constant, a part of the event, or a filled-in
 * template.
 * @throws Error where the transformation cannot be made.
 */
export function targetPayload(target: Target, rule: Rule, event: AcceptedEvent): string {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined) {
    const part = jsonPath(target.InputPath, event.envelope);
    return part === undefined ? '{}' : JSON.stringify(part);
  }
  const transformer = target.InputTransformer;
  if (transformer === undefined) return event.text;
  const { envelope } = event;
  const { detail: _detail, 'detail-type': detailType, ...rest } = envelope;
  const values = new Map<string, unknown>();
  for (const [name, path] of Object.entries(transformer.InputPathsMap ?? {})) {
    values.set(name, jsonPath(path, envelope));
  }
  values.set('aws.events.rule-arn', rule.arn);
  values.set('aws.events.rule-name', rule.name);
  values.set('aws.events.event.ingestion-time', new Date(event.acceptedAt).toISOString());
  values.set('aws.events.event', { ...rest, detailType });
  values.set('aws.events.event.json', envelope);
  return fillTemplate(transformer.InputTemplate, (variable) => values.get(variable));
}
