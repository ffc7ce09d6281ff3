import type { Row } from '@tidings/relay';
import { placeId, sourceId } from '../change-id.ts';
import type { JsonObject } from '../json-object.ts';
import type { FeedRecord } from '../partition.ts';

/**
 * What tells a change's place in its database's log, by connector: together with the row's
 * key, for one log record may hold many rows. The first of them must be there. Connectors
 * that are missing tell nothing that is known to be unique.
 */
const positions: Readonly<Record<string, readonly string[]>> = {
  db2: ['change_lsn', 'commit_lsn'],
  mariadb: ['pos', 'file', 'row', 'server_id'],
  mysql: ['pos', 'file', 'row', 'server_id'],
  postgresql: ['lsn', 'txId'],
  sqlserver: ['change_lsn', 'commit_lsn', 'event_serial_no'],
};

/**
 * Identity of a change: its position in the source where that and the row's key are known,
 * so that what the connector sends again after a restart has the same; else the record's
 * place in the stream.
 */
export function debeziumId(
  body: JsonObject,
  source: JsonObject,
  keys: Row,
  record: FeedRecord,
): string {
  const { connector, name, db, schema, table } = source;
  const fields = Object.hasOwn(positions, String(connector)) ? positions[String(connector)] : [];
  const position = (fields ?? []).map((field) => source[field]);
  const first = position[0];
  if (first === undefined || first === null || Object.keys(keys).length === 0) {
    return placeId(record);
  }
  return sourceId(String(connector), [name, db, schema, table, body.op, position, keys]);
}
