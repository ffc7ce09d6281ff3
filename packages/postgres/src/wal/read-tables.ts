import type { ChangeRecord, Position } from '@tidings/relay';
import type pg from 'pg';
import type { Bookmark } from '../checkpoint-store.ts';
import type { OpenIncident } from '../incident-store.ts';
import { bytesOf, queryText, type TextRow } from '../text-rows.ts';
import type { GroupQueue } from './group-queue.ts';
import type { TableBackfill } from './wal-layout.ts';

/** What to read and where it goes. */
export interface TablesRequest<Change> {
  /** In a transaction that sees what the new slot will not stream; it is ended here. */
  readonly client: pg.Client;
  readonly tables: readonly TableBackfill<Change>[];
  readonly incident: OpenIncident;
  /** What was published; undefined reads whole tables. */
  readonly bookmark: Bookmark | undefined;
  readonly queue: GroupQueue<Change>;
  /** The position of each page, one after the other. */
  readonly pages: () => Position;
  readonly signal: AbortSignal;
}

/** Rows of one fetch at most: so few that rows of a megabyte fit in memory too. */
const FETCH_ROWS = 64;
const FETCH_BYTES = 1024 * 1024;
/** Putting tables aside is one statement, which may take its time. */
const HOLD_TIMEOUT_MS = 3_600_000;

/**
 * Reads tables as the new slot's snapshot sees them and queues their rows, a page at a
 * time. The server puts the rows aside on its disk first, so that the transaction ends
 * before the bus is waited for. Returns how many there were.
 */
export async function readTables<Change>(request: TablesRequest<Change>): Promise<number> {
  const { client, tables, bookmark } = request;
  const abort = (): void => void client.end().catch(() => {});
  request.signal.addEventListener('abort', abort, { once: true });
  try {
    for (const [index, { query }] of tables.entries()) {
      await untimed(
        client,
        `declare tidings_table_${index} no scroll cursor with hold for ${query(bookmark)}`,
      );
    }
    await untimed(client, 'commit');
    await client.query('set idle_session_timeout = 0');
    let rows = 0;
    for (const [index, table] of tables.entries()) {
      rows += await readTable(request, table, `tidings_table_${index}`);
    }
    return rows;
  } finally {
    request.signal.removeEventListener('abort', abort);
    await client.end().catch(() => {});
  }
}

async function readTable<Change>(
  { client, queue, signal, incident, pages }: TablesRequest<Change>,
  table: TableBackfill<Change>,
  cursor: string,
): Promise<number> {
  let total = 0;
  for (let count = 1; ; ) {
    await queue.room(signal);
    const rows = await queryText(client, `fetch ${count} from ${cursor}`);
    if (rows.length === 0) return total;
    total += rows.length;
    const bytes = push(queue, table, rows, incident, pages());
    // As many as fit if the next are like these, and no leap where small ones come first.
    const fitting = Math.floor((FETCH_BYTES * rows.length) / Math.max(bytes, 1));
    count = Math.max(1, Math.min(FETCH_ROWS, count * 2, fitting));
  }
}

function push<Change>(
  queue: GroupQueue<Change>,
  table: TableBackfill<Change>,
  rows: readonly TextRow[],
  incident: OpenIncident,
  position: Position,
): number {
  let total = 0;
  const records = rows.map((row): ChangeRecord<Change> => {
    const bytes = bytesOf(row);
    total += bytes;
    return { change: table.read(row, incident), bytes };
  });
  queue.push([{ records, position }], total);
  return total;
}

function untimed(client: pg.Client, text: string): Promise<unknown> {
  return client.query({ text, query_timeout: HOLD_TIMEOUT_MS } as pg.QueryConfig);
}
