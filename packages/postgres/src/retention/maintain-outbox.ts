import { setTimeout as delay } from 'node:timers/promises';
import { optionBounds } from '@tidings/contract';
import { ConfigurationError, reasonOf } from '@tidings/relay';
import pg from 'pg';
import { describeLockHolders } from '../blockers.ts';
import { clientConfigOf, targetOf } from '../connection-config.ts';
import { asRefusal } from '../connection-failure.ts';
import { beginAlone, unhurried } from '../local-settings.ts';
import { openClient } from '../open-client.ts';

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
 * Maintenance that a failure ended early. What it had done by then stays done: `report`
 * tells, and so does the message.
 */
export class MaintenanceError extends Error {
  override readonly name = 'MaintenanceError';
  readonly report: MaintenanceReport;

  constructor(report: MaintenanceReport, cause: unknown) {
    const { made, dropped, deletedRows } = report;
    super(
      `maintenance ended early (${reasonOf(cause)}); until then it had made ` +
        `${made.length === 0 ? 'no partition' : made.join(', ')}, dropped ` +
        `${dropped.length === 0 ? 'none' : dropped.join(', ')} and deleted ${deletedRows} rows`,
      { cause },
    );
    this.report = report;
  }
}

/**
 * Makes day partitions ahead and removes what is older than the retention: whole days are
 * dropped, rows of the default partition are deleted in small transactions. A row goes
 * only when its transaction is visible in every bookmark of `tidings.checkpoint`, and while
 * nothing speaks against one: a bookmark ahead of what has happened, or of what the server
 * knows its slot to have confirmed, keeps everything. Nothing
 * waits longer than 250 ms for a lock: what cannot be had is postponed, and so is everything
 * while the server cannot write because of a fail-over. Run it every hour or so; it may run
 * twice and concurrently, and through a pooler.
 * @throws ConfigurationError on options that cannot work and on a database without outbox.
 * @throws MaintenanceError where anything else ends it: it holds what was done until then.
 */
export async function maintainOutbox(options: MaintainOutboxOptions): Promise<MaintenanceReport> {
  known('maintainOutbox', options, NAMES);
  known('retention', options.retention, { days: true });
  const settings: Settings = {
    days: within('retention.days', options.retention.days, 0, 36_500),
    daysAhead: whole('daysAhead', options.daysAhead ?? 7, 1, 366),
    batchRows: whole('batchRows', options.batchRows ?? 1_000, 1, 100_000),
  };
  const config = { ...clientConfigOf(options.connection), application_name: 'tidings maintenance' };
  const client = await openClient(config).catch((error: unknown) => {
    throw asRefusal(targetOf(config), error);
  });
  try {
    await checkMigrated(client);
    return await new Maintenance(client, settings).run();
  } finally {
    await client.end().catch(() => {});
  }
}

interface Settings {
  readonly days: number;
  readonly daysAhead: number;
  readonly batchRows: number;
}

/** Nothing more can be done now; what is left is done the next time. */
class Postponed extends Error {}

/** SQLSTATEs of a step that another run of maintenance may well complete. */
const passing = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53100', // disk_full
  '53200', // out_of_memory
  '57014', // query_canceled
]);

/** How long another maintenance may keep this one from its next step. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 50;

/** One run. Each step is a transaction of its own, and nothing outlives it on the session. */
class Maintenance {
  readonly #client: pg.Client;
  readonly #settings: Settings;
  readonly #made: string[] = [];
  readonly #dropped: string[] = [];
  readonly #postponed: string[] = [];
  #deletedRows = 0;

  constructor(client: pg.Client, settings: Settings) {
    this.#client = client;
    this.#settings = settings;
  }

  async run(): Promise<MaintenanceReport> {
    try {
      const { rows } = await this.#client.query<{ today: string; before: string }>(
        `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD') as today,
                to_json(now() - $1 * interval '1 day') #>> '{}' as before`,
        [this.#settings.days],
      );
      const { today, before } = rows[0] as (typeof rows)[0];
      await this.#makePartitions(today);
      await this.#dropPartitions(before);
      await this.#deleteRows(before);
    } catch (error) {
      if (!(error instanceof Postponed)) throw new MaintenanceError(this.#report(), error);
      this.#postponed.push(error.message);
    }
    return this.#report();
  }

  #report(): MaintenanceReport {
    return {
      made: this.#made,
      dropped: this.#dropped,
      deletedRows: this.#deletedRows,
      postponed: this.#postponed,
    };
  }

