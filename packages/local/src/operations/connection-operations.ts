import type { AuthParameters, Connection } from '../estate/api-destination.ts';
import type { Estate, Region } from '../estate/estate.ts';
import { description, kmsKey, limit, name, nextToken } from '../protocol/field-shapes.ts';
import {
  boolean,
  list,
  object,
  required,
  text,
  type ValueOf,
  violationsOf,
} from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { validationError } from '../protocol/validation-error.ts';
import { alreadyExists, invalid, notFound } from './find.ts';
import { stableUuid } from './stable-uuid.ts';
import { withoutSecrets } from './without-secrets.ts';

const secret = text({ min: 1, max: 512 });
const httpField = object({
  Key: required(text({ max: 512 })),
  Value: required(text({ max: 512 })),
  IsValueSecret: boolean,
});
const httpFields = object({
  HeaderParameters: list(httpField, { max: 100 }),
  QueryStringParameters: list(httpField, { max: 100 }),
  BodyParameters: list(httpField, { max: 100 }),
});
const authorizationType = text({ values: ['BASIC', 'OAUTH_CLIENT_CREDENTIALS', 'API_KEY'] });
/** The service takes any case. */
const httpMethod = text({ values: ['GET', 'POST', 'PUT'], ignoresCase: true });
const authParameters = object({
  BasicAuthParameters: object({ Username: required(secret), Password: required(secret) }),
  ApiKeyAuthParameters: object({ ApiKeyName: required(secret), ApiKeyValue: required(secret) }),
  OAuthParameters: object({
    ClientParameters: required(
      object({ ClientID: required(secret), ClientSecret: required(secret) }),
    ),
    AuthorizationEndpoint: required(text({ min: 1, max: 2048 })),
    HttpMethod: required(httpMethod),
    OAuthHttpParameters: httpFields,
  }),
  InvocationHttpParameters: httpFields,
});
/** Of these an update gives what changes. */
const changedAuthParameters = object({
  BasicAuthParameters: object({ Username: secret, Password: secret }),
  ApiKeyAuthParameters: object({ ApiKeyName: secret, ApiKeyValue: secret }),
  OAuthParameters: object({
    ClientParameters: object({ ClientID: secret, ClientSecret: secret }),
    AuthorizationEndpoint: text({ min: 1, max: 2048 }),
    HttpMethod: httpMethod,
    OAuthHttpParameters: httpFields,
  }),
  InvocationHttpParameters: httpFields,
});

/** Create, describe, list, update, deauthorize and delete connections. */
export function connectionOperations(
  estate: Estate,
  /** Gets a connection that waits for it authorized, or learns that it cannot be. */
  authorize: (region: Region, connection: Connection) => void,
): Operations {
  const save = (region: Region, connection: Connection): object => {
    region.connections.set(connection.name, connection);
    if (connection.state === 'AUTHORIZING') authorize(region, connection);
    return answer(connection);
  };
  return {
    CreateConnection: command(
      {
        Name: required(name),
        Description: description,
        AuthorizationType: required(authorizationType),
        AuthParameters: required(authParameters),
        KmsKeyIdentifier: kmsKey,
      },
      (input, caller) => {
        const region = estate.region(caller);
        if (region.connections.has(input.Name)) {
          throw alreadyExists(`Connection ${input.Name} already exists.`);
        }
        const auth = input.AuthParameters as AuthParameters;
        checkAuth(input.AuthorizationType, auth);
        const { account } = region;
        const id = stableUuid(account, region.region, input.Name, caller.now);
        const secretName = `events!connection/${input.Name}/${stableUuid(id)}`;
        const connection: Connection = {
          name: input.Name,
          arn: `arn:aws:events:${region.region}:${account}:connection/${input.Name}/${id}`,
          // A secret's ARN ends in six characters that its name does not have.
          secretArn: `arn:aws:secretsmanager:${region.region}:${account}:secret:${secretName}-${stableUuid(secretName).slice(0, 6)}`,
          description: input.Description,
          state: firstState(input.AuthorizationType),
          authorizationType: input.AuthorizationType,
          authParameters: auth,
          kmsKey: input.KmsKeyIdentifier,
          createdAt: caller.now,
          modifiedAt: caller.now,
          authorizedAt: caller.now,
        };
        return save(region, connection);
      },
    ),
    UpdateConnection: command(
      {
        Name: required(name),
        Description: description,
        AuthorizationType: authorizationType,
        AuthParameters: changedAuthParameters,
        KmsKeyIdentifier: kmsKey,
      },
      (input, caller) => {
        const region = estate.region(caller);
        const before = find(region, input.Name);
        const type = input.AuthorizationType ?? before.authorizationType;
        const auth = changedAuth(type, before.authParameters, input.AuthParameters ?? {});
        const after: Connection = {
          ...before,
          description: input.Description ?? before.description,
          state: firstState(type),
          authorizationType: type,
          authParameters: auth,
          kmsKey: input.KmsKeyIdentifier ?? before.kmsKey,
          modifiedAt: caller.now,
          authorizedAt: caller.now,
        };
        return save(region, after);
      },
    ),
    DescribeConnection: query({ Name: required(name) }, (input, caller) => {
      const region = estate.region(caller);
      const connection = find(region, input.Name, 'Failed to describe the connection(s). ');
      return {
        Name: connection.name,
        Description: connection.description,
        AuthorizationType: connection.authorizationType,
        SecretArn: connection.secretArn,
        KmsKeyIdentifier: connection.kmsKey,
        AuthParameters: withoutSecrets(connection.authParameters),
        ...answer(connection),
      };
    }),
    ListConnections: query(
      { NamePrefix: name, ConnectionState: text(), NextToken: nextToken, Limit: limit },
      (input, caller) => {
        const all = [...estate.region(caller).connections.values()].filter(
          (connection) =>
            connection.name.startsWith(input.NamePrefix ?? '') &&
            (input.ConnectionState === undefined || connection.state === input.ConnectionState),
        );
        const { items, next } = page(all, (connection) => connection.name, input);
        return {
          Connections: items.map((connection) => ({
            Name: connection.name,
            AuthorizationType: connection.authorizationType,
            ...answer(connection),
          })),
          ...next,
        };
      },
    ),
    DeauthorizeConnection: command({ Name: required(name) }, (input, caller) => {
      const region = estate.region(caller);
      const after: Connection = {
        ...find(region, input.Name),
        state: 'DEAUTHORIZED',
        modifiedAt: caller.now,
      };
      region.connections.set(after.name, after);
      return { ...answer(after), ConnectionState: 'DEAUTHORIZING' };
    }),
    DeleteConnection: command({ Name: required(name) }, (input, caller) => {
      const region = estate.region(caller);
      const connection = find(region, input.Name);
      region.connections.delete(connection.name);
      return { ...answer(connection), ConnectionState: 'DELETING' };
    }),
  };
}

