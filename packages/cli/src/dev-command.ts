import { Command, InvalidArgumentError } from 'commander';
import { type DevOptions, usualPort } from './dev-options.ts';

/** `tidings dev [rules]`. */
export function devCommand(): Command {
  return new Command('dev')
    .description('run a local event bus, with a page that shows every event, until Ctrl-C')
    .argument('[rules]', 'a file that declares buses, queues, rules, archives and faults')
    .option('--port <number>', `port to listen on (default: ${usualPort}, or a free one)`, portOf)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--allow-host <name...>', 'further host names under which clients may ask it')
    .option('--token <text>', 'asked of everybody; needed beyond this machine')
    .option('--region <name>', 'region of clients that name none', 'us-east-1')
    .option('--data <folder>', 'remember rules, archives and what they hold across restarts')
    .addHelpText(
      'after',
      `
Example:
  $ tidings dev rules.ts --port 4010

Exit codes: 0 ended by SIGINT or SIGTERM; 1 could not start, with the reason on standard error.`,
    )
    .action(async (rules: string | undefined, options: DevOptions) => {
      // The bus and what it is made of: no other command must carry it in memory.
      const { runDev } = await import('./run-dev.ts');
      await runDev(rules, options);
    });
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
}
