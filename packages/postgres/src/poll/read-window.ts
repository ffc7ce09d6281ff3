import type { ChangeRecord } from '@tidings/relay';
import type pg from 'pg';
import { type OutboxRow, outboxColumns, outboxRowOf } from '../outbox-row.ts';
import { endedIn, type Snapshot, snapshotBetween } from '../snapshot.ts';
import { bytesOf, queryText, type TextRow } from '../text-rows.ts';
import type { SnapshotTaken } from './durable-snapshot.ts';

/** Which rows to read: of transactions that ended after `from` and up to `to`. */
export interface PollWindow {
  readonly from: Snapshot;
  readonly to: SnapshotTaken;
  /** Undefined reads the rows of all ordering keys. */
  readonly shards: readonly number[] | undefined;
  readonly shardCount: number;
}

/** A part of a window that fits in memory. */
export interface WindowPage {
  readonly records: readonly ChangeRecord<OutboxRow>[];
  /** With this page, every row whose transaction had ended in it has been read. */
  readonly readTo: SnapshotTaken;
  readonly last: boolean;
}

/** Rows of one query: few enough that even large ones fit. */
const FETCH_ROWS = 256;
/** A page is complete when it is as large. */
const PAGE_BYTES = 1024 * 1024;

interface Place {
  readonly xid: string;
  readonly id: string;
}

/**
 * Reads a window in pages by (transaction, id): the transactions that ran when `from` was
 * taken and have ended since, which have the lower ids, and then those that came after. A
 * transaction that is still open delays nothing but itself. What a snapshot sees never
 * changes, so each query may use one of its own: nothing is locked, and no transaction
 * stays open while the bus is slow.
 *
 * Within a page rows are put in the order of their ids. Where writers of one ordering key
 * wait for each other (they update the same business row), ids tell who came first, and
 * whoever waited is never in an earlier window, for who was waited for had ended by
 * then. Only a backlog of more than a page leaves it to transaction ids, page by page.
 */
export async function* readWindow(
  client: pg.ClientBase,
  window: PollWindow,
): AsyncGenerator<WindowPage, void, undefined> {
  const { from, to } = window;
  const late = from.running.filter((xid) => endedIn(to.snapshot, xid));
  const parts = [...(late.length === 0 ? [] : [latePart(late)]), newPart(from, to.snapshot)];
  let rows: TextRow[] = [];
  let bytes = 0;
  for (const [index, part] of parts.entries()) {
    let after: Place = { xid: '0', id: '0' };
    for (let more = true; more; ) {
      const fetched = await fetchRows(client, window, part, after);
      more = fetched.length === FETCH_ROWS;
      for (const row of fetched) {
        bytes += bytesOf(row);
        rows.push(row);
      }
      const newest = rows.at(-1);
      if (newest === undefined) continue;
      after = { xid: newest.xid as string, id: newest.id as string };
      const last = !more && index === parts.length - 1;
      if (bytes < PAGE_BYTES || last) continue;
      // The last transaction may go on in the next page: it counts as unread until then.
      const readTo = {
        snapshot: snapshotBetween(from, to.snapshot, BigInt(after.xid)),
        at: newest.appended_at as string,
      };
      yield { records: inOrderOfIds(rows), readTo, last: false };
      rows = [];
      bytes = 0;
    }
  }
  yield { records: inOrderOfIds(rows), readTo: to, last: true };
}

/** Where rows are looked for, as SQL with its values from `$3` on. */
interface WindowPart {
  readonly rows: (condition: string) => string;
  readonly values: readonly unknown[];
}

/** Looks the transactions up one by one: many others lie between them, long read. */
function latePart(xids: readonly bigint[]): WindowPart {
  return {
    rows: (condition) =>
      `unnest($3::xid8[]) as late (xid) cross join lateral (
         select * from tidings.outbox
         where transaction_id = late.xid and ${condition} order by id limit ${FETCH_ROWS}
       ) as outbox`,
    values: [xids.map(String)],
  };
}

function newPart(from: Snapshot, to: Snapshot): WindowPart {
  return {
    rows: (condition) =>
      `(select * from tidings.outbox
        where transaction_id >= $3::xid8 and transaction_id < $4::xid8
          and transaction_id <> all($5::xid8[]) and ${condition}
        order by transaction_id, id limit ${FETCH_ROWS}) as outbox`,
    values: [String(from.xmax), String(to.xmax), to.running.map(String)],
  };
}

function fetchRows(
  client: pg.ClientBase,
  { shards, shardCount }: PollWindow,
  part: WindowPart,
  after: Place,
): Promise<readonly TextRow[]> {
  const values: unknown[] = [after.xid, after.id, ...part.values];
  let condition = '(transaction_id, id) > ($1::xid8, $2::bigint)';
  if (shards !== undefined) {
    values.push(shards, shardCount);
    condition += ` and ${shardHash} % $${values.length} = any($${values.length - 1}::bigint[])`;
  }
  return queryText(
    client,
    `select transaction_id::text as xid, id, to_json(appended_at) #>> '{}' as appended_at,
            ${outboxColumns}
     from ${part.rows(condition)}
     order by transaction_id, id limit ${FETCH_ROWS}`,
    values,
  );
}

/** Rows without a key are spread by their own id. The hash is the one that partitions use. */
const shardHash =
  '(hashtextextended(coalesce(ordering_key, event_id) collate "C", 0) & 9223372036854775807)';

function inOrderOfIds(rows: readonly TextRow[]): ChangeRecord<OutboxRow>[] {
  return rows
    .map((row) => ({ id: Number(row.id), row }))
    .sort((a, b) => a.id - b.id)
    .map(({ row }) => ({ change: outboxRowOf(row), bytes: bytesOf(row) }));
}