/** @param doing Begins the sentence of the refusal. */
function find(region: Region, connectionName: string, doing = ''): Connection {
  const connection = region.connections.get(connectionName);
  if (connection === undefined) {
    throw notFound(`${doing}Connection '${connectionName}' does not exist.`);
  }
  return connection;
}

/** Where OAuth is used, a token must be fetched first. */
function firstState(type: string): Connection['state'] {
  return type === 'OAUTH_CLIENT_CREDENTIALS' ? 'AUTHORIZING' : 'AUTHORIZED';
}

/** What an update leaves out stays, within the type of authorization that the connection has. */
function changedAuth(
  type: string,
  before: AuthParameters,
  given: ValueOf<typeof changedAuthParameters>,
): AuthParameters {
  const oauth = given.OAuthParameters;
  const after = {
    BasicAuthParameters: { ...before.BasicAuthParameters, ...given.BasicAuthParameters },
    ApiKeyAuthParameters: { ...before.ApiKeyAuthParameters, ...given.ApiKeyAuthParameters },
    OAuthParameters: {
      ...before.OAuthParameters,
      ...oauth,
      ClientParameters: { ...before.OAuthParameters?.ClientParameters, ...oauth?.ClientParameters },
    },
  };
  const key = authKeys[type as keyof typeof authKeys];
  const invocation = given.InvocationHttpParameters ?? before.InvocationHttpParameters;
  const auth = {
    [key]: after[key],
    ...(invocation === undefined ? {} : { InvocationHttpParameters: invocation }),
  };
  const violations = violationsOf(authParameters, auth, 'authParameters');
  if (violations.length > 0) throw validationError(violations);
  return auth as AuthParameters;
}

const authKeys = {
  BASIC: 'BasicAuthParameters',
  API_KEY: 'ApiKeyAuthParameters',
  OAUTH_CLIENT_CREDENTIALS: 'OAuthParameters',
} as const;

function checkAuth(type: string, auth: AuthParameters): void {
  const given = auth[authKeys[type as keyof typeof authKeys]];
  if (given === undefined) {
    throw invalid(`Parameter(s) AuthParameters must be specified for the type ${type}.`);
  }
}

function answer(connection: Connection): object {
  return {
    ConnectionArn: connection.arn,
    ConnectionState: connection.state,
    CreationTime: connection.createdAt / 1000,
    LastModifiedTime: connection.modifiedAt / 1000,
    LastAuthorizedTime: connection.authorizedAt / 1000,
  };
}
