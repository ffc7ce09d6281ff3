import type { AcceptedEvent } from '../accepted-event.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { InputTransformer, Target } from '../estate/target.ts';
import { fillTemplate, isPayload } from './input-template.ts';
import { compactJson, jsonPath } from './json-path.ts';

/** A template that became no JSON: the service delivers nothing then. */
export class InvalidPayloadError extends Error {
  override readonly name = 'InvalidPayloadError';
}

/**
 * What a target receives: the event, a constant, a part of the event, or a filled-in
 * template. Numbers keep their digits.
 * @param text The event's, where it is known already.
 * @throws InvalidPayloadError where a filled-in template is not JSON.
 * @throws Error where a path is none.
 */
export function targetPayload(
  target: Target,
  rule: Rule,
  event: AcceptedEvent,
  text: string = event.text,
): string {
  if (target.Input !== undefined) return target.Input;
  if (target.InputPath !== undefined) return jsonPath(target.InputPath, text) ?? '{}';
  const transformer = target.InputTransformer;
  if (transformer === undefined) return text;
  const payload = fillTemplate(transformer.InputTemplate, (variable) =>
    variableValue(variable, transformer, rule, event, text),
  );
  if (!isPayload(transformer.InputTemplate, payload)) {
    throw new InvalidPayloadError(`The filled-in InputTemplate is not JSON: ${payload}`);
  }
  return payload;
}

/** JSON text of a variable's value. */
function variableValue(
  variable: string,
  { InputPathsMap = {} }: InputTransformer,
  rule: Rule,
  event: AcceptedEvent,
  text: string,
): string | undefined {
  switch (variable) {
    case 'aws.events.rule-arn':
      return JSON.stringify(rule.arn);
    case 'aws.events.rule-name':
      return JSON.stringify(rule.name);
    case 'aws.events.event.ingestion-time':
      return JSON.stringify(new Date(event.acceptedAt).toISOString());
    case 'aws.events.event': {
      const { detail: _detail, 'detail-type': detailType, ...rest } = event.envelope;
      return JSON.stringify({ ...rest, detailType });
    }
    case 'aws.events.event.json':
      return compactJson(text);
    default: {
      const path = Object.hasOwn(InputPathsMap, variable) ? InputPathsMap[variable] : undefined;
      return path === undefined ? undefined : jsonPath(path, text);
    }
  }
}
