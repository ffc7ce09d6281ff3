import {
  type Envelope,
  type Producer,
  type PublishableEvent,
  type SealedEvent,
  seal,
} from '@tidings/contract';

/** The part of a `pg` client, or of one from a pool, that appending needs. */
export interface OutboxTransaction {
  query(text: string, values: unknown[]): Promise<unknown>;
}

/** Settings of an outbox's write side. */
export interface OutboxOptions {
  /** Written to `metadata.producer` of events that name none. */
  readonly producer?: Producer;
}

/** The write side of the outbox. */
export interface Outbox {
  /**
   * Appends events in the caller's own transaction: they leave for the bus if and
   * only if it commits. One statement, whatever the number of events.
   * @throws what the database answers; the transaction is aborted then.
   */
  append(
    transaction: OutboxTransaction,
    events: PublishableEvent | readonly PublishableEvent[],
  ): Promise<void>;
}

const columns =
  'event_id, source, detail_type, detail, occurred_at, resources, idempotency_key, ' +
  'ordering_key, trace_header';
const columnCount = 9;

/** Opens the write side of `tidings.outbox`. It holds no connection of its own. */
export function postgresOutbox(options: OutboxOptions = {}): Outbox {
  const sealing = options.producer === undefined ? {} : { producer: options.producer };
  return {
    async append(transaction, events): Promise<void> {
      const list = Array.isArray(events) ? (events as readonly PublishableEvent[]) : [events];
      if (list.length === 0) return;
      const rows: string[] = [];
      const values: unknown[] = [];
      for (const event of list as readonly PublishableEvent[]) {
        const sealed = isSealed(event) ? event : seal(event, sealing);
        const first = values.length;
        values.push(...valuesOf(sealed));
        rows.push(placeholders(first));
      }
      await transaction.query(
        `insert into tidings.outbox (${columns}) values ${rows.join(', ')}`,
        values,
      );
    },
  };
}

function isSealed(event: PublishableEvent): event is SealedEvent {
  return typeof (event as Envelope | SealedEvent).detail === 'string';
}

function valuesOf(event: SealedEvent): unknown[] {
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

function placeholders(first: number): string {
  const names = Array.from({ length: columnCount }, (_, i) => `$${first + i + 1}`);
  return `(${names.join(', ')})`;
}
