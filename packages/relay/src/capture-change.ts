import { type DeadLetter, describeThrown, type PublishableEvent } from '@tidings/contract';
import { CaptureError } from './capture-error.ts';
import type { ChangeRecord, ChangeSource } from './change-source.ts';

/** What became of a change: the events that tell of it, or the reason why none can. */
export type Captured =
  | { readonly kind: 'events'; readonly events: readonly PublishableEvent[] }
  | { readonly kind: 'poison'; readonly letter: DeadLetter };

/**
 * Turns one record into events; a mapping that throws makes the record poison. The reason holds
 * no data: of an error that is not ours, only its kind and place.
 */
export function captureChange<Change>(
  source: ChangeSource<Change>,
  record: ChangeRecord<Change>,
): Captured {
  try {
    const events: unknown = source.capture(record.change);
    if (!Array.isArray(events)) throw new CaptureError('its capture returned no list of events');
    return { kind: 'events', events };
  } catch (error) {
    const reason = isSentence(error) ? error.message : describeThrown(error);
    return {
      kind: 'poison',
      letter: { change: record.change, code: 'CaptureFailed', reason, source: source.name },
    };
  }
}

/** By name: a mapping may load its own copy of a package. */
function isSentence(error: unknown): error is Error {
  return error instanceof Error && ['CaptureError', 'ContractError'].includes(error.name);
}
