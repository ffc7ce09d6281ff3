import type {
  ApiDestination,
  AuthParameters,
  Connection,
  HttpField,
  OAuthParameters,
} from '../estate/api-destination.ts';
import type { HttpParameters } from '../estate/target.ts';
import type { HttpCall } from './http-send.ts';
import { objectMembers } from './json-path.ts';

/** The service gives an endpoint five seconds. */
const timeoutMs = 5_000;

/** The request that an API destination makes of a payload. */
export function apiDestinationCall(
  destination: ApiDestination,
  connection: Connection,
  parameters: HttpParameters,
  payload: string,
  accessToken: string | undefined,
): HttpCall {
  const auth = connection.authParameters;
  const { InvocationHttpParameters: extra = {} } = auth;
  const values = [...(parameters.PathParameterValues ?? [])];
  const url = new URL(
    destination.invocationEndpoint.replaceAll('*', () => encodeURIComponent(values.shift() ?? '')),
  );
  for (const [name, value] of [
    ...Object.entries(parameters.QueryStringParameters ?? {}),
    ...pairs(extra.QueryStringParameters),
  ]) {
    url.searchParams.set(name, value);
  }
  const hasBody = !['GET', 'HEAD'].includes(destination.httpMethod);
  return {
    url: url.href,
    method: destination.httpMethod,
    timeoutMs,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'User-Agent': 'Amazon/EventBridge/ApiDestinations',
      ...parameters.HeaderParameters,
      ...Object.fromEntries(pairs(extra.HeaderParameters)),
      ...authorization(auth, accessToken),
    },
    ...(hasBody ? { body: withFields(payload, extra.BodyParameters ?? []) } : {}),
  };
}

/**
 * The request that fetches an access token.
 * @throws TypeError where the endpoint is no URL.
 */
export function tokenCall(oauth: OAuthParameters): HttpCall {
  const extra = oauth.OAuthHttpParameters ?? {};
  const url = new URL(oauth.AuthorizationEndpoint);
  for (const [name, value] of pairs(extra.QueryStringParameters)) url.searchParams.set(name, value);
  const fields = new URLSearchParams([
    ['grant_type', 'client_credentials'],
    ['client_id', oauth.ClientParameters.ClientID],
    ['client_secret', oauth.ClientParameters.ClientSecret],
    ...pairs(extra.BodyParameters),
  ]);
  const isGet = oauth.HttpMethod === 'GET';
  if (isGet) for (const [name, value] of fields) url.searchParams.set(name, value);
  return {
    url: url.href,
    method: oauth.HttpMethod,
    timeoutMs,
    headers: {
      ...Object.fromEntries(pairs(extra.HeaderParameters)),
      ...(isGet ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
    },
    ...(isGet ? {} : { body: fields.toString() }),
  };
}

function authorization(
  auth: AuthParameters,
  accessToken: string | undefined,
): Record<string, string> {
  if (accessToken !== undefined) return { Authorization: `Bearer ${accessToken}` };
  const { BasicAuthParameters: basic, ApiKeyAuthParameters: key } = auth;
  if (basic !== undefined) {
    const credentials = Buffer.from(`${basic.Username}:${basic.Password}`).toString('base64');
    return { Authorization: `Basic ${credentials}` };
  }
  return key === undefined ? {} : { [key.ApiKeyName]: key.ApiKeyValue };
}

/** Fields of the connection are added to a payload that is an object. */
function withFields(payload: string, fields: readonly HttpField[]): string {
  if (fields.length === 0) return payload;
  const members = objectMembers(payload);
  if (members === undefined) return payload;
  for (const [name, value] of pairs(fields)) members.set(name, JSON.stringify(value));
  return `{${[...members].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

function pairs(fields: readonly HttpField[] | undefined): [string, string][] {
  return (fields ?? []).map(({ Key, Value }) => [Key, Value]);
}
