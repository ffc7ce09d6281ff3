import { ConfigurationError } from '@tidings/relay';
import type { TableName } from '../wal/wal-layout.ts';

const part = String.raw`("(?:[^"]|"")+"|[^\s."]+)`;
const name = new RegExp(`^(?:${part}\\.)?${part}$`);

/**
 * Reads a table's name as SQL would: `orders`, `shop.orders`, `shop."Order Lines"`. A part
 * without quotes is lower-cased; without a schema it is in `public`.
 * @throws ConfigurationError on anything else.
 */
export function parseTableName(text: string): TableName {
  const match = typeof text === 'string' ? name.exec(text) : null;
  if (match === null) {
    throw new ConfigurationError(
      `table must be a name such as public.orders or shop."Order Lines", got "${text}"`,
    );
  }
  return {
    schema: match[1] === undefined ? 'public' : identifierOf(match[1]),
    table: identifierOf(match[2] as string),
  };
}

/** Without quotes Postgres folds ASCII letters alone. */
function identifierOf(text: string): string {
  return text.startsWith('"')
    ? text.slice(1, -1).replaceAll('""', '"')
    : text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Writes a name with quotes where SQL needs them; what `parseTableName` reads. */
export function formatTableName({ schema, table }: TableName): string {
  return `${formatIdentifier(schema)}.${formatIdentifier(table)}`;
}

/** Words that SQL takes for its own unless they are quoted. */
const reserved = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization binary both case cast ' +
    'check collate collation column concurrently constraint create cross current_catalog ' +
    'current_date current_role current_schema current_time current_timestamp current_user ' +
    'default deferrable desc distinct do else end except false fetch for foreign freeze from ' +
    'full grant group having ilike in initially inner intersect into is isnull join lateral ' +
    'leading left like limit localtime localtimestamp natural not notnull null offset on only ' +
    'or order outer overlaps placing primary references returning right select session_user ' +
    'similar some symmetric system_user table tablesample then to trailing true union unique ' +
    'user using variadic verbose when where window with'
  ).split(' '),
);

function formatIdentifier(identifier: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(identifier) && !reserved.has(identifier)
    ? identifier
    : `"${identifier.replaceAll('"', '""')}"`;
}
