import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { captureTable, setUpTableCapture, type TextRow, tableSource } from '@tidings/postgres';
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readChanges } from '../../support/read-changes.ts';
import { tellEverything } from '../../support/row-changed.ts';
import { createShopDatabase } from '../../support/shop-database.ts';
import {
  createScenarioTable,
  playScenario,
  scenarios,
  scenarioTypes,
} from '../../support/table-scenario.ts';

let cluster: PostgresCluster;

beforeAll(async () => {
  cluster = await startPostgresCluster({}, postgresMajor());
});
afterAll(() => cluster.stop());

test('what is captured rebuilds the table, and each old row is the one that stood there', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (generated) => {
      const scenario = { ...generated, identity: 'full' as const };
      const database = await createShopDatabase(cluster);
      try {
        await database.query(scenarioTypes);
        await createScenarioTable(database, 'samples', scenario);
        await database.query('create table ends (id int primary key)');
        const mapping = { schema: z.looseObject({}), insert: () => undefined };
        const tables = [
          captureTable({ ...mapping, ...tellEverything(), table: 'samples' }),
          captureTable({ ...mapping, table: 'ends' }),
        ];
        const { url: connection, slot } = database;
        await setUpTableCapture({ connection, slot, tables });
        await playScenario(database, 'samples', scenario);
        await database.query('insert into ends values (1)');
        const source = tableSource({ connection, slot, tables });
        const { changes } = await readChanges(source, ({ changes: all }) =>
          all.some(({ table }) => table === 'public.ends'),
        );
        const replica = new Map<string, TextRow>();
        for (const { kind, table, now, before, omitted } of changes) {
          if (table !== 'public.samples') continue;
          if (kind === 'truncate') replica.clear();
          if (before !== undefined) {
            expect(before).toEqual(replica.get(before.id as string));
            replica.delete(before.id as string);
          }
          if (now !== undefined) replica.set(now.id as string, now);
          expect(omitted).toBeUndefined();
        }
        const rows = await rowsOf(connection);
        expect(replica).toEqual(new Map(rows.map((row) => [row.id as string, row])));
      } finally {
        await database.close();
      }
    }),
    { numRuns: 8 },
  );
});

/** The table's rows as Postgres writes them, by the settings of the stream. */
async function rowsOf(connection: string): Promise<readonly TextRow[]> {
  const client = new pg.Client({
    connectionString: connection,
    options: '-c timezone=UTC -c extra_float_digits=1',
  });
  await client.connect();
  try {
    const { rows } = await client.query<TextRow>({
      text: 'select * from samples',
      types: { getTypeParser: () => (text: string) => text },
    });
    return rows;
  } finally {
    await client.end();
  }
}
