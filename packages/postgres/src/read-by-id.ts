import type pg from 'pg';
import { outboxColumns } from './outbox-row.ts';
import { queryText, type TextRow } from './text-rows.ts';

/** Which rows of the outbox to read: a FROM item called `outbox`, and a condition on it. */
export interface OutboxSelection {
  readonly from: string;
  readonly condition: string;
  readonly values: readonly unknown[];
  /** Reads ids above it alone. */
  readonly after: string;
}

/** Rows that are looked at in one query. */
const LOOK_ROWS = 256;
/** Text of the rows that one query brings, at most, and one row beyond it. */
const FETCH_BYTES = 1024 * 1024;
/** Collecting the ids of a long backlog is one statement, which may take its time. */
const COLLECT_TIMEOUT_MS = 600_000;
const backlog = 'tidings_backlog';

/**
 * Reads rows of the outbox in order of `id`, in pieces that are bounded by bytes whatever
 * the size of a row. Nothing is locked, and no transaction stays open between two pieces:
 * where there are many rows, their ids are collected in order once, in a cursor that the
 * server keeps on disk. So it needs a session of its own, not one behind a pooler.
 *
 * Each row has `xid` and `id` beside the columns of the outbox.
 */
export async function* readById(
  client: pg.ClientBase,
  selection: OutboxSelection,
): AsyncGenerator<readonly TextRow[], void, undefined> {
  const { from, condition, values, after } = selection;
  const limit = `$${values.length + 1}::bigint`;
  const rowsAfter = `from ${from} where ${condition} and id > ${limit}`;
  const first = await look(
    client,
    `(select outbox.* ${rowsAfter} order by id limit ${LOOK_ROWS}) as outbox`,
    [...values, after],
  );
  yield* inPieces(client, first);
  const last = first.at(-1);
  if (first.length < LOOK_ROWS || last === undefined) return;
  await client.query({
    text: `declare ${backlog} no scroll cursor with hold for
           select transaction_id::text as xid, id ${rowsAfter} order by id`,
    values: [...values, last.id],
    query_timeout: COLLECT_TIMEOUT_MS,
  } as pg.QueryConfig);
  try {
    for (;;) {
      const places = await queryText(client, `fetch ${LOOK_ROWS} from ${backlog}`);
      if (places.length === 0) return;
      yield* inPieces(client, await look(client, ...rowsAt(places)));
    }
  } finally {
    await client.query(`close ${backlog}`).catch(() => {});
  }
}

/** Brings rows whole while they fit, and of the others where they are and how large. */
function look(
  client: pg.ClientBase,
  from: string,
  values: readonly unknown[],
): Promise<readonly TextRow[]> {
  const whole = `before < ${FETCH_BYTES}`;
  return queryText(
    client,
    `select transaction_id::text as xid, id, size::text as size, (${whole})::text as whole,
            ${outboxColumns
              .replace('detail::text', `case when ${whole} then detail::text end as detail`)
              .replace(
                'resources::text',
                `case when ${whole} then resources::text end as resources`,
              )}
     from (
       select outbox.*, sum(size) over (order by id) - size as before
       from (select outbox.*, octet_length(detail::text) + octet_length(resources::text) as size
             from ${from}) as outbox
     ) as outbox order by id`,
    values,
  );
}

async function* inPieces(
  client: pg.ClientBase,
  rows: readonly TextRow[],
): AsyncGenerator<readonly TextRow[], void, undefined> {
  const cut = rows.findIndex((row) => row.whole === 'false');
  const whole = cut === -1 ? rows : rows.slice(0, cut);
  if (whole.length > 0) yield whole;
  let piece: TextRow[] = [];
  let bytes = 0;
  for (const row of cut === -1 ? [] : rows.slice(cut)) {
    const size = Number(row.size);
    if (piece.length > 0 && bytes + size > FETCH_BYTES) {
      yield await fetchWhole(client, piece);
      piece = [];
      bytes = 0;
    }
    piece.push(row);
    bytes += size;
  }
  if (piece.length > 0) yield await fetchWhole(client, piece);
}

function fetchWhole(
  client: pg.ClientBase,
  places: readonly TextRow[],
): Promise<readonly TextRow[]> {
  const [from, values] = rowsAt(places);
  return queryText(
    client,
    `select transaction_id::text as xid, id, ${outboxColumns} from ${from} order by id`,
    values,
  );
}

/** A FROM item of the rows at known places, each looked up by the index. */
function rowsAt(places: readonly TextRow[]): [from: string, values: readonly unknown[]] {
  return [
    `unnest($1::xid8[], $2::bigint[]) as place (xid, place_id) cross join lateral (
       select * from tidings.outbox where transaction_id = xid and id = place_id
     ) as outbox`,
    [places.map(({ xid }) => xid), places.map(({ id }) => id)],
  ];
}
