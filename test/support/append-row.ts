import type pg from 'pg';

/** What matters of a row that a test puts into the outbox itself. */
export interface AppendedRow {
  /** Its eventId and idempotencyKey. */
  readonly key: string;
  readonly orderingKey?: string;
  /** Default `OrderPlaced`. */
  readonly detailType?: string;
  /** JSON text. Default `{"n":12345678901234567890}`: more digits than a double has. */
  readonly data?: string;
  /** Default now: decides about the partition and the age. */
  readonly appendedAt?: string;
}

/** Appends a row as a program in another language would, in the client's transaction. */
export async function appendRow(
  client: Pick<pg.ClientBase, 'query'>,
  { key, orderingKey, detailType = 'OrderPlaced', data, appendedAt }: AppendedRow,
): Promise<void> {
  const occurredAt = '2026-06-07T02:00:00.123Z';
  const metadata = { eventId: key, version: '1.0', idempotencyKey: key, occurredAt, orderingKey };
  await client.query(
    `insert into tidings.outbox (event_id, source, detail_type, detail, occurred_at,
       idempotency_key, ordering_key, appended_at)
     values ($1, 'com.acme.orders', $2, $3, $4, $1, $5, coalesce($6::timestamptz, now()))`,
    [
      key,
      detailType,
      `{"metadata":${JSON.stringify(metadata)},"data":${data ?? '{"n":12345678901234567890}'}}`,
      occurredAt,
      orderingKey ?? null,
      appendedAt ?? null,
    ],
  );
}
