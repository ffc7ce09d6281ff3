import { type ChangeSource, ConfigurationError } from '@tidings/relay';
import type { WalSourceOptions } from '../wal/wal-options.ts';
import { walSourceOf } from '../wal/wal-source.ts';
import type { CapturedTable } from './capture-table.ts';
import type { TableChange } from './table-change.ts';
import { tableLayout } from './table-layout.ts';

/** The publication that `setUpTableCapture` makes and `tableSource` reads. */
export const TABLE_PUBLICATION = 'tidings_tables';

/** How to capture the changes of business tables. */
export interface TableSourceOptions extends Omit<WalSourceOptions, 'onSlotLoss'> {
  /** Name of the publication. Default `tidings_tables`. */
  readonly publication?: string;
  /** Made by `captureTable`, one for each table. */
  readonly tables: readonly CapturedTable[];
  /**
   * What to do when the slot can no longer be trusted to hold every change. Changes that
   * are lost with it are nowhere else, so `halt` (default) opens the incident and stops.
   * `snapshot` opens it too, makes a new slot, and gives every row that is in the tables
   * then to the mappings' `snapshot`: consumers learn the state again, but not the updates
   * and removals in between.
   */
  readonly onSlotLoss?: 'halt' | 'snapshot';
}

/**
 * Captures committed inserts, updates and deletes of tables from the write-ahead log, in
 * commit order, each at least once; a change that comes again gives the same events. No
 * trigger, no outbox, no change to the writers. Set up by `setUpTableCapture`; guarded,
 * continued and handed over as `walSource` is.
 *
 * A change that no event can be made of is poison: it goes to the dead letters, or stops
 * the relay. That is a TRUNCATE of a table whose removals are mapped, a change without the
 * old row that its mapping reads, and one that leaves out a large unchanged value that the
 * schema names. A column that was added, dropped or renamed is seen from the first change
 * after it on.
 * @throws ConfigurationError on options that cannot work.
 */
export function tableSource(options: TableSourceOptions): ChangeSource<TableChange> {
  const { tables, onSlotLoss = 'halt', publication = TABLE_PUBLICATION, ...rest } = options;
  checkTables(tables);
  if (onSlotLoss !== 'halt' && onSlotLoss !== 'snapshot') {
    throw new ConfigurationError(`onSlotLoss must be 'halt' or 'snapshot', got '${onSlotLoss}'`);
  }
  const silent = tables.find(({ snapshot }) => snapshot === undefined);
  if (onSlotLoss === 'snapshot' && silent !== undefined) {
    throw new ConfigurationError(
      `onSlotLoss 'snapshot' needs a snapshot mapping for each table, and ${silent.label} has none`,
    );
  }
  return walSourceOf(
    { ...rest, publication, onSlotLoss: onSlotLoss === 'snapshot' ? 'heal' : 'halt' },
    tableLayout(tables, onSlotLoss === 'snapshot'),
  );
}

/** @throws ConfigurationError where no table is captured, or one twice. */
export function checkTables(tables: readonly CapturedTable[]): void {
  if (!Array.isArray(tables) || tables.length === 0) {
    throw new ConfigurationError('tables must hold at least one captureTable({ ... })');
  }
  const labels = tables.map(({ label }) => label);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined) {
    throw new ConfigurationError(
      `table ${twice} is captured twice; write one captureTable whose functions return all events`,
    );
  }
}
