import type { SealedEvent } from '@tidings/contract';
import type { OutboxValue } from './outbox-executor.ts';

/** The columns of `tidings.outbox` that a writer fills, and what each is cast to. */
const columns: readonly (readonly [name: string, cast: string])[] = [
  ['event_id', ''],
  ['source', ''],
  ['detail_type', ''],
  ['detail', '::json'],
  ['occurred_at', '::timestamptz'],
  ['resources', '::json'],
  ['idempotency_key', ''],
  ['ordering_key', ''],
  ['trace_header', ''],
];

/** The columns that a writer fills; the others have defaults. */
export const writtenColumns: readonly string[] = columns.map(([name]) => name);
const into = `insert into tidings.outbox (${writtenColumns.join(', ')})`;

// Both texts are constants, so that whoever caches statements by their text finds two.
const insertOne = `${into} values (${columns
  .map(([, cast], index) => `$${index + 1}::text${cast}`)
  .join(', ')})`;

// Any number of events in one parameter: PostgreSQL takes 65,535 a statement, Prisma half
// of that. The function's rows keep the array's order, and so do the ids.
const insertMany = `${into} select ${columns
  .map(([name, cast]) => name + cast)
  .join(', ')} from json_to_recordset($1::text::json) as event (${writtenColumns
  .map((name) => `${name} text`)
  .join(', ')})`;

/** A statement for an executor. */
export interface InsertStatement {
  readonly text: string;
  readonly values: readonly OutboxValue[];
}

/** The one statement that inserts one event or more. */
export function insertStatement(events: readonly [SealedEvent, ...SealedEvent[]]): InsertStatement {
  if (events.length === 1) return { text: insertOne, values: valuesOf(events[0]) };
  const rows = events.map((event) => {
    const values = valuesOf(event);
    return Object.fromEntries(writtenColumns.map((name, index) => [name, values[index]]));
  });
  return { text: insertMany, values: [JSON.stringify(rows)] };
}

function valuesOf(event: SealedEvent): readonly OutboxValue[] {
  return [
    event.eventId,
    event.source,
    event.detailType,
    event.detail,
    event.time.toISOString(),
    JSON.stringify(event.resources),
    event.idempotencyKey,
    event.orderingKey ?? null,
    event.traceHeader ?? null,
  ];
}