  async #makePartitions(today: string): Promise<void> {
    for (let ahead = 0; ahead <= this.#settings.daysAhead; ahead++) {
      const day = new Date(Date.parse(today) + ahead * 86_400_000).toISOString().slice(0, 10);
      const name = `outbox_${day.replaceAll('-', '')}`;
      const made = await this.#step(name, 'tidings.make_partition($1)', [day]);
      if (made === true) this.#made.push(name);
    }
  }

  async #dropPartitions(before: string): Promise<void> {
    const partitions = await this.#client.query<{ name: string; day: string }>(
      `select relname as name, to_date(substr(relname, 8), 'YYYYMMDD')::text as day
       from pg_inherits join pg_class on pg_class.oid = inhrelid
       where inhparent = 'tidings.outbox'::regclass and relname ~ '^outbox_[0-9]{8}$'
       order by relname`,
    );
    let held = 0;
    for (const { name, day } of partitions.rows) {
      // One transaction each: the lock on the outbox is held for one of them only.
      const outcome = await this.#step(name, 'tidings.drop_partition($1, $2)', [day, before]);
      if (outcome === 'dropped') this.#dropped.push(name);
      if (outcome === 'unpublished') held += 1;
      // The days after it are younger still.
      if (outcome === 'young') break;
    }
    if (held > 0) this.#postponed.push(await heldSentence(this.#client, held));
  }

  async #deleteRows(before: string): Promise<void> {
    const { batchRows } = this.#settings;
    for (;;) {
      const deleted = await this.#step('outbox_default', 'tidings.delete_published($1, $2)', [
        before,
        batchRows,
      ]);
      this.#deletedRows += Number(deleted ?? 0);
      if (Number(deleted ?? 0) < batchRows) return;
    }
  }

  /** Calls a function; undefined where that is postponed. @throws Postponed where all is. */
  async #step(name: string, call: string, values: readonly unknown[]): Promise<unknown> {
    const client = this.#client;
    const began = performance.now();
    for (;;) {
      try {
        const { alone } = await beginAlone(client, LOCK, unhurried);
        if (alone) {
          const { rows } = await client.query<{ outcome: unknown }>(`select ${call} as outcome`, [
            ...values,
          ]);
          await client.query('commit');
          return rows[0]?.outcome;
        }
        const late = performance.now() - began > PATIENCE_MS;
        const others = late ? await describeLockHolders(client, LOCK) : [];
        await client.query('rollback');
        if (late) {
          throw new Postponed(
            ['another maintenance runs on this database; it does the same', ...others].join(': '),
          );
        }
      } catch (error) {
        await client.query('rollback').catch(() => {});
        return this.#postpone(name, error);
      }
      await delay(RETRY_MS);
    }
  }

  #postpone(name: string, error: unknown): undefined {
    const { code, message } = error as { readonly code?: string; readonly message: string };
    if (code === '25006') {
      throw new Postponed(
        `the server is read-only (${message}): all is left for the next time; if that stays, ` +
          'connect to the primary',
      );
    }
    if (code === '55P03') {
      this.#postponed.push(
        `${name} is left for the next time: a transaction that runs holds the outbox`,
      );
    } else if (code !== undefined && passing.has(code)) {
      this.#postponed.push(`${name} is left for the next time: ${message}`);
    } else {
      throw error;
    }
    return undefined;
  }
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

async function heldSentence(client: pg.Client, held: number): Promise<string> {
  const { rows } = await client.query<{ name: string; at: string | null; doubt: string | null }>(
    `select name, to_json(bookmark_at) #>> '{}' as at, doubt from tidings.retention_holders() limit 1`,
  );
  const days = `${held} ${held === 1 ? 'day is' : 'days are'} kept`;
  const [holder] = rows;
  if (holder === undefined) {
    return `${days}: no relay has a checkpoint in tidings.checkpoint, so nothing is known as published`;
  }
  const state = holder.doubt ?? `has published up to ${holder.at}`;
  return (
    `${days}: relay "${holder.name}" ${state}; start it, or, if it is gone for good, run ` +
    `DELETE FROM tidings.checkpoint WHERE name = ${pg.escapeLiteral(holder.name)}`
  );
}
