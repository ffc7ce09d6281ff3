import { hash } from 'node:crypto';
import type { PublishableEvent } from '@tidings/contract';
import { CaptureError, rowOf } from '@tidings/relay';
import pg from 'pg';
import { ConnectionLost } from '../connection-lost.ts';
import type { Backfill, WalLayout } from '../wal/wal-layout.ts';
import { captureRow, identityStatement, type TableKnowledge } from './capture-row.ts';
import type { CapturedTable } from './capture-table.ts';
import { type CatalogColumns, hasColumnsOf, rowKeyOf } from './row-key.ts';
import { type TableChange, tableChangeReader } from './table-change.ts';
import { inspectTables } from './table-inspection.ts';
import { builtInTypes, loadTypeCatalog } from './type-catalog.ts';

const noColumns: CatalogColumns = { primaryKey: [], columns: new Map() };

/**
 * Reads tables of the business. Values stay text until they are captured, so that one
 * that cannot be read makes its change poison and leaves the stream alone.
 */
export function tableLayout(
  tables: readonly CapturedTable[],
  snapshotOnLoss: boolean,
): WalLayout<TableChange> {
  const byLabel = new Map(tables.map((table) => [table.label, table]));
  let inspected: ReadonlyMap<string, CatalogColumns> = new Map();
  let types = builtInTypes;
  const lookedFor = new Set<string>();

  function tableOf(schema: string, name: string): CapturedTable | undefined {
    return tables.find((each) => each.name.schema === schema && each.name.table === name);
  }

  return {
    tables: tables.map(({ name }) => name),
    operations: [...new Set(tables.flatMap(({ operations }) => operations))],
    async prepare(sql, publication): Promise<void> {
      inspected = await inspectTables(sql, publication, tables, snapshotOnLoss);
      types = await loadTypeCatalog(sql);
    },
    reader(relation) {
      const table = tableOf(relation.schema, relation.table);
      if (table === undefined) return undefined;
      const catalog = inspected.get(table.label) ?? noColumns;
      const unknown = relation.typeOids.some((oid) => types.readerOf(oid) === undefined);
      if (unknown || !hasColumnsOf(relation, catalog)) {
        // A new connection reads the catalog first. Where that says the same, it is the
        // stream that is of an earlier time.
        const described = JSON.stringify(relation);
        if (!lookedFor.has(described)) {
          lookedFor.add(described);
          throw new ConnectionLost(`the columns of ${table.label} have changed`);
        }
      }
      return tableChangeReader(table.label, relation, rowKeyOf(relation, catalog));
    },
    capture(change) {
      const table = byLabel.get(change.table);
      if (table === undefined) throw new CaptureError(`table ${change.table} is not captured`);
      const { primaryKey } = inspected.get(change.table) ?? noColumns;
      return eventsOf(table, change, { types, primaryKey });
    },
    backfill: snapshotOnLoss
      ? tables.map((table) => snapshotOf(table, () => inspected.get(table.label) ?? noColumns))
      : undefined,
    remedy:
      "start once with onSlotLoss: 'snapshot', which gives every row to the mappings' snapshot, " +
      'run setUpTableCapture if it is the tables that changed',
  };
}

function eventsOf(
  table: CapturedTable,
  change: TableChange,
  knowledge: TableKnowledge,
): readonly PublishableEvent[] {
  if (change.kind === 'snapshot') {
    return table.snapshot === undefined ? [] : captureRow(change, knowledge, table.snapshot);
  }
  // Another table's mapping may have asked for operations that this one leaves out.
  if (!table.operations.includes(change.kind)) return [];
  if (change.kind === 'truncate') {
    throw new CaptureError(
      `TRUNCATE of ${change.table} removed rows that nobody can tell of one by one; tell their ` +
        'consumers, and use DELETE',
    );
  }
  const lacksOldRow = change.kind !== 'insert' && change.before === undefined;
  if (table.needsOldRow && lacksOldRow) {
    throw new CaptureError(
      `a change of ${change.table} came without the row before it; run ` +
        `${identityStatement(change.table)} (on each partition of a partitioned table)`,
    );
  }
  return captureRow(change, knowledge, table.changes);
}

/**
 * Reads every row of a table in order of its key; the columns that the stream carries, as it
 * writes them. They are numbered: pg loses a column called `__proto__`.
 */
function snapshotOf(
  { name, label }: CapturedTable,
  catalogOf: () => CatalogColumns,
): Backfill<TableChange> {
  return {
    countable: false,
    query: () => {
      const { columns, primaryKey } = catalogOf();
      const list = [...columns.keys()].map(
        (column, i) => `${pg.escapeIdentifier(column)} as c${i}`,
      );
      const table = `${pg.escapeIdentifier(name.schema)}.${pg.escapeIdentifier(name.table)}`;
      const order =
        primaryKey.length > 0 ? primaryKey.map(pg.escapeIdentifier) : ['tableoid', 'ctid'];
      return `select ${list.join(', ')} from ${table} as o order by ${order.map((each) => `o.${each}`).join(', ')}`;
    },
    read: (numbered, incident) => {
      const { columns, primaryKey } = catalogOf();
      const now = rowOf(
        [...columns.keys()].map((column, i) => [column, numbered[`c${i}`] ?? null]),
      );
      return {
        table: label,
        kind: 'snapshot',
        id: `incident-${incident.id}-${hash('sha256', JSON.stringify([label, now]), 'hex')}`,
        occurredAt: incident.openedAt,
        now,
        types: rowOf(columns),
        key: primaryKey,
      };
    },
  };
}
