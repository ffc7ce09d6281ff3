/**
 * What happened to a row: it was inserted, modified, removed, or removed by the store
 * itself because its time to live had run out.
 */
export type RowOperation = 'insert' | 'modify' | 'remove' | 'expire';

/** A row as its store has it: column or attribute names and values. */
export type Row = Readonly<Record<string, unknown>>;

/**
 * One committed change of one row, in the same form whichever feed brought it: a DynamoDB
 * stream, a Postgres table, a CDC tool's records.
 */
export interface RowChange {
  /**
   * Identity of the change in its store: the same change has the same id at every
   * redelivery, and no other change has it. Printable ASCII without spaces, at most 256
   * characters, so that it can be an idempotency key as it is.
   */
  readonly id: string;
  /** Name of the table that holds the row. */
  readonly table: string;
  readonly operation: RowOperation;
  /** Values of the row's primary key. */
  readonly keys: Row;
  /** The row after an insert or modify, where the feed carries it. */
  readonly now?: Row;
  /** The row before a modify, remove or expire, where the feed carries it. */
  readonly before?: Row;
  /**
   * Columns that `now` lacks because the feed left them out, although the row has them:
   * large values of Postgres that the change did not touch.
   */
  readonly omitted?: readonly string[];
  /** When the store committed the change, as exactly as the feed tells. */
  readonly occurredAt: Date;
}
