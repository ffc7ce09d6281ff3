import type { AcceptedEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import type { Estate } from '../estate/estate.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import type { Queues } from '../sqs/queues.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Send } from './deliverer.ts';
import { httpSend } from './http-send.ts';
import type { LogGroups } from './log-groups.ts';
import { refused, type SendResult, sent } from './send-result.ts';
import { sendServiceCall } from './send-service-call.ts';
import { sendToApiDestination } from './send-to-api-destination.ts';
import { sendToQueue } from './send-to-queue.ts';
import { serviceCall } from './service-call.ts';
import { serviceFailure } from './service-failure.ts';
import type { AnyHandler, TargetContext } from './target-handlers.ts';

export interface TargetPorts {
  readonly clock: Clock;
  readonly estate: Estate;
  readonly queues: Queues;
  readonly logs: LogGroups;
  readonly tokens: AccessTokens;
  /** By ARN; they go before everything else. */
  readonly handlers: ReadonlyMap<string, AnyHandler>;
  /** Puts an event that a rule forwards on the bus that its target names. */
  readonly forward: (event: AcceptedEvent, rule: Rule, target: Target) => SendResult;
}

const timeoutMs = 30_000;

/** Chooses by the target's ARN how its payload is handed over. */
export function sendToTarget(ports: TargetPorts): Send {
  return async (payload, { event, rule, target }) => {
    const handler = ports.handlers.get(target.Arn);
    if (handler !== undefined) {
      const call = serviceCall(target, payload, event);
      if (typeof handler === 'string') {
        return call === undefined
          ? await post(handler, payload, event.traceHeader)
          : await sendServiceCall(handler, target.Arn, call);
      }
      return await run(handler, call?.input ?? JSON.parse(payload), {
        rule: rule.name,
        targetArn: target.Arn,
        traceHeader: event.traceHeader,
      });
    }
    const service = target.Arn.split(':')[2];
    if (service === 'sqs') return sendToQueue(ports.queues, payload, target, event);
    if (service === 'logs') {
      ports.logs.write(target.Arn, { at: ports.clock.now(), message: payload });
      return sent;
    }
    if (service === 'events' && target.Arn.includes(':event-bus/')) {
      return ports.forward(event, rule, target);
    }
    if (service === 'events' && target.Arn.includes(':api-destination/')) {
      return await sendToApiDestination(ports, payload, target);
    }
    return refused(
      'NO_RESOURCE',
      `Nothing stands for ${target.Arn}: give the bus a function or a URL for it.`,
    );
  };
}

/** @throws whatever the function throws, unless it is an error of a service. */
async function run(
  handler: Exclude<AnyHandler, string>,
  input: unknown,
  context: TargetContext,
): Promise<SendResult> {
  try {
    await (handler as (input: unknown, context: TargetContext) => unknown)(input, context);
    return sent;
  } catch (error) {
    const failure = error instanceof Error ? serviceFailure(error.name, error.message) : undefined;
    if (failure === undefined) throw error;
    return failure;
  }
}

async function post(
  url: string,
  body: string,
  traceHeader: string | undefined,
): Promise<SendResult> {
  return await httpSend({
    url,
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-Amz-Invocation-Type': 'Event',
      ...(traceHeader === undefined ? {} : { 'X-Amzn-Trace-Id': traceHeader }),
    },
    body,
    timeoutMs,
  });
}
