import { setTimeout as delay } from 'node:timers/promises';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { createTables } from './migrations/001-create-tables.ts';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';

/** Serialises migrators; any number that nobody else uses. */
const LOCK = 7_241_950_301_117_000n;

/**
 * How long a step waits for a table's lock. Whoever writes to the outbox queues up behind
 * a step that waits, and the step behind the longest transaction: so it gives up soon.
 */
const LOCK_TIMEOUT_MS = 500;
/** Between two tries, writers get through. */
const RETRY_MS = 500;
const TRIES = 60;

/**
 * Lets one migrator at a time go on, until the connection ends.
 * @throws ConfigurationError on a standby, whose catalog is its primary's.
 */
export async function lockMigrations(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>(
    'select pg_is_in_recovery() as standby',
  );
  if (rows[0]?.standby === true) {
    throw new ConfigurationError('the server is a standby; connect to the primary');
  }
  await client.query('select pg_advisory_lock($1)', [LOCK]);
}

/**
 * Brings schema `tidings` up to date. Returns the versions that were applied now.
 * `withTables` runs in the transaction that makes the tables: nobody sees them without it.
 * @throws ConfigurationError when transactions hold the tables for a minute.
 */
export async function applyMigrations(
  client: pg.Client,
  steps: readonly Migration[] = migrations,
  withTables: () => Promise<void> = async () => {},
): Promise<readonly number[]> {
  await client.query('create schema if not exists tidings');
  await client.query(
    `create table if not exists tidings.migration (
       version integer primary key,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await client.query<{ version: number }>('select version from tidings.migration');
  const known = new Set(rows.map((row) => row.version));
  const applied: number[] = [];
  for (const step of steps) {
    if (known.has(step.version)) continue;
    const alongside = step === createTables ? withTables : undefined;
    for (let tries = 1; !(await applyStep(client, step, alongside)); tries += 1) {
      if (tries === TRIES) throw new ConfigurationError(await holdersSentence(client, step));
      await delay(RETRY_MS);
    }
    applied.push(step.version);
  }
  return applied;
}

/** Applies one step; false when it did not get its locks, and nothing was done. */
async function applyStep(
  client: pg.Client,
  { version, sql }: Migration,
  alongside: (() => Promise<void>) | undefined,
): Promise<boolean> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query(sql);
    await alongside?.();
    await client.query('insert into tidings.migration (version) values ($1)', [version]);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback');
    // lock_not_available
    if ((error as { readonly code?: string }).code === '55P03') return false;
    throw error;
  }
}

async function holdersSentence(client: pg.Client, { version }: Migration): Promise<string> {
  const { rows } = await client.query<{ pids: string | null }>(
    `select string_agg(distinct pid::text, ', ') as pids from pg_locks
     where pid <> pg_backend_pid() and relation in (
       select oid from pg_class where relnamespace = 'tidings'::regnamespace)`,
  );
  return (
    `migration ${version} got no lock on the tables of schema tidings within a minute: end the ` +
    `transactions of backend ${rows[0]?.pids ?? '(gone by now)'}, then run it again`
  );
}
