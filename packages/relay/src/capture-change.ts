import type { DeadLetter, PublishableEvent } from '@tidings/contract';
import type { ChangeRecord, ChangeSource } from './change-source.ts';

/** What became of a change: the events that tell of it, or the reason why none can. */
export type Captured =
  | { readonly kind: 'events'; readonly events: readonly PublishableEvent[] }
  | { readonly kind: 'poison'; readonly letter: DeadLetter };

/** Turns one record into events; a mapping that throws makes the record poison. */
export function captureChange<Change>(
  source: ChangeSource<Change>,
  record: ChangeRecord<Change>,
): Captured {
  try {
    return { kind: 'events', events: source.capture(record.change) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      kind: 'poison',
      letter: { change: record.change, code: 'CaptureFailed', reason, source: source.name },
    };
  }
}
