import type { AcceptedEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import type { Estate } from '../estate/estate.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import { splitArn } from '../operations/find.ts';
import type { Queues } from '../sqs/queues.ts';
import { apiDestinationCall, tokenCall } from './api-destination-call.ts';
import type { Send } from './deliverer.ts';
import { httpSend } from './http-send.ts';
import type { LogGroups } from './log-groups.ts';
import { failed, refused, type SendResult, sent } from './send-result.ts';
import type { TargetHandler } from './target-handlers.ts';

export interface TargetPorts {
  readonly clock: Clock;
  readonly estate: Estate;
  readonly queues: Queues;
  readonly logs: LogGroups;
  /** By ARN; they go before everything else. */
  readonly handlers: ReadonlyMap<string, TargetHandler>;
  /** Puts an event that a rule forwards on the bus that its target names. */
  readonly forward: (event: AcceptedEvent, rule: Rule, target: Target) => SendResult;
}

const timeoutMs = 30_000;

/** Chooses by the target's ARN how its payload is handed over. */
export function sendToTarget(ports: TargetPorts): Send {
  const tokens = new Map<string, { readonly token: string; readonly until: number }>();
  return async (payload, { event, rule, target }) => {
    const handler = ports.handlers.get(target.Arn);
    if (typeof handler === 'function') {
      await handler(JSON.parse(payload), { rule: rule.name, targetArn: target.Arn });
      return sent;
    }
    if (typeof handler === 'string') return await post(handler, payload);
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
      return await toApiDestination(ports, tokens, payload, target);
    }
    return refused(
      'NO_RESOURCE',
      `Nothing stands for ${target.Arn}: give the bus a function or a URL for it.`,
    );
  };
}

async function post(url: string, body: string): Promise<SendResult> {
  return await httpSend({
    url,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Amz-Invocation-Type': 'Event' },
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
  tokens: Map<string, { readonly token: string; readonly until: number }>,
  payload: string,
  target: Target,
): Promise<SendResult> {
  const split = splitArn(ports.estate, target.Arn);
  const destination = split?.region.apiDestinations.get(split.resource.split('/')[1] ?? '');
  if (destination?.arn !== target.Arn) {
    return refused('NO_RESOURCE', `${target.Arn} does not exist.`);
  }
  const [, name = ''] = destination.connectionArn.split('/');
  const connection = split?.region.connections.get(name);
  if (connection === undefined) {
    return refused('NO_RESOURCE', `${destination.connectionArn} does not exist.`);
  }
  if (connection.state !== 'AUTHORIZED') {
    return refused('NO_PERMISSIONS', `The connection ${name} is ${connection.state}.`);
  }
  const key = `${connection.arn} ${connection.modifiedAt}`;
  const wanted = tokenCall(connection);
  let known = tokens.get(key);
  if (wanted !== undefined && (known === undefined || known.until <= ports.clock.now())) {
    try {
      const { url, method, headers, body } = wanted;
      const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) });
      const { access_token: token, expires_in: seconds = 300 } = (await answer.json()) as {
        readonly access_token?: string;
        readonly expires_in?: number;
      };
      if (token === undefined) return refused('NO_PERMISSIONS', `${url} gave no access token.`);
      known = { token, until: ports.clock.now() + seconds * 1000 };
      tokens.set(key, known);
    } catch {
      return failed('CONNECTION_FAILURE', `${wanted.url} gave no access token.`);
    }
  }
  return await httpSend(
    apiDestinationCall(destination, connection, target.HttpParameters ?? {}, payload, known?.token),
  );
}
