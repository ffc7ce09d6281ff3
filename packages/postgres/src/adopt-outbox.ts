import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { currentTimeline } from './checkpoint-store.ts';
import { type SetUpControl, SetUpSession, setUpControlNames } from './set-up-session.ts';
import { refuseFilteredRows } from './text-rows.ts';

/** Which rows of a restored outbox count as published; all others are owed. */
export type PublishedRows =
  | 'all'
  | 'none'
  /** Appended before a moment, by the clock of the server that they were appended on. */
  | { readonly before: Date }
  /** With an `id` up to this one. */
  | { readonly throughId: bigint };

/** How to take over an outbox that was restored from another database cluster. */
export interface AdoptOutboxOptions extends SetUpControl {
  /** A connection string, or what `pg.Client` takes; the role owns schema `tidings`. */
  readonly connection: string | pg.ClientConfig;
  readonly published: PublishedRows;
  /** A slot that will read the outbox and whose checkpoint was not restored with it. */
  readonly slot?: string;
  /** A poller that will read the outbox and whose checkpoint was not restored with it. */
  readonly poller?: string;
  /** Counts and changes nothing. Default false. */
  readonly dryRun?: boolean;
}

/** What adopting did, or would do. */
export interface AdoptReport {
  /** Restored rows that count as published. */
  readonly published: number;
  /** Rows that will be published: restored ones, and those appended in this cluster. */
  readonly owed: number;
  /** Slots and pollers that read from here on. */
  readonly readers: readonly string[];
}

const NAMES: Record<keyof AdoptOutboxOptions, true> = {
  ...setUpControlNames,
  connection: true,
  published: true,
  slot: true,
  poller: true,
  dryRun: true,
};

const { known } = optionBounds(ConfigurationError);

/** object_not_in_prerequisite_state: updates are published, and the row has no identity. */
const NO_IDENTITY = '55000';

/** Blocks of a table that one transaction rewrites: 8 MiB. */
const BATCH_BLOCKS = 1_024;
/** A transaction that every snapshot sees as ended; the server gives it to no session. */
const LONG_AGO = '3';
/** What a reader has published of an adopted outbox: the rows of `LONG_AGO` alone. */
const ADOPTED = '4:4:';

/**
 * Gives the rows of an outbox that was restored from another cluster transaction ids of
 * this one, and every checkpoint a bookmark that covers exactly those that count as
 * published. From then on polling, repair, replay and retention are right: what is owed is
 * published once, in order of `id`.
 *
 * Rows are rewritten in small transactions, and the checkpoints last: until then relays go
 * on refusing, so one that was interrupted is run again with the same options. Rows that
 * were appended in this cluster already are owed, whatever `published` says, as far as
 * that can be seen; run it before writers start. Stop relays first.
 * @throws ConfigurationError where nothing was restored, and where no reader is known.
 */
export async function adoptOutbox(options: AdoptOutboxOptions): Promise<AdoptReport> {
  known('adoptOutbox', options, NAMES);
  const published = conditionOf(options.published);
  try {
    return await SetUpSession.use(options.connection, options, (session) =>
      adopt(session, options, published),
    );
  } catch (error) {
    throw refusalOf(error);
  }
}

async function adopt(
  session: SetUpSession,
  options: AdoptOutboxOptions,
  published: string,
): Promise<AdoptReport> {
  const { partitions, most, report } = await session.transaction('counting rows', (client) =>
    countRows(client, options, published),
  );
  if (options.dryRun === true) return report;
  for (const partition of partitions) await rewrite(session, partition, published, most);
  await session.transaction('adopting checkpoints', (client) => adoptCheckpoints(client, options));
  return report;
}

async function countRows(
  client: pg.ClientBase,
  options: AdoptOutboxOptions,
  published: string,
): Promise<{ partitions: readonly string[]; most: string; report: AdoptReport }> {
  await checkMigrated(client);
  await refuseFilteredRows(client);
  const readers = await readersOf(client, options);
  const partitions = await partitionsOf(client);
  const { rows } = await client.query<{ published: string; owed: string; most: string }>(
    `select count(*) filter (where ${published})::text as published,
            count(*) filter (where not (${published}))::text as owed,
            coalesce(max(id), 0)::text as most
     from (${leaves(partitions)}) as row`,
  );
  const { most, ...counts } = rows[0] as (typeof rows)[0];
  const report = { published: Number(counts.published), owed: Number(counts.owed), readers };
  return { partitions, most, report };
}

