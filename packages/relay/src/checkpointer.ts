import type { ChangeSource } from './change-source.ts';
import type { Logger } from './logger.ts';
import type { Checkpoint } from './position.ts';
import type { Watermark } from './watermark.ts';

/** Confirms the watermark to the source, at intervals and at the end. */
export interface Checkpointer {
  /** Confirms what is settled by now, after a confirmation that is under way. */
  flush(): Promise<void>;
  stop(): void;
}

/**
 * Starts confirming every `intervalMs`. A confirmation that fails is only reported:
 * the next one covers it, and until then the store keeps more than it must.
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

  async function confirm(): Promise<void> {
    const checkpoint = watermark.checkpoint;
    if (checkpoint === undefined || checkpoint === confirmed) return;
    busy = true;
    try {
      await source.confirm(checkpoint);
      confirmed = checkpoint;
    } catch (error) {
      logger.warn({ error, checkpoint }, 'could not confirm a checkpoint; trying again');
    } finally {
      busy = false;
    }
  }

  function flush(): Promise<void> {
    running = running.then(confirm);
    return running;
  }

  const timer = setInterval(() => {
    if (!busy) void flush();
  }, intervalMs);

  return { flush, stop: () => clearInterval(timer) };
}
