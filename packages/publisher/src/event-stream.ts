import {
  optionBounds,
  type PublishableEvent,
  PublishError,
  type Publisher,
  type PublishOptions,
  type PublishOutcome,
} from '@tidings/contract';
import { callbackGuard } from './callback-guard.ts';
import type { Clock } from './clock.ts';
import type { FailedOutcome } from './parking.ts';

/** Settings of `publishStream`. */
export interface StreamOptions extends Pick<PublishOptions, 'signal' | 'deadlineMs'> {
  /**
   * Events that may be read and not decided; further ones are not read until some are.
   * Default: three times what may be in flight, 480 at a `concurrency` of 16.
   */
  readonly maxUndecided?: number;
  /**
   * Called with each event that was not accepted and its place in the stream, from 0.
   * Reading goes on. What it throws or rejects is a warning of the process. Default: the
   * first failure ends the reading.
   */
  readonly onFailure?: (outcome: FailedOutcome, event: PublishableEvent, index: number) => void;
}

/** What became of a stream. */
export interface StreamSummary {
  readonly accepted: number;
  readonly failed: number;
}

const { known, whole } = optionBounds(RangeError);

const NAMES: Record<keyof StreamOptions, true> = {
  maxUndecided: true,
  onFailure: true,
  signal: true,
  deadlineMs: true,
};

/** Events that are handed over together: full requests, and few enough to read on soon. */
const CHUNK = 100;

/**
 * Publishes events as they are read, with bounded memory. Events that are at hand are
 * sent together; one that has no successor at hand does not wait for it.
 * @throws RangeError where an option is unknown or out of its bounds; PublishError with the
 * outcomes that were not accepted, where no `onFailure` is given; what the source throws. Either
 * way, what was read before is settled first.
 */
export async function publishStream(
  publisher: Pick<Publisher, 'publishSettled'>,
  clock: Clock,
  events: AsyncIterable<PublishableEvent> | Iterable<PublishableEvent>,
  streamOptions: StreamOptions,
): Promise<StreamSummary> {
  known('publishStream', streamOptions, NAMES);
  const { maxUndecided = 480, signal, deadlineMs } = streamOptions;
  whole('maxUndecided', maxUndecided, 1, Number.MAX_SAFE_INTEGER);
  const onFailure =
    streamOptions.onFailure && callbackGuard().guard('onFailure', streamOptions.onFailure);
  const failures: FailedOutcome[] = [];
  const options: PublishOptions = {
    ...(signal !== undefined && { signal }),
    ...(deadlineMs !== undefined && { deadlineMs }),
  };
  let accepted = 0;
  let failed = 0;
  let undecided = 0;
  let read = 0;
  let chunk: PublishableEvent[] = [];
  let sending = false;
  let room: (() => void) | undefined;
  let broken: unknown;

  function decided(outcome: PublishOutcome, event: PublishableEvent, index: number): void {
    undecided -= 1;
    if (outcome.status === 'accepted') accepted += 1;
    else {
      failed += 1;
      if (onFailure === undefined) failures.push(outcome);
      else onFailure(outcome, event, index);
    }
    if (undecided <= maxUndecided - CHUNK || undecided === 0) room?.();
  }

  function send(): void {
    sending = false;
    if (chunk.length === 0) return;
    const batch = chunk;
    const first = read - batch.length;
    chunk = [];
    const onOutcome = (outcome: PublishOutcome, index: number): void =>
      decided(outcome, batch[index] as PublishableEvent, first + index);
    publisher.publishSettled(batch, { ...options, onOutcome }).catch((error: unknown) => {
      broken = error;
      undecided -= batch.length;
      room?.();
    });
  }

  async function below(bound: number): Promise<void> {
    while (undecided >= bound && undecided > 0) {
      await new Promise<void>((resolve) => {
        room = resolve;
      });
    }
    room = undefined;
  }

  try {
    for await (const event of events) {
      chunk.push(event);
      read += 1;
      undecided += 1;
      if (chunk.length >= CHUNK) send();
      else if (!sending) {
        sending = true;
        clock.afterTurn(send);
      }
      if (undecided >= maxUndecided) {
        send();
        await below(maxUndecided);
      }
      if (failures.length > 0 || broken !== undefined || signal?.aborted === true) break;
    }
  } finally {
    send();
    await below(1);
  }
  if (broken !== undefined) throw broken;
  if (failures.length > 0) throw new PublishError(failures);
  signal?.throwIfAborted();
  return { accepted, failed };
}
