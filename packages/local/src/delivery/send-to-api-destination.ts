import type { Estate } from '../estate/estate.ts';
import type { Target } from '../estate/target.ts';
import { splitArn } from '../operations/find.ts';
import type { AccessTokens } from './access-tokens.ts';
import { apiDestinationCall } from './api-destination-call.ts';
import { settleConnection } from './authorize-connection.ts';
import { httpSend } from './http-send.ts';
import { refused, type SendResult } from './send-result.ts';

/** By this status an endpoint says that a token does not count any more. */
const tokenRefused = 401;

/**
 * Calls the endpoint of an API destination. A token that the endpoint refuses is fetched
 * anew, once, and the call repeated.
 */
export async function sendToApiDestination(
  { estate, tokens }: { readonly estate: Estate; readonly tokens: AccessTokens },
  payload: string,
  target: Target,
): Promise<SendResult> {
  const split = splitArn(estate, target.Arn);
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
  const send = (token: string | undefined): Promise<SendResult> =>
    httpSend(
      apiDestinationCall(destination, connection, target.HttpParameters ?? {}, payload, token),
    );
  const access = await tokens.get(connection);
  if ('error' in access) return access.error;
  settleConnection(split.region, connection, 'AUTHORIZED');
  const result = await send(access.token);
  if (result.ok || access.token === undefined || result.status !== tokenRefused) return result;
  tokens.forget(connection, access.token);
  const renewed = await tokens.get(connection);
  return 'error' in renewed ? renewed.error : await send(renewed.token);
}
