import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import type { TableName, WalLayout } from '../wal/wal-layout.ts';
import { identityStatements } from './replica-identity.ts';
import { type RowHolder, readTableFacts, type TableFacts } from './table-facts.ts';
import { formatTableName } from './table-name.ts';

/** What a table must be able to give. */
export interface TableDemand {
  readonly name: TableName;
  /** For messages: `public.orders`. */
  readonly label: string;
  readonly operations: WalLayout<unknown>['operations'];
  /** True where the row as it was before is read. */
  readonly needsOldRow: boolean;
}

/** The publication that the tables are read through. */
interface InspectedPublication {
  readonly viaRoot: boolean;
  readonly publishesOldRows: boolean;
}

/**
 * Looks whether tables can give what is demanded of them, before there is a publication and
 * with it.
 * @throws ConfigurationError with the statements to run where one cannot.
 */
export async function inspectTables(
  sql: pg.ClientBase,
  publication: string,
  tables: readonly TableDemand[],
  snapshotOnLoss: boolean,
): Promise<ReadonlyMap<string, TableFacts>> {
  const published = await inspectPublication(sql, publication);
  const inspected = new Map<string, TableFacts>();
  for (const table of tables) {
    const facts = await readTableFacts(sql, publication, table.name);
    if (facts === undefined) {
      throw new ConfigurationError(`table ${table.label} does not exist; correct its name`);
    }
    checkPublishable(table, facts, tables);
    checkIdentity(table, facts, publication, published);
    if (snapshotOnLoss && facts.filtered) {
      throw new ConfigurationError(
        `publication "${publication}" filters rows or columns of ${table.label}, which a snapshot ` +
          "would not; remove the filter, or set onSlotLoss to 'halt'",
      );
    }
    inspected.set(table.label, facts);
  }
  return inspected;
}

const otherKinds: Readonly<Record<string, string>> = {
  v: 'a view, which has no changes of its own; capture the tables that it reads',
  m: 'a materialized view, whose changes are not published; capture the tables that it reads',
  f: 'a foreign table, whose changes are in the log of its own server; capture it there',
};

/** Whether all rows of the table reach the log of this server, under its name. */
function checkPublishable(
  { label }: TableDemand,
  facts: TableFacts,
  tables: readonly TableDemand[],
): void {
  if (facts.kind !== 'r' && facts.kind !== 'p') {
    throw new ConfigurationError(
      `${label} is ${otherKinds[facts.kind] ?? 'no table; name a table'}`,
    );
  }
  const captured = tables.map((each) => each.label);
  const ancestor = facts.ancestors.find(
    (each) => each.published || captured.includes(formatTableName(each)),
  );
  if (ancestor !== undefined) {
    const root = formatTableName(ancestor);
    throw new ConfigurationError(
      `${label} is a partition of ${root}, under whose name its changes are published; capture ` +
        `${root} alone`,
    );
  }
  const foreign = facts.holders.filter(({ local }) => !local);
  if (foreign.length > 0) {
    const statements = foreign.map(detachingStatement);
    throw new ConfigurationError(
      `rows of ${label} lie in ${namesOf(foreign)}, a foreign table, whose changes are not in the ` +
        `log of this server; run ${statements.join('; ')}`,
    );
  }
  // A temporary heir is its session's own affair.
  const lasting = facts.holders.filter(({ persistence }) => persistence !== 't');
  if (lasting.length < facts.holders.length && lasting.length === 0) {
    throw new ConfigurationError(
      `${label} is a temporary table, which leaves nothing in the log; capture one that stays`,
    );
  }
  const unlogged = lasting.filter(({ persistence }) => persistence !== 'p');
  if (unlogged.length > 0) {
    const statements = unlogged.map((each) => `ALTER TABLE ${formatTableName(each)} SET LOGGED`);
    throw new ConfigurationError(
      `${namesOf(unlogged)} is unlogged and so leaves nothing in the log; run ` +
        statements.join('; '),
    );
  }
}

/** Whether the log holds as much of a row that was changed as the mapping reads. */
function checkIdentity(
  table: TableDemand,
  facts: TableFacts,
  publication: string,
  published: InspectedPublication | undefined,
): void {
  const { label } = table;
  if (facts.kind === 'p' && published?.viaRoot === false) {
    throw new ConfigurationError(
      `table ${label} is partitioned and its rows come under their partitions' names; run ` +
        `ALTER PUBLICATION ${pg.escapeIdentifier(publication)} SET (publish_via_partition_root = true)`,
    );
  }
  const partial = facts.holders.filter(({ identity }) => identity !== 'full');
  if (table.needsOldRow && partial.length > 0) {
    throw new ConfigurationError(
      `the mapping of ${label} reads the row as it was before, which Postgres does not send; run ` +
        `${identityStatements(partial)}, or set images to 'new'`,
    );
  }
  const withoutKey = facts.holders.filter(({ identity }) => identity === 'none');
  const mapsOldRows = table.operations.some((each) => each === 'update' || each === 'delete');
  if (withoutKey.length > 0 && (mapsOldRows || published?.publishesOldRows === true)) {
    throw new ConfigurationError(
      `table ${label} has no replica identity, and everybody's UPDATE and DELETE fails while the ` +
        `publication publishes them; run ${identityStatements(withoutKey)}`,
    );
  }
}

function detachingStatement(holder: RowHolder): string {
  const [name, parent] = [holder, holder.parent ?? holder].map(formatTableName);
  return holder.heir
    ? `ALTER TABLE ${name} NO INHERIT ${parent}`
    : `ALTER TABLE ${parent} DETACH PARTITION ${name}`;
}

function namesOf(holders: readonly RowHolder[]): string {
  return holders.map(formatTableName).join(', ');
}

async function inspectPublication(
  sql: pg.ClientBase,
  publication: string,
): Promise<InspectedPublication | undefined> {
  const { rows } = await sql.query<{ via_root: boolean; old_rows: boolean }>(
    `select pubviaroot as via_root, pubupdate or pubdelete as old_rows
     from pg_publication where pubname = $1`,
    [publication],
  );
  const row = rows[0];
  return row && { viaRoot: row.via_root, publishesOldRows: row.old_rows };
}
