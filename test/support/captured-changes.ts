import {
  type CapturedTable,
  setUpTableCapture,
  type TableChange,
  type TableSourceOptions,
  tableSource,
} from '@tidings/postgres';
import type { ChangeSource } from '@tidings/relay';
import { readChanges } from './read-changes.ts';
import type { RowChanged } from './row-changed.ts';
import type { ShopDatabase } from './shop-database.ts';

/** Sets up the capture of these tables in a test's own database. */
export async function setUpTables(
  { url: connection, slot }: ShopDatabase,
  ...tables: readonly CapturedTable[]
): Promise<void> {
  await setUpTableCapture({ connection, slot, tables });
}

export function sourceOf(
  { url: connection, slot }: ShopDatabase,
  tables: readonly CapturedTable[],
  options: Partial<TableSourceOptions> = {},
): ChangeSource<TableChange> {
  return tableSource({ connection, slot, tables, heartbeatIntervalMs: 100, ...options });
}

/** What `tellEverything` says of a change; of one that is poison, its reason. */
export function toldOf(
  source: ChangeSource<TableChange>,
  change: TableChange,
): Record<string, unknown> {
  try {
    const [event] = source.capture(change);
    const { detail } = event as unknown as ReturnType<typeof RowChanged.create>;
    return { ...detail.data, metadata: detail.metadata };
  } catch (error) {
    return { poison: (error as Error).message };
  }
}

/** Reads so many changes, from the beginning of the slot, and what is told of each. */
export async function toldChanges(
  database: ShopDatabase,
  tables: readonly CapturedTable[],
  count: number,
): Promise<readonly Record<string, unknown>[]> {
  const source = sourceOf(database, tables);
  const { changes } = await readChanges(source, count);
  return changes.map((change) => toldOf(source, change));
}
