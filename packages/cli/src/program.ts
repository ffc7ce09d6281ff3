import { Command } from 'commander';
import { devCommand } from './dev-command.ts';
import { outboxCommand } from './outbox-command.ts';
import { relayCommand } from './relay-command.ts';

/** The command line: each command turns its arguments into a library call. */
export function createProgram(): Command {
  return new Command('tidings')
    .description('Publishes events to Amazon EventBridge and loses none of them.')
    .addCommand(relayCommand())
    .addCommand(outboxCommand())
    .addCommand(devCommand());
}
