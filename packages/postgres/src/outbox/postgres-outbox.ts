import {
  checkSealed,
  type Envelope,
  type Producer,
  type PublishableEvent,
  type SealedEvent,
  seal,
} from '@tidings/contract';
import { checkReadable } from './check-readable.ts';
import { type OutboxTransaction, pgExecutor } from './executors/pg-executor.ts';
import { insertStatement } from './insert-statement.ts';
import { withMigrationHint } from './migration-hint.ts';
import type { OutboxExecutor } from './outbox-executor.ts';

/** Settings of an outbox's write side. */
export interface OutboxOptions {
  /** Written to `metadata.producer` of events that name none. */
  readonly producer?: Producer;
}

/** Settings of a write side whose transactions are those of another library than `pg`. */
export interface ExecutorOutboxOptions<Transaction> extends OutboxOptions {
  /** How the library runs a statement, for example `knexExecutor`. */
  readonly executor: OutboxExecutor<Transaction>;
}

/** The write side of the outbox, for one library's transactions. */
export interface Outbox<Transaction = OutboxTransaction> {
  /**
   * Appends events in the caller's own transaction: they leave for the bus if and only if
   * it commits. One statement, whatever the number of events; none without events.
   * @throws ContractError for an event that is malformed; nothing has been sent then.
   * @throws what the database answers; the transaction is aborted then. Where there is no
   * outbox yet the error says what to run, and has the answer as its `cause`.
   */
  append(
    transaction: Transaction,
    events: PublishableEvent | readonly PublishableEvent[],
  ): Promise<void>;
}

/**
 * Opens the write side of `tidings.outbox`. It holds no connection of its own, and sends
 * unnamed statements alone, which every transaction pooler lets through.
 */
export function postgresOutbox(options?: OutboxOptions): Outbox;
export function postgresOutbox<Transaction>(
  options: ExecutorOutboxOptions<Transaction>,
): Outbox<Transaction>;
export function postgresOutbox<Transaction>(
  options: OutboxOptions | ExecutorOutboxOptions<Transaction> = {},
): Outbox<Transaction> {
  const execute =
    'executor' in options ? options.executor : (pgExecutor as OutboxExecutor<unknown>);
  const sealing = options.producer === undefined ? {} : { producer: options.producer };

  function sealed(event: PublishableEvent): SealedEvent {
    const ready = isSealed(event) ? event : seal(event, sealing);
    checkSealed(ready);
    checkReadable(ready);
    return ready;
  }

  return {
    async append(transaction, events): Promise<void> {
      const list: readonly PublishableEvent[] = isList(events) ? events : [events];
      const [first, ...rest] = list.map(sealed);
      if (first === undefined) return;
      const { text, values } = insertStatement([first, ...rest]);
      try {
        await execute(transaction, text, values);
      } catch (error) {
        throw withMigrationHint(error);
      }
    },
  };
}

function isList(
  events: PublishableEvent | readonly PublishableEvent[],
): events is readonly PublishableEvent[] {
  return Array.isArray(events);
}

function isSealed(event: PublishableEvent): event is SealedEvent {
  return typeof (event as Envelope | SealedEvent | null)?.detail === 'string';
}
