import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AcceptedEvent, type AcceptedEventFields } from '../accepted-event.ts';
import type { Archive, ArchivedEvent } from '../archive/archive.ts';
import { readLines } from './operation-log.ts';

/** The events of archives, in a file each. */
export interface ArchiveFiles {
  /** Reads what is kept into the archive, and forgets what is past its retention. */
  load(archive: Archive, now: number): void;
  append(archive: Archive, archived: ArchivedEvent): void;
  remove(archive: Archive): void;
}

interface Line {
  readonly archivedAt: number;
  readonly visibleAt: number;
  readonly event: AcceptedEventFields;
}

export function createArchiveFiles(folder: string): ArchiveFiles {
  mkdirSync(folder, { recursive: true });
  const fileOf = (archive: Archive): string =>
    join(folder, `${archive.arn.split(':').slice(3).join('-').replaceAll('/', '-')}.jsonl`);
  return {
    load(archive, now) {
      const oldest = archive.retentionDays === 0 ? 0 : now - archive.retentionDays * 86_400_000;
      const lines = readLines<Line>(fileOf(archive)).filter((line) => line.archivedAt >= oldest);
      for (const { event, ...times } of lines) {
        archive.events.push({ ...times, event: new AcceptedEvent(event) });
      }
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      writeFileSync(`${fileOf(archive)}.new`, text);
      renameSync(`${fileOf(archive)}.new`, fileOf(archive));
    },
    append: (archive, archived) =>
      appendFileSync(fileOf(archive), `${JSON.stringify(archived satisfies Line)}\n`),
    remove: (archive) => rmSync(fileOf(archive), { force: true }),
  };
}
