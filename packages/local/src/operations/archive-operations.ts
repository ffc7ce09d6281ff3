import type { AcceptedEvent } from '../accepted-event.ts';
import { type Archive, keptEvents } from '../archive/archive.ts';
import { managedRule, managedRuleName } from '../archive/managed-rule.ts';
import type { Estate, Region } from '../estate/estate.ts';
import { busAddress } from '../protocol/bus-address.ts';
import { compileOrRefuse } from '../protocol/compile-or-refuse.ts';
import {
  archiveName,
  arn,
  description,
  eventPattern,
  kmsKey,
  limit,
  nextToken,
} from '../protocol/field-shapes.ts';
import { integer, required, text } from '../protocol/input-shape.ts';
import { command, type Operations, query } from '../protocol/operation.ts';
import { page } from '../protocol/page.ts';
import { alreadyExists, findBus, invalid, notFound } from './find.ts';

const retentionDays = integer({ min: 0 });
const state = 'ENABLED';

/** Create, describe, list, update and delete archives. */
export function archiveOperations(
  estate: Estate,
  archivesChanged: (
    region: Region,
    change: { readonly created?: Archive; readonly removed?: Archive },
  ) => void,
): Operations {
  return {
    CreateArchive: command(
      {
        ArchiveName: required(archiveName),
        EventSourceArn: required(arn),
        Description: description,
        EventPattern: eventPattern,
        RetentionDays: retentionDays,
        KmsKeyIdentifier: kmsKey,
      },
      (input, caller) => {
        const region = estate.region(caller);
        if (region.archives.has(input.ArchiveName)) {
          throw alreadyExists(`Archive ${input.ArchiveName} already exists.`);
        }
        const source = findBus(estate, input.EventSourceArn, caller);
        const archive: Archive = {
          name: input.ArchiveName,
          arn: `arn:aws:events:${region.region}:${region.account}:archive/${input.ArchiveName}`,
          sourceArn: source.arn,
          description: input.Description,
          ...patternOf(input.EventPattern),
          retentionDays: input.RetentionDays ?? 0,
          kmsKey: input.KmsKeyIdentifier,
          createdAt: caller.now,
          events: [],
        };
        region.archives.set(archive.name, archive);
        source.rules.set(managedRuleName(archive), managedRule(archive, source));
        archivesChanged(region, { created: archive });
        return { ArchiveArn: archive.arn, State: state, CreationTime: caller.now / 1000 };
      },
    ),
    DescribeArchive: query({ ArchiveName: required(archiveName) }, (input, caller) => {
      const archive = findArchive(estate.region(caller), input.ArchiveName);
      return {
        ArchiveArn: archive.arn,
        Description: archive.description,
        EventPattern: archive.eventPattern,
        KmsKeyIdentifier: archive.kmsKey,
        ...told(archive, caller.now),
      };
    }),
    ListArchives: query(
      {
        NamePrefix: archiveName,
        EventSourceArn: arn,
        State: text(),
        NextToken: nextToken,
        Limit: limit,
      },
      (input, caller) => {
        const source =
          input.EventSourceArn === undefined
            ? undefined
            : findBus(estate, input.EventSourceArn, caller).arn;
        const all = [...estate.region(caller).archives.values()].filter(
          (archive) =>
            archive.name.startsWith(input.NamePrefix ?? '') &&
            (source === undefined || archive.sourceArn === source) &&
            (input.State === undefined || input.State === state),
        );
        const { items, next } = page(all, (archive) => archive.name, input);
        return { Archives: items.map((archive) => told(archive, caller.now)), ...next };
      },
    ),
    UpdateArchive: command(
      {
        ArchiveName: required(archiveName),
        Description: description,
        EventPattern: eventPattern,
        RetentionDays: retentionDays,
        KmsKeyIdentifier: kmsKey,
      },
      (input, caller) => {
        const { EventPattern, RetentionDays, Description } = input;
        if ((EventPattern ?? RetentionDays ?? Description) === undefined) {
          throw invalid(
            'At least one of EventPattern, RetentionDays or Description must be provided.',
          );
        }
        const region = estate.region(caller);
        const before = findArchive(region, input.ArchiveName);
        const after: Archive = {
          ...before,
          description: input.Description ?? before.description,
          ...(input.EventPattern === undefined ? {} : patternOf(input.EventPattern)),
          retentionDays: input.RetentionDays ?? before.retentionDays,
          kmsKey: input.KmsKeyIdentifier ?? before.kmsKey,
        };
        region.archives.set(after.name, after);
        const source = estate.bus(busAddress(after.sourceArn, region));
        source?.rules.set(managedRuleName(after), managedRule(after, source));
        archivesChanged(region, {});
        return { ArchiveArn: before.arn, State: state, CreationTime: before.createdAt / 1000 };
      },
    ),
    DeleteArchive: command({ ArchiveName: required(archiveName) }, (input, caller) => {
      const region = estate.region(caller);
      const archive = findArchive(region, input.ArchiveName);
      region.archives.delete(archive.name);
      const source = estate.bus(busAddress(archive.sourceArn, region));
      source?.rules.delete(managedRuleName(archive));
      archivesChanged(region, { removed: archive });
      return {};
    }),
  };
}

export function findArchive(region: Region, name: string): Archive {
  const archive = region.archives.get(name);
  if (archive === undefined) throw notFound(`Archive ${name} does not exist.`);
  return archive;
}

function patternOf(eventPattern: string | undefined): Pick<Archive, 'eventPattern' | 'compiled'> {
  return {
    eventPattern,
    compiled: eventPattern === undefined ? undefined : compileOrRefuse(eventPattern),
  };
}

function told(archive: Archive, now: number): object {
  const events = keptEvents(archive, now);
  return {
    ArchiveName: archive.name,
    EventSourceArn: archive.sourceArn,
    State: state,
    RetentionDays: archive.retentionDays,
    SizeBytes: events.reduce((size, { event }) => size + archivedSize(event), 0),
    EventCount: events.length,
    CreationTime: archive.createdAt / 1000,
  };
}

/** What the service counts of an event: its time as text, source, detail type, resources, detail. */
function archivedSize({ source, detailType, resources, detail }: AcceptedEvent): number {
  const texts = ['2026-01-01T00:00:00Z', source, detailType, ...resources, detail];
  return texts.reduce((size, each) => size + Buffer.byteLength(each), 0);
}
