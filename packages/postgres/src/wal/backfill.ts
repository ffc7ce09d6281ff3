import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeRecord } from '@tidings/relay';
import pg from 'pg';
import type { Bookmark } from '../checkpoint-store.ts';
import type { OpenIncident } from '../incident-store.ts';
import { formatSnapshot, parseSnapshot } from '../snapshot.ts';
import { bytesOf } from '../text-rows.ts';
import type { GroupQueue } from './group-queue.ts';
import type { ReplacementSlot } from './replacement-slot.ts';
import type { Backfill } from './wal-layout.ts';

/** What has been read again from the table. */
export interface Backfilled {
  readonly rows: number;
  /** Everything visible in it is published once what was read is settled. */
  readonly bookmark: Bookmark;
}

/** What to read and where it goes. */
export interface BackfillRequest<Change> {
  /** With `datestyle`, `timezone` and encoding pinned. */
  readonly connection: pg.ClientConfig;
  readonly replacement: ReplacementSlot;
  readonly backfills: readonly Backfill<Change>[];
  readonly incident: OpenIncident;
  /** What was published; undefined reads the whole table. */
  readonly bookmark: Bookmark | undefined;
  readonly queue: GroupQueue<Change>;
  /** Milliseconds without an answer after which the connection counts as lost. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

const PAGE = 1_000;
/**
 * A transaction may be in the log, and so before the slot's beginning, a moment before
 * other sessions see it; reading at once could miss it in the snapshot's hint bits.
 */
const SETTLE_MS = 50;

/**
 * Reads the rows that no bookmark covers and that the new slot will not stream, in the
 * snapshot that ends where the slot begins: between the two there is neither gap nor
 * overlap. They go to the queue as pieces, without a position.
 */
export async function backfillInto<Change>(request: BackfillRequest<Change>): Promise<Backfilled> {
  const { queue, backfills, replacement, signal } = request;
  const client = new pg.Client({ ...request.connection, query_timeout: request.silenceMs });
  client.on('error', () => {});
  const abort = (): void => void client.end().catch(() => {});
  signal.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
    await delay(SETTLE_MS, undefined, { signal });
    // Policies that came since the look at them make the server refuse.
    await client.query('set row_security = off');
    await client.query('begin isolation level repeatable read read only');
    await client.query(`set transaction snapshot ${pg.escapeLiteral(replacement.snapshotName)}`);
    const taken = await client.query<{ snapshot: string; at: string }>(
      "select pg_current_snapshot()::text as snapshot, to_json(now()) #>> '{}' as at",
    );
    const { snapshot, at } = taken.rows[0] as { snapshot: string; at: string };
    let rows = 0;
    for (const backfill of backfills) {
      await client.query(
        `declare backlog no scroll cursor for ${backfill.query(request.bookmark)}`,
      );
      for (;;) {
        await queue.room(signal);
        const page = await client.query<Record<string, string | null>>({
          text: `fetch ${PAGE} from backlog`,
          types: { getTypeParser: () => (text: string) => text },
        });
        if (page.rows.length === 0) break;
        rows += page.rows.length;
        push(queue, backfill, page.rows, request.incident);
      }
      await client.query('close backlog');
    }
    await client.query('commit');
    const bookmark = {
      // As `parseSnapshot` reads it: the snapshot of a new slot may begin behind its end.
      snapshot: formatSnapshot(parseSnapshot(snapshot)),
      at,
      lsn: replacement.consistentPoint,
    };
    return { rows, bookmark };
  } finally {
    signal.removeEventListener('abort', abort);
    await client.end().catch(() => {});
  }
}

function push<Change>(
  queue: GroupQueue<Change>,
  backfill: Backfill<Change>,
  rows: readonly Record<string, string | null>[],
  incident: OpenIncident,
): void {
  let total = 0;
  const records: ChangeRecord<Change>[] = rows.map((row) => {
    const bytes = bytesOf(row);
    total += bytes;
    return { change: backfill.read(row, incident), bytes };
  });
  queue.push([{ records }], total);
}

/** A condition on `transaction_id` that leaves out what a bookmark covers. */
export function sinceOf(bookmark: Pick<Bookmark, 'snapshot'> | undefined): string {
  if (bookmark === undefined) return 'true';
  if (!/^\d+:\d+:[\d,]*$/.test(bookmark.snapshot)) {
    throw new Error(`"${bookmark.snapshot}" is not a snapshot such as 10:20:10,14`);
  }
  const snapshot = `'${bookmark.snapshot}'::pg_snapshot`;
  return (
    `transaction_id >= pg_snapshot_xmin(${snapshot}) ` +
    `and not pg_visible_in_snapshot(transaction_id, ${snapshot})`
  );
}
