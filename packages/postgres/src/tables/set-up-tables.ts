import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { type SetUpControl, setUpControlNames } from '../set-up-session.ts';
import { type StreamSetUpReport, setUpStream } from '../set-up-stream.ts';
import type { CapturedTable } from './capture-table.ts';
import { checkTables, TABLE_PUBLICATION } from './table-source.ts';

/** What to prepare for `tableSource`. */
export interface TableSetUpOptions extends SetUpControl {
  /** A connection string, or what `pg.Client` takes; the role owns the tables. */
  readonly connection: string | pg.ClientConfig;
  readonly slot: string;
  /** Name of the publication. Default `tidings_tables`. */
  readonly publication?: string;
  readonly tables: readonly CapturedTable[];
}

const NAMES: Record<keyof TableSetUpOptions, true> = {
  ...setUpControlNames,
  connection: true,
  slot: true,
  publication: true,
  tables: true,
};

const { known } = optionBounds(ConfigurationError);

/**
 * Prepares a database for `tableSource`: the schema `tidings`, which keeps the checkpoint,
 * then the publication of the tables, then the slot. The order matters: a slot cannot
 * decode what is older than its publication. It may run twice. Run it again, with the relay
 * stopped, when `tables` has changed: the publication gets what it lacks, and the checkpoint
 * learns that nothing was lost by it. Changes of a table that is added count from then on.
 * It waits for locks, and a slot for every transaction that runs, without an end: `logger`
 * hears for whom, and `signal` ends it.
 * @throws ConfigurationError where a table cannot be captured as its mapping wants it, with
 * the statement to run; nothing has been created then.
 */
export async function setUpTableCapture(options: TableSetUpOptions): Promise<StreamSetUpReport> {
  known('setUpTableCapture', options, NAMES);
  const { tables, publication = TABLE_PUBLICATION, ...rest } = options;
  checkTables(tables);
  return setUpStream({ ...rest, publication, tables });
}
