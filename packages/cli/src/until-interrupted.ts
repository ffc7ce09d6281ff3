import type { Logger } from '@tidings/relay';

/** What a command that changes a database is given: it reports waits and can be ended. */
export interface Interruptible {
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Sentences on standard error; standard output holds the result alone. */
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (_, message) => void process.stderr.write(`tidings: ${message}\n`),
  error: (_, message) => void process.stderr.write(`tidings: ${message}\n`),
};

/**
 * Runs `work` until it ends or the process is told to. A first SIGINT or SIGTERM lets it
 * clean up, a second one ends the process at once.
 */
export async function untilInterrupted(
  work: (control: Interruptible) => Promise<void>,
): Promise<void> {
  const controller = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    process.exitCode = name === 'SIGINT' ? 130 : 143;
    if (controller.signal.aborted) process.exit();
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await work({ logger, signal: controller.signal });
  } catch (error) {
    if (error !== controller.signal.reason || !controller.signal.aborted) throw error;
    process.stderr.write(
      'tidings: interrupted; what was completed stays, run it again to go on from there\n',
    );
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}
