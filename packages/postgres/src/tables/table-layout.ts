import { hash } from 'node:crypto';
import type { PublishableEvent } from '@tidings/contract';
import { CaptureError, rowOf } from '@tidings/relay';
import pg from 'pg';
import type { TableBackfill, WalLayout } from '../wal/wal-layout.ts';
import { captureRow, type TableKnowledge } from './capture-row.ts';
import type { CapturedTable } from './capture-table.ts';
import { CapturedRelations } from './captured-relations.ts';
import { identityRemedy } from './replica-identity.ts';
import type { CatalogColumns } from './row-key.ts';
import { type TableChange, tableChangeReader } from './table-change.ts';

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
  const relations = new CapturedRelations(tables, true);
  return {
    tables: tables.map(({ name }) => name),
    operations: [...new Set(tables.flatMap(({ operations }) => operations))],
    prepare: (sql, publication) => relations.refresh(sql, publication, snapshotOnLoss),
    reader(relation, xid) {
      const captured = relations.find(relation, xid);
      return captured && tableChangeReader(captured, relation);
    },
    capture(change) {
      const table = byLabel.get(change.table);
      if (table === undefined) throw new CaptureError(`table ${change.table} is not captured`);
      const { primaryKey = [], holders = [] } = relations.factsOf(change.table) ?? {};
      return eventsOf(table, change, {
        types: relations.types,
        primaryKey,
        identityRemedy: identityRemedy(table.name, holders),
      });
    },
    backfill: snapshotOnLoss
      ? {
          kind: 'tables',
          tables: tables.map((table) =>
            snapshotOf(table, () => relations.factsOf(table.label) ?? noColumns),
          ),
        }
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
      `a change of ${change.table} came without the row before it; run ${knowledge.identityRemedy}`,
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
): TableBackfill<TableChange> {
  return {
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
