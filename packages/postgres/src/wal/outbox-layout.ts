import pg from 'pg';
import type { Bookmark } from '../checkpoint-store.ts';
import { type OutboxRow, outboxRowReader, sealedEventOf } from '../outbox-row.ts';
import { CapturedRelations } from '../tables/captured-relations.ts';
import { formatTableName } from '../tables/table-name.ts';
import type { Relation } from './pgoutput.ts';
import type { RowReader, WalLayout } from './wal-layout.ts';

/** Reads `tidings.outbox`: inserts alone, each of them one event. */
export const outboxLayout: WalLayout<OutboxRow> = {
  tables: [{ schema: 'tidings', table: 'outbox' }],
  operations: ['insert'],
  reader(relation) {
    if (relation.schema !== 'tidings' || relation.table !== 'outbox') return undefined;
    return rowReader(relation);
  },
  capture: (row) => [sealedEventOf(row)],
  backfill: {
    kind: 'outbox',
    countQuery: (bookmark) => `select from tidings.outbox where ${sinceOf(bookmark)}`,
    read: (row) => row,
  },
};

/**
 * The same by OID, for one source: a row that was written while the outbox had another name
 * is one of the outbox, and so is one of its partition that the stream tells by its own name.
 */
export function followedOutboxLayout(): WalLayout<OutboxRow> {
  const relations = new CapturedRelations(
    outboxLayout.tables.map((name) => ({
      name,
      label: formatTableName(name),
      operations: outboxLayout.operations,
      needsOldRow: false,
    })),
    false,
  );
  return {
    ...outboxLayout,
    prepare: (sql, publication) => relations.refresh(sql, publication, false),
    reader: (relation, xid) =>
      relations.find(relation, xid) === undefined ? undefined : rowReader(relation),
  };
}

function rowReader(relation: Relation): RowReader<OutboxRow> {
  const read = outboxRowReader(relation);
  return (message) => {
    if (message.kind !== 'insert') throw new Error('an outbox is append-only');
    return read(message.now);
  };
}

/** A condition on `transaction_id` that leaves out what a bookmark covers. */
function sinceOf(bookmark: Pick<Bookmark, 'snapshot'>): string {
  const snapshot = `${pg.escapeLiteral(bookmark.snapshot)}::pg_snapshot`;
  return (
    `transaction_id >= pg_snapshot_xmin(${snapshot}) ` +
    `and not pg_visible_in_snapshot(transaction_id, ${snapshot})`
  );
}
