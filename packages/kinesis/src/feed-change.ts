import type { PublishableEvent } from '@tidings/contract';
import { CaptureError, type RowCapture, type RowChange, watchColumns } from '@tidings/relay';

/** A change as a feed tells it, and what the feed left out of its rows. */
export interface FeedChange extends RowChange {
  /** Changes with the same lane are published one after the other. */
  readonly lane: string;
  readonly now?: Record<string, unknown>;
  readonly before?: Record<string, unknown>;
  /** Columns whose values cannot be had, and why: what to say if a mapping reads one. */
  readonly untold: ReadonlyMap<string, string>;
  /** What to say where a schema misses a column. */
  readonly adviceOnMissing?: string;
}

function withAdvice(error: unknown, { adviceOnMissing }: FeedChange): unknown {
  if (adviceOnMissing === undefined || !(error instanceof CaptureError)) return error;
  if (!error.message.includes('received nothing')) return error;
  return new CaptureError(`${error.message}; ${adviceOnMissing}`);
}

/**
 * The events that tell of a change.
 * @throws CaptureError where none can be made, or only one that lacks a value.
 */
export function captureFeedChange(
  capture: RowCapture,
  change: FeedChange,
): readonly PublishableEvent[] {
  const { untold } = change;
  const asked = [change.now, change.before].map((row) => {
    if (row === undefined || untold.size === 0) return () => undefined;
    return watchColumns(
      row,
      [...untold.keys()].filter((column) => !Object.hasOwn(row, column)),
    );
  });
  let events: readonly PublishableEvent[] = [];
  let refusal: unknown;
  try {
    events = capture.capture(change);
  } catch (error) {
    refusal = error;
  }
  // Whatever was made of a value that is missing is not the truth.
  for (const askedFor of asked) {
    const column = askedFor();
    if (column !== undefined) {
      throw new CaptureError(`column ${column} of ${change.table} ${untold.get(column)}`);
    }
  }
  if (refusal !== undefined) throw withAdvice(refusal, change);
  return events;
}
