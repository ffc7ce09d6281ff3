import { ConfigurationError, rowOf } from '@tidings/relay';
import pg from 'pg';
import type { Bookmark } from '../checkpoint-store.ts';
import { CapturedRelations } from '../tables/captured-relations.ts';
import { type TableChange, tableChangeReader } from '../tables/table-change.ts';
import type { TableDemand } from '../tables/table-inspection.ts';
import { formatTableName, parseTableName } from '../tables/table-name.ts';
import type { WalLayout } from '../wal/wal-layout.ts';
import { type DebeziumMapping, debeziumEventsOf } from './debezium-events.ts';
import { type DebeziumColumns, type DebeziumRow, debeziumRowOf } from './debezium-row.ts';
import { fullTransactionIdSql } from './full-transaction-id.ts';
import { findRisingColumn, orderingSql, type RowOrder, tracksCommits } from './row-order.ts';

const BYTEA = 17;

/** What is demanded of a Debezium outbox: its inserts. */
export function debeziumDemand(table: string): TableDemand {
  const name = parseTableName(table);
  return { name, label: formatTableName(name), operations: ['insert'], needsOldRow: false };
}

/**
 * Reads a Debezium outbox table as it stands. Only inserts are read, also those of rows
 * that the same transaction deletes again.
 */
export function debeziumLayout(
  demand: TableDemand,
  columns: DebeziumColumns,
  mapping: DebeziumMapping,
  rowsStay: boolean,
  orderBy: string | undefined,
): WalLayout<DebeziumRow> {
  const { name, label } = demand;
  let order: RowOrder = { column: orderBy, byCommit: false };
  const relations = new CapturedRelations([demand], false);
  let present: readonly string[] = [];
  return {
    tables: [name],
    operations: demand.operations,
    async prepare(sql, publication): Promise<void> {
      await relations.refresh(sql, publication, rowsStay);
      const types = relations.factsOf(label)?.columns ?? new Map<string, number>();
      checkColumns(label, columns, types, orderBy);
      present = [...types.keys()];
      if (!rowsStay) return;
      order = {
        column: orderBy ?? (await findRisingColumn(sql, name)),
        byCommit: await tracksCommits(sql),
      };
    },
    reader(relation, xid) {
      const captured = relations.find(relation, xid);
      if (captured === undefined) return undefined;
      const read = tableChangeReader(captured, relation);
      return (message, place) => changeRow(read(message, place), columns);
    },
    capture: (row) => debeziumEventsOf(row, mapping),
    backfill: rowsStay
      ? {
          kind: 'tables',
          tables: [
            {
              query: (bookmark) => backfillQuery(name, present, order, bookmark),
              read: (numbered, { openedAt }) => {
                const row = rowOf(present.map((column, i) => [column, numbered[`c${i}`] ?? null]));
                return debeziumRowOf(row, columns, openedAt);
              },
            },
          ],
        }
      : undefined,
    remedy: "start once with onSlotLoss: 'heal' if the rows are still in the table",
  };
}

function changeRow(change: TableChange, columns: DebeziumColumns): DebeziumRow {
  return debeziumRowOf(change.now ?? {}, columns, change.occurredAt);
}

function checkColumns(
  label: string,
  columns: DebeziumColumns,
  types: ReadonlyMap<string, number>,
  orderBy: string | undefined,
): void {
  if (orderBy !== undefined && !types.has(orderBy)) {
    throw new ConfigurationError(
      `table ${label} has no column "${orderBy}"; name in orderBy one that it has`,
    );
  }
  for (const [part, column] of Object.entries(columns)) {
    if (!types.has(column)) {
      throw new ConfigurationError(
        `table ${label} has no column "${column}"; name the one that it has in columns.${part}`,
      );
    }
  }
  if (types.get(columns.payload) === BYTEA) {
    throw new ConfigurationError(
      `column "${columns.payload}" of ${label} is bytea; the payload must be json, jsonb or text`,
    );
  }
}

/**
 * Rows that no bookmark covers. A row's xmin may be that of a subtransaction, which a
 * snapshot does not list among those that run: so whatever is not older than the oldest
 * transaction that ran counts as not covered.
 */
function backfillQuery(
  { schema, table }: TableDemand['name'],
  columns: readonly string[],
  order: RowOrder,
  bookmark: Pick<Bookmark, 'snapshot'> | undefined,
): string {
  const writtenBy = fullTransactionIdSql('o.xmin::text::bigint', 's.next');
  const covered =
    bookmark === undefined
      ? '0'
      : `pg_snapshot_xmin(${pg.escapeLiteral(bookmark.snapshot)}::pg_snapshot)::text::bigint`;
  return (
    `select ${columns.map((column, i) => `o.${pg.escapeIdentifier(column)} as c${i}`).join(', ')} ` +
    `from ${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)} o, ` +
    '(select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next) s ' +
    `where ${writtenBy} >= ${covered} order by ${orderingSql(order, writtenBy)}`
  );
}
