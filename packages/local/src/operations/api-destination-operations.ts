import type { ApiDestination } from '../estate/api-destination.ts';
import type { Estate, Region } from '../estate/estate.ts';
import { arn, description, limit, name, nextToken } from '../protocol/field-shapes.ts';
import { integer, required, text } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { alreadyExists, notFound, splitArn } from './find.ts';
import { stableUuid } from './stable-uuid.ts';

const endpoint = text({ min: 1, max: 2048, pattern: 'https?://\\S+' });
const httpMethod = text({
  values: ['POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'],
});
const rate = integer({ min: 1 });

/** Create, describe, list, update and delete API destinations. */
export function apiDestinationOperations(estate: Estate): Operations {
  const checkConnection = (connectionArn: string): void => {
    const connectionName = connectionArn.split('/')[1] ?? '';
    const found = splitArn(estate, connectionArn)?.region.connections.get(connectionName);
    if (found?.arn !== connectionArn) {
      throw notFound(`Connection '${connectionName}' does not exist.`);
    }
  };
  return {
    CreateApiDestination: command(
      {
        Name: required(name),
        Description: description,
        ConnectionArn: required(arn),
        InvocationEndpoint: required(endpoint),
        HttpMethod: required(httpMethod),
        InvocationRateLimitPerSecond: rate,
      },
      (input, caller) => {
        const region = estate.region(caller);
        if (region.apiDestinations.has(input.Name)) {
          throw alreadyExists(`An api-destination '${input.Name}' already exists.`);
        }
        checkConnection(input.ConnectionArn);
        const { account } = region;
        const id = stableUuid(account, region.region, input.Name, caller.now);
        const destination: ApiDestination = {
          name: input.Name,
          arn: `arn:aws:events:${region.region}:${account}:api-destination/${input.Name}/${id}`,
          description: input.Description,
          connectionArn: input.ConnectionArn,
          invocationEndpoint: input.InvocationEndpoint,
          httpMethod: input.HttpMethod,
          ratePerSecond: input.InvocationRateLimitPerSecond ?? 300,
          createdAt: caller.now,
          modifiedAt: caller.now,
        };
        region.apiDestinations.set(destination.name, destination);
        return answer(destination);
      },
    ),
    UpdateApiDestination: command(
      {
        Name: required(name),
        Description: description,
        ConnectionArn: arn,
        InvocationEndpoint: endpoint,
        HttpMethod: httpMethod,
        InvocationRateLimitPerSecond: rate,
      },
      (input, caller) => {
        const region = estate.region(caller);
        const before = find(region, input.Name);
        if (input.ConnectionArn !== undefined) checkConnection(input.ConnectionArn);
        const after: ApiDestination = {
          ...before,
          description: input.Description ?? before.description,
          connectionArn: input.ConnectionArn ?? before.connectionArn,
          invocationEndpoint: input.InvocationEndpoint ?? before.invocationEndpoint,
          httpMethod: input.HttpMethod ?? before.httpMethod,
          ratePerSecond: input.InvocationRateLimitPerSecond ?? before.ratePerSecond,
          modifiedAt: caller.now,
        };
        region.apiDestinations.set(after.name, after);
        return answer(after);
      },
    ),
    DescribeApiDestination: query({ Name: required(name) }, (input, caller) => {
      const destination = find(estate.region(caller), input.Name);
      return { Description: destination.description, ...told(destination) };
    }),
    ListApiDestinations: query(
      { NamePrefix: name, ConnectionArn: arn, NextToken: nextToken, Limit: limit },
      (input, caller) => {
        const all = [...estate.region(caller).apiDestinations.values()].filter(
          (each) =>
            each.name.startsWith(input.NamePrefix ?? '') &&
            (input.ConnectionArn === undefined || each.connectionArn === input.ConnectionArn),
        );
        const { items, next } = page(all, (each) => each.name, input);
        return { ApiDestinations: items.map(told), ...next };
      },
    ),
    DeleteApiDestination: command({ Name: required(name) }, (input, caller) => {
      const region = estate.region(caller);
      region.apiDestinations.delete(find(region, input.Name).name);
      return {};
    }),
  };
}

function find(region: Region, destinationName: string): ApiDestination {
  const found = region.apiDestinations.get(destinationName);
  if (found === undefined) {
    throw notFound(`An api-destination '${destinationName}' does not exist.`);
  }
  return found;
}

function told(destination: ApiDestination): object {
  return {
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.invocationEndpoint,
    HttpMethod: destination.httpMethod,
    InvocationRateLimitPerSecond: destination.ratePerSecond,
    ...answer(destination),
  };
}

function answer(destination: ApiDestination): object {
  return {
    ApiDestinationArn: destination.arn,
    ApiDestinationState: 'ACTIVE',
    CreationTime: destination.createdAt / 1000,
    LastModifiedTime: destination.modifiedAt / 1000,
  };
}
