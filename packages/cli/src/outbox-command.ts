import { migrateOutbox } from '@tidings/postgres';
import { ConfigurationError } from '@tidings/relay';
import { Command } from 'commander';

interface MigrateArguments {
  readonly connection?: string;
  readonly slot?: string;
  readonly publication?: string;
}

/** `tidings outbox migrate`. */
export function outboxCommand(): Command {
  const migrate = new Command('migrate')
    .description('create or update the outbox in a database; safe to run twice')
    .option('--connection <string>', 'Postgres connection string; default DATABASE_URL')
    .option('--slot <name>', 'create this replication slot too')
    .option('--publication <name>', 'name of the publication', 'tidings')
    .action(runMigrate);
  return new Command('outbox').description('the Postgres outbox').addCommand(migrate);
}

async function runMigrate(given: MigrateArguments): Promise<void> {
  const connection = given.connection ?? process.env.DATABASE_URL;
  if (connection === undefined || connection === '') {
    throw new ConfigurationError('give --connection, or set DATABASE_URL');
  }
  const report = await migrateOutbox({
    connection,
    ...(given.slot === undefined ? {} : { slot: given.slot }),
    ...(given.publication === undefined ? {} : { publication: given.publication }),
  });
  const applied = report.applied.length === 0 ? 'none' : report.applied.join(', ');
  const slot =
    given.slot === undefined ? '' : report.slotCreated ? '; slot created' : '; slot kept';
  process.stdout.write(`migrations applied: ${applied}${slot}\n`);
}
