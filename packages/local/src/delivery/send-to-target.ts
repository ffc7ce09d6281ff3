import type { AcceptedEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import type { Estate } from '../estate/estate.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import { splitArn } from '../operations/find.ts';
import type { Queues } from '../sqs/queues.ts';
import type { AccessTokens } from './access-tokens.ts';
import { apiDestinationCall } from './api-destination-call.ts';
import { settleConnection } from './authorize-connection.ts';
import type { Send } from './deliverer.ts';
import { httpSend } from './http-send.ts';
import type { LogGroups } from './log-groups.ts';
import { refused, type SendResult, sent } from './send-result.ts';
import type { TargetHandler } from './target-handlers.ts';

export interface TargetPorts {
  readonly clock: Clock;
  readonly estate: Estate;
  readonly queues: Queues;
  readonly logs: LogGroups;
  readonly tokens: AccessTokens;
  /** By ARN; they go before everything else. */
  readonly handlers: ReadonlyMap<string, TargetHandler>;
  /** Puts an event that a rule forwards on the bus that its target names. */
  readonly forward: (event: AcceptedEvent, rule: Rule, target: Target) => SendResult;
}

const timeoutMs = 30_000;

/** Chooses by the target's ARN how its payload is handed over. */
export function sendToTarget(ports: TargetPorts): Send {
  return async (payload, { event, rule, target }) => {
    const handler = ports.handlers.get(target.Arn);
    if (typeof handler === 'function') {
      await handler(JSON.parse(payload), {
        rule: rule.name,
        targetArn: target.Arn,
        traceHeader: event.traceHeader,
      });
      return sent;
    }
    if (typeof handler === 'string') return await post(handler, payload, event.traceHeader);
    const service = target.Arn.split(':')[2];
    if (service === 'sqs') return toQueue(ports, payload, target);
    if (service === 'logs') {
      ports.logs.write(target.Arn, { at: ports.clock.now(), message: payload });
      return sent;
    }
    if (service === 'events' && target.Arn.includes(':event-bus/')) {
      return ports.forward(event, rule, target);
    }
    if (service === 'events' && target.Arn.includes(':api-destination/')) {
      return await toApiDestination(ports, payload, target);
    }
    return refused(
      'NO_RESOURCE',
      `Nothing stands for ${target.Arn}: give the bus a function or a URL for it.`,
    );
  };
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

function toQueue(ports: TargetPorts, payload: string, target: Target): SendResult {
  const queue = ports.queues.byArn(target.Arn);
  if (queue === undefined) return refused('NO_RESOURCE', `${target.Arn} does not exist.`);
  queue.send({ body: payload, attributes: {}, groupId: target.SqsParameters?.MessageGroupId });
  return sent;
}

async function toApiDestination(
  ports: TargetPorts,
  payload: string,
  target: Target,
): Promise<SendResult> {
  const split = splitArn(ports.estate, target.Arn);
  const destination = split?.region.apiDestinations.get(split.resource.split('/')[1] ?? '');
  if (split === undefined || destination?.arn !== target.Arn) {
    return refused('NO_RESOURCE', `${target.Arn} does not exist.`);
  }
  const [, name = ''] = destination.connectionArn.split('/');
  const connection = split.region.connections.get(name);
  if (connection === undefined) {
    return refused('NO_RESOURCE', `${destination.connectionArn} does not exist.`);
  }
  if (connection.state === 'DEAUTHORIZED') {
    return refused('NO_PERMISSIONS', `The connection ${name} is ${connection.state}.`);
  }
  const access = await ports.tokens.get(connection);
  if ('error' in access) return access.error;
  settleConnection(split.region, connection, 'AUTHORIZED');
  return await httpSend(
    apiDestinationCall(destination, connection, target.HttpParameters ?? {}, payload, access.token),
  );
}
