import type { ChangeSource } from './change-source.ts';
import { reasonOf } from './failure-reason.ts';
import type { Logger } from './logger.ts';
import type { Checkpoint } from './position.ts';
import { LINE_EVERY_MS, recurringLine } from './recurring-line.ts';
import type { Watermark } from './watermark.ts';

/** Confirms the watermark to the source, at intervals and at the end. */
export interface Checkpointer {
  /** Confirms what is settled by now, after a confirmation that is under way. */
  flush(): Promise<void>;
  stop(): void;
}

/** How long a source that cannot confirm is left alone, at most. */
const MAX_PAUSE_MS = 5_000;

/**
 * Starts confirming every `intervalMs`. A confirmation that fails is only reported: the next
 * one covers it, and until then the store keeps more than it must.
 */
export function startCheckpointer(
  source: ChangeSource,
  watermark: Watermark,
  intervalMs: number,
  logger: Logger,
): Checkpointer {
  let confirmed: Checkpoint | undefined;
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  let failures = 0;
  let notBefore = 0;
  let reason = '';
  let confirmingSince = 0;

  const unconfirmed = recurringLine({
    afterMs: 0,
    waiting: (forMs) =>
      logger.warn(
        { checkpoint: watermark.checkpoint, reason, failures, forMs },
        'could not confirm a checkpoint; trying again',
      ),
    over: (forMs) => logger.info({ forMs }, 'checkpoints are confirmed again'),
  });
  const slow = recurringLine({
    afterMs: 0,
    waiting: () =>
      logger.warn(
        {
          checkpoint: watermark.checkpoint,
          forMs: Math.round(performance.now() - confirmingSince),
        },
        'still confirming a checkpoint',
      ),
  });

  async function confirm(): Promise<void> {
    const checkpoint = watermark.checkpoint;
    if (checkpoint === undefined || checkpoint === confirmed) return;
    busy = true;
    confirmingSince = performance.now();
    try {
      await source.confirm(checkpoint);
      confirmed = checkpoint;
      failures = 0;
      notBefore = 0;
      unconfirmed.look(false);
    } catch (error) {
      failures += 1;
      notBefore = performance.now() + Math.min(MAX_PAUSE_MS, intervalMs * 2 ** failures);
      reason = reasonOf(error);
      unconfirmed.look(true);
    } finally {
      busy = false;
    }
  }

  function flush(): Promise<void> {
    running = running.then(confirm);
    return running;
  }

  const timer = setInterval(() => {
    slow.look(busy && performance.now() - confirmingSince >= LINE_EVERY_MS);
    if (!busy && performance.now() >= notBefore) void flush();
  }, intervalMs);

  return { flush, stop: () => clearInterval(timer) };
}
