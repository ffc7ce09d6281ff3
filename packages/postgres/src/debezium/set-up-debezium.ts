import type pg from 'pg';
import { type StreamSetUpReport, setUpStream } from '../set-up-stream.ts';
import { debeziumDemand } from './debezium-layout.ts';
import { DEBEZIUM_PUBLICATION } from './debezium-source.ts';

/** What to prepare for `debeziumSource`. */
export interface DebeziumSetUpOptions {
  /** A connection string, or what `pg.Client` takes; the role owns the table. */
  readonly connection: string | pg.ClientConfig;
  /** The connector's own where it is taken over. */
  readonly slot: string;
  /** Default `tidings_debezium`; the connector's own where it is taken over. */
  readonly publication?: string;
  readonly table: string;
}

/**
 * Prepares a database for `debeziumSource`: the schema `tidings`, which keeps the
 * checkpoint, then a publication of the table's inserts, then the slot. What is there
 * stays as it is.
 * @throws ConfigurationError where the table does not exist; nothing has been created then.
 */
export function setUpDebeziumOutbox(options: DebeziumSetUpOptions): Promise<StreamSetUpReport> {
  const { connection, slot, table, publication = DEBEZIUM_PUBLICATION } = options;
  return setUpStream({ connection, slot, publication, tables: [debeziumDemand(table)] });
}
