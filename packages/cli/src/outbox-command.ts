import { adoptOutbox, migrateOutbox, type PublishedRows } from '@tidings/postgres';
import { ConfigurationError } from '@tidings/relay';
import { Command } from 'commander';
import { type Interruptible, untilInterrupted } from './until-interrupted.ts';

interface MigrateArguments {
  readonly connection?: string;
  readonly slot?: string;
  readonly publication?: string;
}

interface AdoptArguments {
  readonly connection?: string;
  readonly allPublished?: boolean;
  readonly allOwed?: boolean;
  readonly publishedBefore?: string;
  readonly publishedThrough?: string;
  readonly slot?: string;
  readonly poller?: string;
  readonly dryRun?: boolean;
}

/** `tidings outbox migrate` and `tidings outbox adopt`. */
export function outboxCommand(): Command {
  const migrate = new Command('migrate')
    .description('create or update the outbox in a database; safe to run twice')
    .option('--connection <string>', 'Postgres connection string; default DATABASE_URL')
    .option('--slot <name>', 'create this replication slot too')
    .option('--publication <name>', 'name of the publication', 'tidings')
    .addHelpText(
      'after',
      `
Examples:
  $ tidings outbox migrate --connection postgres://user:password@host/shop --slot orders
  $ DATABASE_URL=postgres://user:password@host/shop tidings outbox migrate

Exit codes: 0 done; 1 not done, with the reason on standard error; 130 and 143 interrupted.`,
    )
    .action((given: MigrateArguments) => untilInterrupted((control) => runMigrate(given, control)));
  const adopt = new Command('adopt')
    .description('take over an outbox that was restored from another database cluster')
    .option('--connection <string>', 'Postgres connection string; default DATABASE_URL')
    .option('--all-published', 'every restored row counts as published')
    .option('--all-owed', 'every restored row is published again')
    .option('--published-before <time>', 'rows appended before this time (ISO 8601) are published')
    .option('--published-through <id>', 'rows up to this id are published')
    .option('--slot <name>', 'a slot that will read and whose checkpoint was not restored')
    .option('--poller <name>', 'a poller that will read and whose checkpoint was not restored')
    .option('--dry-run', 'count and change nothing')
    .addHelpText(
      'after',
      `
Example:
  $ tidings outbox adopt --published-before 2026-06-07T02:00:00Z --slot orders --dry-run

Exit codes: 0 done; 1 not done, with the reason on standard error; 130 and 143 interrupted.`,
    )
    .action((given: AdoptArguments) => untilInterrupted((control) => runAdopt(given, control)));
  return new Command('outbox')
    .description('the Postgres outbox')
    .addCommand(migrate)
    .addCommand(adopt);
}

function connectionOf({ connection = process.env.DATABASE_URL }: MigrateArguments): string {
  if (connection === undefined || connection === '') {
    throw new ConfigurationError('give --connection, or set DATABASE_URL');
  }
  return connection;
}

async function runAdopt(given: AdoptArguments, control: Interruptible): Promise<void> {
  const report = await adoptOutbox({
    ...control,
    connection: connectionOf(given),
    published: publishedOf(given),
    dryRun: given.dryRun === true,
    ...(given.slot === undefined ? {} : { slot: given.slot }),
    ...(given.poller === undefined ? {} : { poller: given.poller }),
  });
  const outcome = given.dryRun === true ? 'would be adopted (nothing was changed)' : 'adopted';
  process.stdout.write(
    `${outcome}: ${report.published} published, ${report.owed} owed; ` +
      `read by ${report.readers.join(', ')}\n`,
  );
}

function publishedOf(given: AdoptArguments): PublishedRows {
  const chosen: PublishedRows[] = [];
  if (given.allPublished === true) chosen.push('all');
  if (given.allOwed === true) chosen.push('none');
  if (given.publishedBefore !== undefined) {
    const before = new Date(given.publishedBefore);
    if (Number.isNaN(before.getTime())) {
      throw new ConfigurationError(
        `--published-before must be a time such as 2026-06-07T02:00:00Z, got "${given.publishedBefore}"`,
      );
    }
    chosen.push({ before });
  }
  if (given.publishedThrough !== undefined) {
    if (!/^\d{1,18}$/.test(given.publishedThrough)) {
      throw new ConfigurationError(
        `--published-through must be an id of tidings.outbox, got "${given.publishedThrough}"`,
      );
    }
    chosen.push({ throughId: BigInt(given.publishedThrough) });
  }
  const [published] = chosen;
  if (published !== undefined && chosen.length === 1) return published;
  throw new ConfigurationError(
    'say which rows count as published: one of --all-published, --all-owed, --published-before ' +
      '<time>, --published-through <id>',
  );
}

async function runMigrate(given: MigrateArguments, control: Interruptible): Promise<void> {
  const report = await migrateOutbox({
    ...control,
    connection: connectionOf(given),
    ...(given.slot === undefined ? {} : { slot: given.slot }),
    ...(given.publication === undefined ? {} : { publication: given.publication }),
  });
  const applied = report.applied.length === 0 ? 'none' : report.applied.join(', ');
  const slot =
    given.slot === undefined ? '' : report.slotCreated ? '; slot created' : '; slot kept';
  process.stdout.write(`migrations applied: ${applied}${slot}\n`);
}
