import type { ChangeRecord } from '@tidings/relay';
import type pg from 'pg';
import { type OutboxRow, outboxColumns, outboxRowOf } from '../outbox-row.ts';
import { bytesOf, queryText, type TextRow } from '../text-rows.ts';
import type { Horizon } from './durable-horizon.ts';

/** Which rows to read: of transactions from `from` on and below `to`. */
export interface PollWindow {
  readonly from: bigint;
  readonly to: Horizon;
  /** Undefined reads the rows of all ordering keys. */
  readonly shards: readonly number[] | undefined;
  readonly shardCount: number;
}

/** A part of a window that fits in memory. */
export interface WindowPage {
  readonly records: readonly ChangeRecord<OutboxRow>[];
  /** With this page, every transaction of the window below it has been read. */
  readonly readTo: Horizon;
  readonly last: boolean;
}

/** Rows of one query: few enough that even large ones fit. */
const FETCH_ROWS = 256;
/** A page is complete when it is as large. */
const PAGE_BYTES = 1024 * 1024;

/**
 * Reads a window in pages by (transaction, id). Rows below a horizon are final and
 * complete, so each query may see a snapshot of its own: nothing is locked, and no
 * transaction stays open while the bus is slow.
 *
 * Within a page rows are put in the order of their ids. Where writers of one ordering key
 * wait for each other (they update the same business row), ids tell who came first, and
 * a transaction that began early may still have appended last. Windows keep that order
 * among themselves, because who waits has not ended when the earlier window's horizon
 * is taken. Only a backlog of more than a page leaves it to transaction ids, page by page.
 */
export async function* readWindow(
  client: pg.ClientBase,
  window: PollWindow,
): AsyncGenerator<WindowPage, void, undefined> {
  let after: { readonly xid: string; readonly id: string } = { xid: String(window.from), id: '0' };
  for (let last = false; !last; ) {
    const rows: TextRow[] = [];
    for (let bytes = 0; bytes < PAGE_BYTES && !last; ) {
      const fetched = await fetchRows(client, window, after);
      for (const row of fetched) {
        bytes += bytesOf(row);
        rows.push(row);
      }
      const newest = fetched.at(-1);
      if (newest !== undefined) after = { xid: newest.xid as string, id: newest.id as string };
      last = fetched.length < FETCH_ROWS;
    }
    // The last transaction may go on in the next page: it counts as unread until then.
    const readTo = last
      ? window.to
      : { xid: BigInt(after.xid), at: rows.at(-1)?.appended_at as string };
    yield { records: inOrderOfIds(rows), readTo, last };
  }
}

function fetchRows(
  client: pg.ClientBase,
  { to, shards, shardCount }: PollWindow,
  after: { readonly xid: string; readonly id: string },
): Promise<readonly TextRow[]> {
  const values: unknown[] = [after.xid, after.id, String(to.xid)];
  let condition = '';
  if (shards !== undefined) {
    values.push(shards, shardCount);
    condition = `and ${shardOf} % $5 = any($4::bigint[])`;
  }
  return queryText(
    client,
    `select transaction_id::text as xid, id, to_json(appended_at) #>> '{}' as appended_at,
            ${outboxColumns}
     from tidings.outbox
     where (transaction_id, id) > ($1::xid8, $2::bigint) and transaction_id < $3::xid8
     ${condition}
     order by transaction_id, id limit ${FETCH_ROWS}`,
    values,
  );
}

/** Rows without a key are spread by their own id. The hash is the one that partitions use. */
const shardOf =
  '(hashtextextended(coalesce(ordering_key, event_id) collate "C", 0) & 9223372036854775807)';

function inOrderOfIds(rows: readonly TextRow[]): ChangeRecord<OutboxRow>[] {
  return rows
    .map((row) => ({ id: Number(row.id), row }))
    .sort((a, b) => a.id - b.id)
    .map(({ row }) => ({ change: outboxRowOf(row), bytes: bytesOf(row) }));
}
