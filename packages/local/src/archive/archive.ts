import type { AcceptedEvent } from '../accepted-event.ts';
import type { CompiledPattern } from '../pattern/compile-pattern.ts';

/** An event as an archive keeps it. */
export interface ArchivedEvent {
  /** When it was accepted: what retention counts from. */
  readonly archivedAt: number;
  /** When a replay can see it; later than `archivedAt` where a fault makes it lag. */
  readonly visibleAt: number;
  readonly event: AcceptedEvent;
}

/** Keeps the events of a bus that match a pattern. */
export interface Archive {
  readonly name: string;
  readonly arn: string;
  readonly sourceArn: string;
  readonly description: string | undefined;
  readonly eventPattern: string | undefined;
  readonly compiled: CompiledPattern | undefined;
  /** 0 keeps for ever. */
  readonly retentionDays: number;
  readonly kmsKey: string | undefined;
  readonly createdAt: number;
  /** In the order of acceptance. */
  readonly events: ArchivedEvent[];
}

/** What is still kept at `now`; what is past its retention is forgotten on the way. */
export function keptEvents(archive: Archive, now: number): readonly ArchivedEvent[] {
  if (archive.retentionDays > 0) {
    const oldest = now - archive.retentionDays * 86_400_000;
    const expired = archive.events.findIndex((each) => each.archivedAt >= oldest);
    archive.events.splice(0, expired === -1 ? archive.events.length : expired);
  }
  return archive.events;
}
