import type { ApiDestination, Connection } from '../estate/api-destination.ts';
import type { Estate, Region } from '../estate/estate.ts';
import { arn, description, limit, name, nextToken } from '../protocol/field-shapes.ts';
import { integer, required, text } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { alreadyExists, invalid, notFound, splitArn } from './find.ts';
import { stableUuid } from './stable-uuid.ts';

const endpoint = text({
  min: 1,
  max: 2048,
  pattern: "^((%[0-9A-Fa-f]{2}|[-()_.!~*';/?:@\\x26=+$,A-Za-z0-9])+)([).!';/?:,])?$",
});
const connectionArn = text({
  min: 1,
  max: 1600,
  pattern:
    '^arn:aws([a-z]|\\-)*:events:([a-z]|\\d|\\-)*:([0-9]{12})?:connection\\/[\\.\\-_A-Za-z0-9]+\\/[\\-A-Za-z0-9]+$',
});
const httpMethod = text({
  values: ['HEAD', 'POST', 'PATCH', 'DELETE', 'PUT', 'GET', 'OPTIONS'],
});
const rate = integer({ min: 1 });

/** Create, describe, list, update and delete API destinations. */
export function apiDestinationOperations(estate: Estate): Operations {
  const connectionOf = (wantedArn: string): Connection | undefined => {
    const [, connectionName = ''] = wantedArn.split('/');
    const found = splitArn(estate, wantedArn)?.region.connections.get(connectionName);
    return found?.arn === wantedArn ? found : undefined;
  };
  const checkConnection = (wantedArn: string): void => {
    if (connectionOf(wantedArn) !== undefined) return;
    throw notFound(`Connection '${wantedArn.split('/')[1] ?? ''}' does not exist.`);
  };
  const stateOf = (destination: ApiDestination): string =>
    connectionOf(destination.connectionArn)?.state === 'AUTHORIZED' ? 'ACTIVE' : 'INACTIVE';
  return {
    CreateApiDestination: command(
      {
        Name: required(name),
        Description: description,
        ConnectionArn: required(connectionArn),
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
        checkEndpoint(input.InvocationEndpoint);
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
        return answer(destination, stateOf(destination));
      },
    ),
    UpdateApiDestination: command(
      {
        Name: required(name),
        Description: description,
        ConnectionArn: connectionArn,
        InvocationEndpoint: endpoint,
        HttpMethod: httpMethod,
        InvocationRateLimitPerSecond: rate,
      },
      (input, caller) => {
        const region = estate.region(caller);
        const before = find(region, input.Name);
        if (input.ConnectionArn !== undefined) checkConnection(input.ConnectionArn);
        if (input.InvocationEndpoint !== undefined) checkEndpoint(input.InvocationEndpoint);
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
        return answer(after, stateOf(after));
      },
    ),
    DescribeApiDestination: query({ Name: required(name) }, (input, caller) => {
      const region = estate.region(caller);
      const destination = find(region, input.Name, 'Failed to describe the api-destination(s). ');
      return { Description: destination.description, ...told(destination, stateOf(destination)) };
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
        return { ApiDestinations: items.map((each) => told(each, stateOf(each))), ...next };
      },
    ),
    DeleteApiDestination: command({ Name: required(name) }, (input, caller) => {
      const region = estate.region(caller);
      region.apiDestinations.delete(find(region, input.Name).name);
      return {};
    }),
  };
}

/** @param doing Begins the sentence of the refusal. */
function find(region: Region, destinationName: string, doing = ''): ApiDestination {
  const found = region.apiDestinations.get(destinationName);
  if (found === undefined) {
    throw notFound(`${doing}An api-destination '${destinationName}' does not exist.`);
  }
  return found;
}

/** What matches the service's pattern need not be an address yet. */
function checkEndpoint(endpointUrl: string): void {
  if (URL.canParse(endpointUrl) && /^https?:/i.test(endpointUrl)) return;
  throw invalid('Parameter InvocationEndpoint is not valid. Reason: It must be an HTTPS URL.');
}

function told(destination: ApiDestination, state: string): object {
  return {
    Name: destination.name,
    ConnectionArn: destination.connectionArn,
    InvocationEndpoint: destination.invocationEndpoint,
    HttpMethod: destination.httpMethod,
    InvocationRateLimitPerSecond: destination.ratePerSecond,
    ...answer(destination, state),
  };
}

function answer(destination: ApiDestination, state: string): object {
  return {
    ApiDestinationArn: destination.arn,
    ApiDestinationState: state,
    CreationTime: destination.createdAt / 1000,
    LastModifiedTime: destination.modifiedAt / 1000,
  };
}