/** PostgreSQL checks every constraint again when a row is rewritten. */
function refusalOf(error: unknown): unknown {
  const { code, constraint, detail } = error as pg.DatabaseError;
  if (code !== '23514') return error;
  const row = /^Failing row contains \((\d+),/.exec(detail ?? '')?.[1];
  return new ConfigurationError(
    `a row of tidings.outbox${row === undefined ? '' : ` (id ${row})`} breaks constraint ` +
      `"${constraint}", so it could never be published; delete it, then run this again`,
  );
}

/** A row that this cluster's own writer appended: the server stamped both the same. */
const appendedHere = '(transaction_id::text::numeric % 4294967296 = xmin::text::numeric)';

/** A condition that a row counts as published; its values are checked literals. */
function conditionOf(published: PublishedRows): string {
  // Rows of an earlier, interrupted run stay as it left them.
  const since = (condition: string): string =>
    `(transaction_id = '${LONG_AGO}' or (not ${appendedHere} and ${condition}))`;
  if (published === 'all') return since('true');
  if (published === 'none') return since('false');
  if (typeof published === 'object' && published !== null) {
    if ('throughId' in published && typeof published.throughId === 'bigint') {
      return since(`id <= ${published.throughId}`);
    }
    const before = 'before' in published ? published.before : undefined;
    if (before instanceof Date && !Number.isNaN(before.getTime())) {
      return since(`appended_at < '${before.toISOString()}'::timestamptz`);
    }
  }
  throw new ConfigurationError(
    "published must be 'all', 'none', { before: Date } or { throughId: bigint }",
  );
}

async function checkMigrated(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ migrated: boolean; database: string }>(
    `select current_database() as database,
            exists (select from pg_attribute where attname = 'reading_to'
                    and attrelid = to_regclass('tidings.checkpoint')) as migrated`,
  );
  if (rows[0]?.migrated === true) return;
  throw new ConfigurationError(
    `database "${rows[0]?.database}" has no outbox of this version; restore it and run ` +
      '`tidings outbox migrate` first',
  );
}

async function readersOf(
  client: pg.ClientBase,
  { slot, poller }: AdoptOutboxOptions,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string; foreign: boolean; strange: boolean }>(
    `select name, system_identifier <> (select system_identifier::text from pg_control_system())
              as foreign,
            exists (select from tidings.outbox
                    where transaction_id >= pg_snapshot_xmax(pg_current_snapshot())) as strange
     from tidings.checkpoint order by name`,
  );
  const own = rows.find(({ foreign }) => !foreign);
  if (own !== undefined && own.strange === false) {
    throw new ConfigurationError(
      `the outbox is this cluster's: reader "${own.name}" has a checkpoint here; there is ` +
        'nothing to adopt',
    );
  }
  const names = new Set([...rows.map(({ name }) => name), slot, poller]);
  const readers = [...names].filter((name) => name !== undefined);
  if (readers.length > 0) return readers;
  throw new ConfigurationError(
    'tidings.checkpoint knows no reader that could note what counts as published; name the ' +
      'slot or the poller that will read the outbox',
  );
}

async function partitionsOf(client: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relid::regclass::text as name from pg_partition_tree('tidings.outbox') where isleaf`,
  );
  return rows.map(({ name }) => name);
}

function leaves(partitions: readonly string[]): string {
  return partitions
    .map((each) => `select id, transaction_id, appended_at, xmin from ${each}`)
    .join(' union all ');
}

/**
 * Block by block: each row is looked at once, and what moved to the end is right already.
 * Where another tool publishes updates of all tables, rows get an identity for as long.
 */
async function rewrite(
  session: SetUpSession,
  partition: string,
  published: string,
  mostId: string,
): Promise<void> {
  const purpose = `adopting ${partition}`;
  const blocks = await session.transaction(purpose, async (client) => {
    const { rows } = await client.query<{ blocks: string }>(
      `select (pg_relation_size($1::regclass) / current_setting('block_size')::bigint)::text as blocks`,
      [partition],
    );
    return Number(rows[0]?.blocks);
  });
  let identified = false;
  for (let from = 0; from < blocks; from += BATCH_BLOCKS) {
    const batch = (): Promise<unknown> =>
      session.transaction(purpose, (client) =>
        client.query(
          `update ${partition}
           set transaction_id = case when ${published} then '${LONG_AGO}'::xid8
                                     else pg_current_xact_id() end
           where ctid >= '(${from},0)'::tid and ctid < '(${from + BATCH_BLOCKS},0)'::tid
             and id <= ${BigInt(mostId)}
             and transaction_id <> '${LONG_AGO}' and not ${appendedHere}`,
        ),
      );
    try {
      await batch();
    } catch (error) {
      if (identified || (error as { readonly code?: string }).code !== NO_IDENTITY) throw error;
      await session.transaction(purpose, (client) =>
        client.query('select tidings.identify_rows($1::regclass)', [partition]),
      );
      identified = true;
      await batch();
    }
  }
  if (identified) {
    await session.transaction(purpose, (client) =>
      client.query('select tidings.forget_identity($1::regclass)', [partition]),
    );
  }
}

/**
 * A slot's checkpoint stands before every position, so that its relay repairs the stream:
 * it publishes what the bookmark does not cover, and makes the slot anew.
 */
async function adoptCheckpoints(
  client: pg.ClientBase,
  { slot, poller }: AdoptOutboxOptions,
): Promise<void> {
  await client.query(
    `with new as (
       insert into tidings.checkpoint (name, system_identifier, timeline, acknowledged_lsn,
         bookmark, bookmark_lsn, bookmark_at)
       select name, system_identifier::text, ${currentTimeline}, acknowledged, '${ADOPTED}', '0/0',
              now()
       from pg_control_system(), (values ($1::text, '0/0'::pg_lsn), ($2::text, null))
         as given (name, acknowledged)
       where name is not null
       on conflict (name) do nothing
     )
     update tidings.checkpoint
     set system_identifier = (select system_identifier::text from pg_control_system()),
         timeline = ${currentTimeline}, bookmark = '${ADOPTED}', bookmark_lsn = '0/0',
         bookmark_at = now(), reading_to = null, reading_after = null,
         publication_fingerprint = null, updated_at = now(),
         acknowledged_lsn = case when acknowledged_lsn is not null then '0/0'::pg_lsn end`,
    [slot ?? null, poller ?? null],
  );
}
