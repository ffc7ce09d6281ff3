import type { Estate, Region } from '../estate/estate.ts';
import { arn, tags } from '../protocol/field-shapes.ts';
import { list, required, text } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { findBus, findRule, invalid, notFound, splitArn } from './find.ts';

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Adds tags to what the ARN names. */
export function setTags(region: Region, resourceArn: string, added: readonly Tag[]): void {
  if (new Set(added.map(({ Key }) => Key)).size < added.length) {
    throw invalid('Duplicate tag keys found. Please note that Tag keys are case insensitive.');
  }
  const all = region.tags.get(resourceArn) ?? new Map<string, string>();
  for (const { Key, Value } of added) all.set(Key, Value);
  region.tags.set(resourceArn, all);
}

/** Tags of rules and event buses. */
export function tagOperations(estate: Estate): Operations {
  const find = (resourceArn: string): Region => {
    const split = splitArn(estate, resourceArn);
    const [kind, ...path] = split?.resource.split('/') ?? [];
    if (split === undefined || (kind !== 'event-bus' && kind !== 'rule')) {
      throw notFound(`Resource ${resourceArn} does not exist.`);
    }
    const { region } = split;
    if (kind === 'event-bus') findBus(estate, path.join('/'), region);
    else {
      const name = path.pop() ?? '';
      findRule(findBus(estate, path.join('/') || 'default', region), name);
    }
    return region;
  };
  return {
    TagResource: command({ ResourceARN: required(arn), Tags: required(tags) }, (input) => {
      setTags(find(input.ResourceARN), input.ResourceARN, input.Tags);
      return {};
    }),
    UntagResource: command(
      { ResourceARN: required(arn), TagKeys: required(list(text({ min: 1, max: 128 }))) },
      (input) => {
        const all = find(input.ResourceARN).tags.get(input.ResourceARN);
        for (const key of input.TagKeys) all?.delete(key);
        return {};
      },
    ),
    ListTagsForResource: query({ ResourceARN: required(arn) }, (input) => {
      const all = find(input.ResourceARN).tags.get(input.ResourceARN) ?? new Map();
      return { Tags: [...all].map(([Key, Value]) => ({ Key, Value })) };
    }),
  };
}
