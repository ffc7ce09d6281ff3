import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { devCommand } from './dev-command.ts';
import { outboxCommand } from './outbox-command.ts';
import { relayCommand } from './relay-command.ts';

/** The command line: each command turns its arguments into a library call. */
export function createProgram(): Command {
  return new Command('tidings')
    .description('Publishes events to Amazon EventBridge and loses none of them.')
    .version(versionOf(new URL('../package.json', import.meta.url)))
    .addCommand(relayCommand())
    .addCommand(outboxCommand())
    .addCommand(devCommand())
    .addHelpText(
      'after',
      `
Examples:
  $ tidings dev rules.ts
  $ tidings outbox migrate --connection postgres://user:password@host/shop --slot orders
  $ tidings relay run relay.config.ts

Exit codes: 0 done; 1 not done, with the reason on standard error; 130 and 143 ended by SIGINT
and SIGTERM before it was done.`,
    );
}

function versionOf(packageFile: URL): string {
  return (JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string }).version;
}
