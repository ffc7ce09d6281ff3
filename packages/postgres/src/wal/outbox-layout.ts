import pg from 'pg';
import type { Bookmark } from '../checkpoint-store.ts';
import { type OutboxRow, outboxRowReader, sealedEventOf } from '../outbox-row.ts';
import type { WalLayout } from './wal-layout.ts';

/** Reads `tidings.outbox`: inserts alone, each of them one event. */
export const outboxLayout: WalLayout<OutboxRow> = {
  tables: [{ schema: 'tidings', table: 'outbox' }],
  operations: ['insert'],
  reader(relation) {
    if (relation.schema !== 'tidings' || relation.table !== 'outbox') return undefined;
    const read = outboxRowReader(relation);
    return (message) => {
      if (message.kind !== 'insert') throw new Error('an outbox is append-only');
      return read(message.now);
    };
  },
  capture: (row) => [sealedEventOf(row)],
  backfill: {
    kind: 'outbox',
    countQuery: (bookmark) => `select from tidings.outbox where ${sinceOf(bookmark)}`,
    read: (row) => row,
  },
};

/** A condition on `transaction_id` that leaves out what a bookmark covers. */
function sinceOf(bookmark: Pick<Bookmark, 'snapshot'>): string {
  const snapshot = `${pg.escapeLiteral(bookmark.snapshot)}::pg_snapshot`;
  return (
    `transaction_id >= pg_snapshot_xmin(${snapshot}) ` +
    `and not pg_visible_in_snapshot(transaction_id, ${snapshot})`
  );
}
