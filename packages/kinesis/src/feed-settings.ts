import { optionBounds } from '@tidings/contract';
import { ConfigurationError } from '@tidings/relay';
import { type IsUnavailable, unavailableValue } from './debezium/unavailable-value.ts';
import type { Feed } from './message.ts';
import type { TableFacts } from './row-keys.ts';

/** How records are to be read. */
export interface FeedOptions {
  /**
   * Who writes the stream. By default the records tell, and a batch with records of several
   * fails; where it is set, records of another feed are poison.
   */
  readonly feed?: Feed;
  /**
   * Rows that were read and not changed: Debezium's snapshots (`r`) and DMS' full load.
   * `ignore`, the default, passes them over with a warning that counts them; `insert` treats
   * them as inserted rows.
   */
  readonly snapshots?: 'ignore' | 'insert';
  /**
   * What `decimal.handling.mode` of a Debezium connector is, for records without schemas:
   * nothing else tells which columns are decimals. Without it these records are poison.
   */
  readonly decimals?: 'string' | 'double';
  /**
   * `unavailable.value.placeholder` of the Debezium connector, as it stands there: also in
   * hexadecimal, `hex:0ff0`. Default `__debezium_unavailable_value`.
   */
  readonly unavailablePlaceholder?: string;
  /** `FieldName` of DMS' `BeforeImageSettings`. Default `before-image`. */
  readonly beforeImage?: string;
  /**
   * What the feed does not tell about tables, by name: `public.orders`. Debezium tells keys
   * by itself; DMS does not, and leaves out what is NULL.
   */
  readonly tables?: Readonly<Record<string, TableFacts>>;
}

/** The options with every field present. */
export interface FeedSettings {
  readonly feed: Feed | undefined;
  readonly snapshots: 'ignore' | 'insert';
  readonly decimals: 'string' | 'double' | undefined;
  readonly isUnavailable: IsUnavailable;
  readonly beforeImage: string;
  readonly tables: ReadonlyMap<string, TableFacts>;
}

/** Names of the options, for a check of those that nobody knows. */
export const FEED_NAMES: Record<keyof FeedOptions, true> = {
  feed: true,
  snapshots: true,
  decimals: true,
  unavailablePlaceholder: true,
  beforeImage: true,
  tables: true,
};

const { known, oneOf } = optionBounds(ConfigurationError);

function notEmpty(name: string, value: string): void {
  if (typeof value !== 'string' || value === '') {
    throw new ConfigurationError(`${name} must be text that is not empty, got ${String(value)}`);
  }
}

const FACT_NAMES: Record<keyof TableFacts, true> = { primaryKey: true, nullable: true };

function checkTable(name: string, facts: TableFacts): void {
  known(`table ${name}`, facts, FACT_NAMES);
  if (facts?.nullable !== undefined && (facts.primaryKey ?? []).length === 0) {
    throw new ConfigurationError(
      `table ${name} must have its primaryKey beside nullable: it tells an old image that ` +
        'holds the key alone from a row of NULLs',
    );
  }
  for (const part of ['primaryKey', 'nullable'] as const) {
    const columns: unknown = facts?.[part] ?? [];
    if (!Array.isArray(columns) || !columns.every((column) => typeof column === 'string')) {
      throw new ConfigurationError(`${part} of table ${name} must be a list of column names`);
    }
  }
}

/** @throws ConfigurationError where an option is malformed. */
export function resolveFeedOptions(options: FeedOptions): FeedSettings {
  const { feed, snapshots = 'ignore', decimals, tables = {} } = options;
  const { unavailablePlaceholder = '__debezium_unavailable_value' } = options;
  const { beforeImage = 'before-image' } = options;
  if (feed !== undefined) oneOf('feed', feed, ['debezium', 'outbox', 'dms']);
  oneOf('snapshots', snapshots, ['ignore', 'insert']);
  if ((decimals as string) === 'precise') {
    throw new ConfigurationError(
      "decimals must be 'string' or 'double', got 'precise': without schemas precise decimals " +
        'are bytes of unknown scale, so set decimal.handling.mode of the connector to string',
    );
  }
  if (decimals !== undefined) oneOf('decimals', decimals, ['string', 'double']);
  notEmpty('unavailablePlaceholder', unavailablePlaceholder);
  notEmpty('beforeImage', beforeImage);
  // Any table may be named: only that it is an object is checked.
  known('tables', tables, tables);
  for (const [name, facts] of Object.entries(tables)) checkTable(name, facts);
  return Object.freeze({
    feed,
    snapshots,
    decimals,
    isUnavailable: unavailableValue(unavailablePlaceholder),
    beforeImage,
    tables: new Map(Object.entries(tables)),
  });
}
