import type { TableName } from '../wal/wal-layout.ts';
import type { RowHolder } from './table-facts.ts';
import { formatTableName } from './table-name.ts';

/** The statements that make Postgres send the old rows of these tables whole, in one line. */
export function identityStatements(tables: readonly TableName[]): string {
  return tables
    .map((each) => `ALTER TABLE ${formatTableName(each)} REPLICA IDENTITY FULL`)
    .join('; ');
}

/** What to run where a change came without the old row; of each partition that lacks it. */
export function identityRemedy(table: TableName, holders: readonly RowHolder[]): string {
  const partial = holders.filter(({ identity }) => identity !== 'full');
  return identityStatements(partial.length > 0 ? partial : [table]);
}
