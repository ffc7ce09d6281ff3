import { AcceptedEvent, type NewEvent } from '../accepted-event.ts';

/** Every accepted event, in the order of acceptance. */
export interface EventJournal {
  readonly events: readonly AcceptedEvent[];
  /** How many events were accepted. */
  readonly accepted: number;
  /** How many of them have a `detail.metadata.eventId`. */
  readonly identified: number;
  /** How often each `detail.metadata.eventId` was accepted. */
  readonly occurrences: ReadonlyMap<string, number>;
  append(fields: NewEvent): AcceptedEvent;
  /** Calls `look` with each event from now on, until the result is called. */
  watch(look: (event: AcceptedEvent) => void): () => void;
  clear(): void;
}

/** @param keep False counts only, and forgets each event once the watchers saw it. */
export function createEventJournal(keep: boolean): EventJournal {
  const events: AcceptedEvent[] = [];
  const occurrences = new Map<string, number>();
  const watchers = new Set<(event: AcceptedEvent) => void>();
  let accepted = 0;
  let identified = 0;
  let seq = 0;
  return {
    events,
    occurrences,
    get accepted() {
      return accepted;
    },
    get identified() {
      return identified;
    },
    append(fields) {
      seq += 1;
      accepted += 1;
      const event = new AcceptedEvent(fields, seq);
      if (keep) events.push(event);
      if (event.eventId !== undefined) {
        identified += 1;
        occurrences.set(event.eventId, (occurrences.get(event.eventId) ?? 0) + 1);
      }
      for (const look of watchers) look(event);
      return event;
    },
    watch(look) {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    clear() {
      events.length = 0;
      occurrences.clear();
      accepted = 0;
      identified = 0;
    },
  };
}
