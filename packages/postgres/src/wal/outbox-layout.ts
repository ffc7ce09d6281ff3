import { type OutboxRow, outboxRowOf, outboxRowReader, sealedEventOf } from '../outbox-row.ts';
import { sinceOf } from './backfill.ts';
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
  backfill: [
    {
      countable: true,
      query: (bookmark) =>
        `select event_id, source, detail_type, detail::text, occurred_at::text,
                resources::text, idempotency_key, ordering_key, trace_header
         from tidings.outbox where ${sinceOf(bookmark)} order by id`,
      read: outboxRowOf,
    },
  ],
};
