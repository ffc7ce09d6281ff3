import type { ChangeRecord } from '@tidings/relay';
import type pg from 'pg';
import { type OutboxRow, outboxRowOf } from '../outbox-row.ts';
import { type OutboxSelection, readById } from '../read-by-id.ts';
import { endedIn, type Snapshot } from '../snapshot.ts';
import { bytesOf } from '../text-rows.ts';

/** Which rows to read: of transactions that ended after `from` and up to `to`. */
export interface PollWindow {
  readonly from: Snapshot;
  readonly to: Snapshot;
  /** Rows up to this id have been read before. */
  readonly after: string;
  /** Undefined reads the rows of all ordering keys. */
  readonly shards: readonly number[] | undefined;
  readonly shardCount: number;
  /**
   * Conditions on rows, called `r`, that are read too, whatever their transaction: of a
   * partition that was attached with rows in it.
   */
  readonly besides?: readonly string[];
}

/** A part of a window that fits in memory. */
export interface WindowPage {
  readonly records: readonly ChangeRecord<OutboxRow>[];
  /** With this page, every row of the window up to this id has been read. */
  readonly after: string;
  /** The window ends with it. */
  readonly last: boolean;
}

/**
 * Reads a window in order of `id`, all of it, however long it is: the transactions that ran
 * when `from` was taken and have ended since, and those that came after. A transaction that
 * is still open delays nothing but itself. What a snapshot sees never changes, so each query
 * may use one of its own: nothing is locked, and no transaction stays open while the bus is
 * slow.
 *
 * Where writers of one ordering key wait for each other (they update the same business row),
 * ids tell who came first, and whoever waited is never in an earlier window, for who was
 * waited for had ended by then.
 */
export async function* readWindow(
  client: pg.ClientBase,
  window: PollWindow,
): AsyncGenerator<WindowPage, void, undefined> {
  // One piece ahead, so that the last one is known as such.
  let held: Omit<WindowPage, 'last'> = { records: [], after: window.after };
  for await (const rows of readById(client, selectionOf(window))) {
    if (held.records.length > 0) yield { ...held, last: false };
    held = {
      records: rows.map((row) => ({ change: outboxRowOf(row), bytes: bytesOf(row) })),
      after: rows.at(-1)?.id ?? held.after,
    };
  }
  yield { ...held, last: true };
}

function selectionOf(window: PollWindow): OutboxSelection {
  const { from, to, after, shards, shardCount, besides = [] } = window;
  const late = from.running.filter((xid) => endedIn(to, xid)).map(String);
  const values: unknown[] = [String(from.xmax), String(to.xmax), to.running.map(String)];
  const rows = [
    'transaction_id >= $1::xid8 and transaction_id < $2::xid8 and transaction_id <> all($3::xid8[])',
  ];
  if (late.length > 0) {
    values.push(late);
    rows.push(`transaction_id = any($${values.length}::xid8[])`);
  }
  let condition = 'true';
  if (shards !== undefined) {
    values.push(shards, shardCount);
    condition = `${shardHash} % $${values.length} = any($${values.length - 1}::bigint[])`;
  }
  const others = besides.map((each) => `(${each}) and not (${rows.join(' or ')})`);
  const parts = [...rows, ...others].map(
    (each) => `select r.* from tidings.outbox as r where ${each}`,
  );
  return { from: `(${parts.join(' union all ')}) as outbox`, condition, values, after };
}

/** Rows without a key are spread by their own id. The hash is the one that partitions use. */
const shardHash =
  '(hashtextextended(coalesce(ordering_key, event_id) collate "C", 0) & 9223372036854775807)';
