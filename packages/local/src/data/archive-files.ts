import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AcceptedEvent, type AcceptedEventFields } from '../accepted-event.ts';
import { type Archive, type ArchivedEvent, keptEvents } from '../archive/archive.ts';
import { recoverLines } from './recover-lines.ts';

/** The events of archives, in a file each. */
export interface ArchiveFiles {
  /** Reads into a new archive what one of its name held before a restart. */
  load(archive: Archive): void;
  /** Writes the file anew without what is past the archive's retention. */
  compact(archive: Archive, now: number): void;
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
    load(archive) {
      for (const { event, ...times } of recoverLines<Line>(fileOf(archive))) {
        archive.events.push({ ...times, event: new AcceptedEvent(event, event.seq) });
      }
    },
    compact(archive, now) {
      const text = keptEvents(archive, now).map((each) => `${JSON.stringify(each)}\n`);
      writeFileSync(`${fileOf(archive)}.new`, text.join(''));
      renameSync(`${fileOf(archive)}.new`, fileOf(archive));
    },
    append: (archive, archived) =>
      appendFileSync(fileOf(archive), `${JSON.stringify(archived satisfies Line)}\n`),
    remove: (archive) => rmSync(fileOf(archive), { force: true }),
  };
}
