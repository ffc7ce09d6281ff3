import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import { clientConfigOf } from '../connection-config.ts';

/** What to keep, and how far ahead to prepare. */
export interface MaintainOutboxOptions {
  /** A connection string, or what `pg.Client` takes; the role may call the functions. */
  readonly connection: string | pg.ClientConfig;
  /**
   * How long rows stay once they are published: what a lost slot can be healed from and
   * what can be replayed. Unpublished rows stay whatever their age.
   */
  readonly retention: { readonly days: number };
  /** Days for which partitions are made ahead. 1 to 366. Default 7. */
  readonly daysAhead?: number;
  /** Rows that one transaction deletes from the default partition. Default 1,000. */
  readonly batchRows?: number;
}

/** What maintenance did. */
export interface MaintenanceReport {
  /** Names of partitions that were made. */
  readonly made: readonly string[];
  /** Names of partitions that were dropped. */
  readonly dropped: readonly string[];
  /** Rows that were deleted from the default partition. */
  readonly deletedRows: number;
  /** What was left for the next time, one sentence each. */
  readonly postponed: readonly string[];
}

/** Serialises maintenance; any number that nobody else uses. */
const LOCK = 7_241_950_301_117_001n;

const NAMES: Record<keyof MaintainOutboxOptions, true> = {
  connection: true,
  retention: true,
  daysAhead: true,
  batchRows: true,
};

const { known, whole, within } = optionBounds(ConfigurationError);

/**
 * Makes day partitions ahead and removes what is older than the retention: whole days are
 * dropped, rows of the default partition are deleted in small transactions. A row goes
 * only when its transaction is visible in every bookmark of `tidings.checkpoint`. Nothing
 * waits longer than 250 ms for a lock: what cannot be had is postponed. Run it every hour
 * or so; it may run twice and concurrently.
 * @throws ConfigurationError on options that cannot work and on a database without outbox.
 */
export async function maintainOutbox(options: MaintainOutboxOptions): Promise<MaintenanceReport> {
  known('maintainOutbox', options, NAMES);
  known('retention', options.retention, { days: true });
  const days = within('retention.days', options.retention.days, 0, 36_500);
  const daysAhead = whole('daysAhead', options.daysAhead ?? 7, 1, 366);
  const batchRows = whole('batchRows', options.batchRows ?? 1_000, 1, 100_000);
  const client = new pg.Client({
    ...clientConfigOf(options.connection),
    application_name: 'tidings maintenance',
  });
  client.on('error', () => {});
  await client.connect();
  try {
    await checkMigrated(client);
    const { rows } = await client.query<{ alone: boolean; today: string; before: string }>(
      `select pg_try_advisory_lock($1) as alone,
              to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as today,
              (now() - $2 * interval '1 day')::text as before`,
      [LOCK, days],
    );
    const { alone, today, before } = rows[0] as (typeof rows)[0];
    if (!alone) {
      return nothingDone('another maintenance runs on this database; it does the same');
    }
    const postponed: string[] = [];
    const made = await makePartitions(client, today, daysAhead, postponed);
    const dropped = await dropPartitions(client, before, postponed);
    const deletedRows = await deleteRows(client, before, batchRows, postponed);
    return { made, dropped, deletedRows, postponed };
  } finally {
    await client.end();
  }
}

function nothingDone(reason: string): MaintenanceReport {
  return { made: [], dropped: [], deletedRows: 0, postponed: [reason] };
}

async function checkMigrated(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ migrated: boolean; database: string }>(
    `select to_regprocedure('tidings.make_partition(date)') is not null as migrated,
            current_database() as database`,
  );
  if (rows[0]?.migrated === true) return;
  throw new ConfigurationError(
    `database "${rows[0]?.database}" has no outbox that can be maintained; ` +
      'run `tidings outbox migrate` first',
  );
}

async function makePartitions(
  client: pg.Client,
  today: string,
  daysAhead: number,
  postponed: string[],
): Promise<readonly string[]> {
  const made: string[] = [];
  for (let ahead = 0; ahead <= daysAhead; ahead++) {
    const day = new Date(Date.parse(today) + ahead * 86_400_000).toISOString().slice(0, 10);
    const name = partitionOf(day);
    const done = await unlessLocked(name, postponed, () =>
      client.query<{ made: boolean }>('select tidings.make_partition($1) as made', [day]),
    );
    if (done?.rows[0]?.made === true) made.push(name);
  }
  return made;
}

async function dropPartitions(
  client: pg.Client,
  before: string,
  postponed: string[],
): Promise<readonly string[]> {
  const partitions = await client.query<{ name: string; day: string }>(
    `select relname as name, to_date(substr(relname, 8), 'YYYYMMDD')::text as day
     from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = 'tidings.outbox'::regclass and relname ~ '^outbox_[0-9]{8}$'
     order by relname`,
  );
  const dropped: string[] = [];
  let held = 0;
  for (const { name, day } of partitions.rows) {
    // One transaction each: the lock on the outbox is held for one of them only.
    const done = await unlessLocked(name, postponed, () =>
      client.query<{ outcome: string }>('select tidings.drop_partition($1, $2) as outcome', [
        day,
        before,
      ]),
    );
    const outcome = done?.rows[0]?.outcome;
    if (outcome === 'dropped') dropped.push(name);
    if (outcome === 'unpublished') held += 1;
    // The days after it are younger still.
    if (outcome === 'young') break;
  }
  if (held > 0) postponed.push(await heldSentence(client, held));
  return dropped;
}

async function heldSentence(client: pg.Client, held: number): Promise<string> {
  const { rows } = await client.query<{ name: string; at: string | null }>(
    `select name, to_json(bookmark_at) #>> '{}' as at from tidings.retention_holders() limit 1`,
  );
  const days = `${held} ${held === 1 ? 'day is' : 'days are'} kept`;
  const [holder] = rows;
  if (holder === undefined) {
    return `${days}: no relay has a checkpoint in tidings.checkpoint, so nothing is known as published`;
  }
  const state =
    holder.at === null ? 'has published nothing yet' : `has published up to ${holder.at}`;
  return (
    `${days}: relay "${holder.name}" ${state}; start it, or, if it is gone for good, run ` +
    `DELETE FROM tidings.checkpoint WHERE name = '${holder.name}'`
  );
}

async function deleteRows(
  client: pg.Client,
  before: string,
  batchRows: number,
  postponed: string[],
): Promise<number> {
  let total = 0;
  for (;;) {
    const done = await unlessLocked('outbox_default', postponed, () =>
      client.query<{ deleted: string }>('select tidings.delete_published($1, $2) as deleted', [
        before,
        batchRows,
      ]),
    );
    const deleted = Number(done?.rows[0]?.deleted ?? 0);
    total += deleted;
    if (deleted < batchRows) return total;
  }
}

function partitionOf(day: string): string {
  return `outbox_${day.replaceAll('-', '')}`;
}

/** Undefined where a lock was not to be had in time. */
async function unlessLocked<Result>(
  name: string,
  postponed: string[],
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if ((error as { readonly code?: string }).code !== '55P03') throw error;
    postponed.push(`${name} is left for the next time: a transaction that runs holds the outbox`);
    return undefined;
  }
}
