import type { AuthParameters, Connection } from '../estate/api-destination.ts';
import type { Estate, Region } from '../estate/estate.ts';
import { description, kmsKey, limit, name, nextToken } from '../protocol/field-shapes.ts';
import { any, list, object, required, text } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { alreadyExists, invalid, notFound } from './find.ts';
import { stableUuid } from './stable-uuid.ts';

const secret = text({ min: 1, max: 512 });
const httpFields = object({
  HeaderParameters: list(any, { max: 100 }),
  QueryStringParameters: list(any, { max: 100 }),
  BodyParameters: list(any, { max: 100 }),
});
const authorizationType = text({ values: ['BASIC', 'OAUTH_CLIENT_CREDENTIALS', 'API_KEY'] });
const authParameters = object({
  BasicAuthParameters: object({ Username: secret, Password: secret }),
  ApiKeyAuthParameters: object({ ApiKeyName: secret, ApiKeyValue: secret }),
  OAuthParameters: object({
    ClientParameters: object({ ClientID: secret, ClientSecret: secret }),
    AuthorizationEndpoint: text({ min: 1, max: 2048 }),
    HttpMethod: text({ values: ['GET', 'POST', 'PUT'] }),
    OAuthHttpParameters: httpFields,
  }),
  InvocationHttpParameters: httpFields,
});

/** Create, describe, list, update, deauthorize and delete connections. */
export function connectionOperations(estate: Estate): Operations {
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
          secretArn: `arn:aws:secretsmanager:${region.region}:${account}:secret:${secretName}`,
          description: input.Description,
          state: 'AUTHORIZED',
          authorizationType: input.AuthorizationType,
          authParameters: auth,
          kmsKey: input.KmsKeyIdentifier,
          createdAt: caller.now,
          modifiedAt: caller.now,
          authorizedAt: caller.now,
        };
        region.connections.set(connection.name, connection);
        return answer(connection);
      },
    ),
    UpdateConnection: command(
      {
        Name: required(name),
        Description: description,
        AuthorizationType: authorizationType,
        AuthParameters: authParameters,
        KmsKeyIdentifier: kmsKey,
      },
      (input, caller) => {
        const region = estate.region(caller);
        const before = find(region, input.Name);
        const type = input.AuthorizationType ?? before.authorizationType;
        const auth = (input.AuthParameters as AuthParameters | undefined) ?? before.authParameters;
        checkAuth(type, auth);
        const after: Connection = {
          ...before,
          description: input.Description ?? before.description,
          state: 'AUTHORIZED',
          authorizationType: type,
          authParameters: auth,
          kmsKey: input.KmsKeyIdentifier ?? before.kmsKey,
          modifiedAt: caller.now,
          authorizedAt: caller.now,
        };
        region.connections.set(after.name, after);
        return answer(after);
      },
    ),
    DescribeConnection: query({ Name: required(name) }, (input, caller) => {
      const connection = find(estate.region(caller), input.Name);
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

function find(region: Region, connectionName: string): Connection {
  const connection = region.connections.get(connectionName);
  if (connection === undefined) throw notFound(`Connection '${connectionName}' does not exist.`);
  return connection;
}

function checkAuth(type: string, auth: AuthParameters): void {
  const given =
    type === 'BASIC'
      ? auth.BasicAuthParameters
      : type === 'API_KEY'
        ? auth.ApiKeyAuthParameters
        : auth.OAuthParameters;
  if (given === undefined) {
    throw invalid(`Parameter(s) AuthParameters must be specified for the type ${type}.`);
  }
}

function withoutSecrets(auth: AuthParameters): object {
  return {
    ...auth,
    ...(auth.BasicAuthParameters && {
      BasicAuthParameters: { Username: auth.BasicAuthParameters.Username },
    }),
    ...(auth.ApiKeyAuthParameters && {
      ApiKeyAuthParameters: { ApiKeyName: auth.ApiKeyAuthParameters.ApiKeyName },
    }),
    ...(auth.OAuthParameters && {
      OAuthParameters: {
        ...auth.OAuthParameters,
        ClientParameters: { ClientID: auth.OAuthParameters.ClientParameters.ClientID },
      },
    }),
  };
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
