import { ConfigurationError } from '@tidings/relay';
import pg from 'pg';
import type { TableName, WalLayout } from '../wal/wal-layout.ts';
import { identityStatement } from './capture-row.ts';
import type { CatalogColumns } from './row-key.ts';
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

interface TableRow {
  readonly partitioned: boolean;
  readonly primary_key: string[] | null;
  readonly columns: readonly (readonly [name: string, type: number])[] | null;
  readonly filtered: boolean;
  /** Tables that hold rows, the table itself or its partitions, and their identities. */
  readonly leaves: readonly {
    readonly schema: string;
    readonly table: string;
    readonly identity: 'default' | 'nothing' | 'full' | 'index';
  }[];
}

/**
 * Looks whether tables can give what is demanded of them.
 * @throws ConfigurationError with the statements to run where one cannot.
 */
export async function inspectTables(
  sql: pg.ClientBase,
  publication: string,
  tables: readonly TableDemand[],
  snapshotOnLoss: boolean,
): Promise<ReadonlyMap<string, CatalogColumns>> {
  const published = await inspectPublication(sql, publication);
  const inspected = new Map<string, CatalogColumns>();
  for (const table of tables) {
    const row = await inspectTable(sql, publication, table);
    if (row === undefined) {
      throw new ConfigurationError(`table ${table.label} does not exist; correct its name`);
    }
    checkTable(table, row, publication, published);
    if (snapshotOnLoss && row.filtered) {
      throw new ConfigurationError(
        `publication "${publication}" filters rows or columns of ${table.label}, which a snapshot ` +
          "would not; remove the filter, or set onSlotLoss to 'halt'",
      );
    }
    inspected.set(table.label, {
      primaryKey: row.primary_key ?? [],
      columns: new Map(row.columns),
    });
  }
  return inspected;
}

function checkTable(
  table: TableDemand,
  row: TableRow,
  publication: string,
  published: InspectedPublication | undefined,
): void {
  const { label } = table;
  if (row.partitioned && published?.viaRoot === false) {
    throw new ConfigurationError(
      `table ${label} is partitioned and its rows come under their partitions' names; run ` +
        `ALTER PUBLICATION ${pg.escapeIdentifier(publication)} SET (publish_via_partition_root = true)`,
    );
  }
  const partial = row.leaves.filter(({ identity }) => identity !== 'full');
  if (table.needsOldRow && partial.length > 0) {
    throw new ConfigurationError(
      `the mapping of ${label} reads the row as it was before, which Postgres does not send; run ` +
        `${statementsFor(partial)}, or set images to 'new'`,
    );
  }
  const withoutKey = row.leaves.filter(
    ({ identity }) => identity === 'nothing' || (identity === 'default' && !row.primary_key),
  );
  const mapsOldRows = table.operations.some((each) => each === 'update' || each === 'delete');
  if (withoutKey.length > 0 && (mapsOldRows || published?.publishesOldRows === true)) {
    throw new ConfigurationError(
      `table ${label} has no replica identity, and everybody's UPDATE and DELETE fails while the ` +
        `publication publishes them; run ${statementsFor(withoutKey)}`,
    );
  }
}

function statementsFor(tables: TableRow['leaves']): string {
  return tables.map((each) => identityStatement(formatTableName(each))).join('; ');
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

async function inspectTable(
  sql: pg.ClientBase,
  publication: string,
  { name }: TableDemand,
): Promise<TableRow | undefined> {
  const { rows } = await sql.query<TableRow>(
    `select c.relkind = 'p' as partitioned,
            (select json_agg(a.attname order by k.ordinality)
             from pg_index i
             cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, ordinality)
             join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
               and k.ordinality <= i.indnkeyatts
             where i.indrelid = c.oid and i.indisprimary) as primary_key,
            (select json_agg(json_build_array(a.attname, a.atttypid::int8) order by a.attnum)
             from pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0
               and not a.attisdropped and a.attgenerated = ''
               and not exists (
                 select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
                 where r.prrelid = c.oid and p.pubname = $3
                   and jsonb_typeof(to_jsonb(r) -> 'prattrs') = 'array'
                   and not to_jsonb(r) -> 'prattrs' @> to_jsonb(a.attnum))) as columns,
            exists (select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
                    where r.prrelid = c.oid and p.pubname = $3
                      and (to_jsonb(r) ->> 'prqual' is not null
                        or to_jsonb(r) ->> 'prattrs' is not null)) as filtered,
            (select coalesce(json_agg(json_build_object(
                      'schema', n.nspname, 'table', l.relname,
                      'identity', case l.relreplident when 'd' then 'default' when 'n' then 'nothing'
                                    when 'f' then 'full' else 'index' end)), '[]')
             from pg_class l
             join pg_namespace n on n.oid = l.relnamespace
             where l.relkind = 'r'
               and (l.oid = c.oid or l.oid in (select relid from pg_partition_tree(c.oid)))
            ) as leaves
     from pg_class c
     where c.oid = to_regclass(quote_ident($1) || '.' || quote_ident($2)) and c.relkind in ('r', 'p')`,
    [name.schema, name.table, publication],
  );
  return rows[0];
}
