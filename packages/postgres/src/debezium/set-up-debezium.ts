import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import type pg from 'pg';
import { type SetUpControl, setUpControlNames } from '../set-up-session.ts';
import { type StreamSetUpReport, setUpStream } from '../set-up-stream.ts';
import { debeziumDemand } from './debezium-layout.ts';
import { DEBEZIUM_PUBLICATION } from './debezium-source.ts';

/** What to prepare for `debeziumSource`. */
export interface DebeziumSetUpOptions extends SetUpControl {
  /** A connection string, or what `pg.Client` takes; the role owns the table. */
  readonly connection: string | pg.ClientConfig;
  /** The connector's own where it is taken over. */
  readonly slot: string;
  /** Default `tidings_debezium`; the connector's own where it is taken over. */
  readonly publication?: string;
  readonly table: string;
}

const NAMES: Record<keyof DebeziumSetUpOptions, true> = {
  ...setUpControlNames,
  connection: true,
  slot: true,
  publication: true,
  table: true,
};

const { known } = optionBounds(ConfigurationError);

/**
 * Prepares a database for `debeziumSource`: the schema `tidings`, which keeps the
 * checkpoint, then a publication of the table's inserts, then the slot. What is there
 * stays as it is. It waits for locks, and a slot for every transaction that runs, without an
 * end: `logger` hears for whom, and `signal` ends it.
 * @throws ConfigurationError where the table does not exist; nothing has been created then.
 */
export async function setUpDebeziumOutbox(
  options: DebeziumSetUpOptions,
): Promise<StreamSetUpReport> {
  known('setUpDebeziumOutbox', options, NAMES);
  const { table, publication = DEBEZIUM_PUBLICATION, ...rest } = options;
  return setUpStream({ ...rest, publication, tables: [debeziumDemand(table)] });
}
