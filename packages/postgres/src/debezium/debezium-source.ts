import { type ChangeSource, ConfigurationError } from '@tidings/relay';
import type { WalSourceOptions } from '../wal/wal-options.ts';
import { walSourceOf } from '../wal/wal-source.ts';
import type { DebeziumMapping } from './debezium-events.ts';
import { debeziumDemand, debeziumLayout } from './debezium-layout.ts';
import { type DebeziumColumns, type DebeziumRow, debeziumColumns } from './debezium-row.ts';

/** The publication that `setUpDebeziumOutbox` makes and `debeziumSource` reads. */
export const DEBEZIUM_PUBLICATION = 'tidings_debezium';

/** How to read a Debezium outbox. */
export interface DebeziumSourceOptions extends Omit<WalSourceOptions, 'onSlotLoss'> {
  /** A new slot, or the connector's own (`debezium`), which is read on where it stands. */
  readonly slot: string;
  /** Default `tidings_debezium`; the connector's own (`dbz_publication`) does as well. */
  readonly publication?: string;
  /** Name as SQL writes it: `public.outbox`. */
  readonly table: string;
  readonly columns?: Partial<DebeziumColumns>;
  /** What becomes of a row. */
  readonly event: DebeziumMapping;
  /**
   * What to do when the slot can no longer be trusted to hold every row. `halt` (default)
   * opens the incident and stops. `heal` makes a new slot and publishes again what no
   * bookmark covers; choose it only where rows stay in the table for longer than a lost
   * slot goes unnoticed: a row that its writer deletes again, or that a clean-up has
   * deleted, cannot be healed.
   */
  readonly onSlotLoss?: 'halt' | 'heal';
  /**
   * A column that rises from row to row of one aggregate in the order in which they were
   * written, to publish rows in that are read again after a lost slot. A time that defaults to
   * `now()` is none: it is that of the transaction's begin. Default: a serial or identity
   * column, if the table has one; else the time of the commit, where `track_commit_timestamp`
   * is on; else the transaction id, by which two rows of one aggregate may change places
   * whose transactions overlapped.
   */
  readonly orderBy?: string;
}

/**
 * Reads the outbox table of Debezium's event router (`id`, `aggregatetype`, `aggregateid`,
 * `type`, `payload`) as it stands, so that a team switches relays without touching its
 * writers. Rows that are inserted and deleted in one transaction are read too. The event's
 * eventId is the row's id. Set up by `setUpDebeziumOutbox`; to take over from a connector,
 * stop it and give its slot and publication: reading goes on behind what it confirmed.
 * @throws ConfigurationError on options that cannot work.
 */
export function debeziumSource(options: DebeziumSourceOptions): ChangeSource<DebeziumRow> {
  const { table, columns, event, onSlotLoss = 'halt', orderBy, ...rest } = options;
  const publication = options.publication ?? DEBEZIUM_PUBLICATION;
  if (onSlotLoss !== 'halt' && onSlotLoss !== 'heal') {
    throw new ConfigurationError(`onSlotLoss must be 'halt' or 'heal', got '${onSlotLoss}'`);
  }
  if (typeof event !== 'function' && event?.source === undefined) {
    throw new ConfigurationError(
      "event must be { source: 'com.acme.orders', ... } or a function that makes events of a row",
    );
  }
  return walSourceOf(
    { ...rest, publication, onSlotLoss },
    debeziumLayout(
      debeziumDemand(table),
      { ...debeziumColumns, ...columns },
      event,
      onSlotLoss === 'heal',
      orderBy,
    ),
  );
}
