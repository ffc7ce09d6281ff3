import { type Estate, newBus } from '../estate/estate.ts';
import type { EventBus } from '../estate/event-bus.ts';
import { policyDocument } from '../estate/policy-document.ts';
import {
  busName,
  busNameOrArn,
  deadLetterConfig,
  description,
  kmsKey,
  limit,
  logConfig,
  nextToken,
  tags,
} from '../protocol/field-shapes.ts';
import { required } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { alreadyExists, findBus, invalid, limitExceeded } from './find.ts';
import { setTags } from './tag-operations.ts';

const maxBuses = 100;

/** Create, describe, list, update and delete event buses. */
export function eventBusOperations(estate: Estate): Operations {
  return {
    CreateEventBus: command(
      {
        Name: required(busName),
        EventSourceName: busName,
        Description: description,
        KmsKeyIdentifier: kmsKey,
        DeadLetterConfig: deadLetterConfig,
        LogConfig: logConfig,
        Tags: tags,
      },
      (input, caller) => {
        const region = estate.region(caller);
        if (input.Name.includes('/') && input.EventSourceName === undefined) {
          throw invalid('Event bus name must not contain the "/" character.');
        }
        if (region.buses.has(input.Name)) {
          throw alreadyExists(`Event bus ${input.Name} already exists.`);
        }
        if (region.buses.size >= maxBuses) throw limitExceeded();
        const { account } = region;
        const bus = newBus({ account, region: region.region, name: input.Name }, caller.now);
        bus.description = input.Description;
        bus.kmsKey = input.KmsKeyIdentifier;
        bus.deadLetterConfig = input.DeadLetterConfig;
        bus.logConfig = input.LogConfig;
        region.buses.set(bus.name, bus);
        setTags(region, bus.arn, input.Tags ?? []);
        return { EventBusArn: bus.arn, ...settings(bus) };
      },
    ),
    DescribeEventBus: query({ Name: busNameOrArn }, (input, caller) => {
      const bus = findBus(estate, input.Name, caller);
      return { ...told(bus), ...settings(bus) };
    }),
    ListEventBuses: query(
      { NamePrefix: busName, NextToken: nextToken, Limit: limit },
      (input, caller) => {
        const all = [...estate.region(caller).buses.values()].filter((bus) =>
          bus.name.startsWith(input.NamePrefix ?? ''),
        );
        const { items, next } = page(all, (bus) => bus.name, input);
        return { EventBuses: items.map(told), ...next };
      },
    ),
    UpdateEventBus: command(
      {
        Name: busName,
        KmsKeyIdentifier: kmsKey,
        Description: description,
        DeadLetterConfig: deadLetterConfig,
        LogConfig: logConfig,
      },
      (input, caller) => {
        const bus = findBus(estate, input.Name, caller);
        bus.description = input.Description ?? bus.description;
        bus.kmsKey = input.KmsKeyIdentifier ?? bus.kmsKey;
        bus.deadLetterConfig = input.DeadLetterConfig ?? bus.deadLetterConfig;
        bus.logConfig = input.LogConfig ?? bus.logConfig;
        bus.modifiedAt = caller.now;
        return { Arn: bus.arn, Name: bus.name, ...settings(bus) };
      },
    ),
    DeleteEventBus: command({ Name: required(busName) }, (input, caller) => {
      if (input.Name === 'default') throw invalid('Cannot delete event bus default.');
      const region = estate.region(caller);
      const bus = region.buses.get(input.Name);
      if (bus === undefined) return {};
      if (bus.rules.size > 0) throw invalid("Event bus can't be deleted since it has rules.");
      region.tags.delete(bus.arn);
      region.buses.delete(bus.name);
      return {};
    }),
  };
}

function told(bus: EventBus): object {
  return {
    Name: bus.name,
    Arn: bus.arn,
    Description: bus.description,
    Policy: policyDocument(bus),
    CreationTime: bus.createdAt / 1000,
    LastModifiedTime: bus.modifiedAt / 1000,
  };
}

function settings(bus: EventBus): object {
  return {
    Description: bus.description,
    KmsKeyIdentifier: bus.kmsKey,
    DeadLetterConfig: bus.deadLetterConfig,
    LogConfig: bus.logConfig,
  };
}
