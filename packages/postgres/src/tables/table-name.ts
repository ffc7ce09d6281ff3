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

function identifierOf(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text.toLowerCase();
}

/** Writes a name with quotes where SQL needs them; what `parseTableName` reads. */
export function formatTableName({ schema, table }: TableName): string {
  return `${formatIdentifier(schema)}.${formatIdentifier(table)}`;
}

function formatIdentifier(identifier: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(identifier)
    ? identifier
    : `"${identifier.replaceAll('"', '""')}"`;
}
