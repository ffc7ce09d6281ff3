import { createRelay } from '@tidings/relay';
import { Command } from 'commander';
import { createLogger } from './create-logger.ts';
import { loadRelayConfig } from './load-relay-config.ts';

/** `tidings relay run <config>`. */
export function relayCommand(): Command {
  const run = new Command('run')
    .description('carry captured changes to the bus until SIGTERM or SIGINT')
    .argument('<config>', 'a file whose default export is defineRelay({ ... })')
    .addHelpText(
      'after',
      `
Example:
  $ DATABASE_URL=postgres://user:password@host/shop tidings relay run relay.config.ts

Logs JSON lines on standard output, from the level of TIDINGS_LOG_LEVEL on (default info). Exit
codes: 0 drained after SIGTERM or SIGINT; 1 cannot go on, with the reason on standard error; 130
and 143 ended by a second signal.`,
    )
    .action(runRelay);
  return new Command('relay').description('the relay worker').addCommand(run);
}

async function runRelay(configFile: string): Promise<void> {
  const logger = createLogger();
  const settings = await loadRelayConfig(configFile);
  const relay = createRelay({ ...settings, logger });
  let asked = false;
  const stop = (signal: NodeJS.Signals): void => {
    // A second signal means now: what is undecided is read again at the next start.
    if (asked) process.exit(signal === 'SIGINT' ? 130 : 143);
    asked = true;
    logger.info({ signal }, 'draining');
    relay.stop();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await relay.run();
  } finally {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    // A server that does not answer must not keep a relay that has stopped.
    setTimeout(() => process.exit(), 1_000).unref();
  }
}
