import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { captureTable, setUpTableCapture, type TableChange, tableSource } from '@tidings/postgres';
import { type ChangeSource, silentLogger } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { tellEverything } from '../../support/row-changed.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;

beforeAll(async () => {
  cluster = await startPostgresCluster();
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createShopDatabase(cluster);
  await database.query('create table o (id int primary key); alter table o replica identity full');
});
afterEach(() => database.close());

async function ordersSource(): Promise<ChangeSource<TableChange>> {
  const { url: connection, slot } = database;
  const tables = [captureTable({ table: 'o', schema: z.looseObject({}), ...tellEverything() })];
  await setUpTableCapture({ connection, slot, tables });
  return tableSource({ connection, slot, tables, heartbeatIntervalMs: 100 });
}

/** Reads until the row `last` has come: the id of each row, in the order of reading. */
async function idsUntil(
  source: ChangeSource<TableChange>,
  last: number,
  onStart: () => Promise<void>,
): Promise<readonly number[]> {
  const stop = new AbortController();
  const ids: number[] = [];
  try {
    await source.verify();
    const started = onStart();
    for await (const groups of source.read(stop.signal, silentLogger)) {
      for (const { change } of groups.flatMap(({ records }) => records)) {
        const [event] = source.capture(change);
        const { detail } = event as { detail: { data: { keys: { id: number } } } };
        ids.push(detail.data.keys.id);
      }
      if (ids.includes(last)) break;
    }
    await started;
  } finally {
    stop.abort();
    await source.close();
  }
  return ids;
}

test('rows before a column of a new type in the same transaction are not lost', async () => {
  const ids = await idsUntil(await ordersSource(), 3, async () => {
    await database.query(
      `begin; insert into o values (1); create type mood as enum ('x');
       alter table o add m mood; insert into o values (2, 'x'); commit`,
    );
    await database.query('insert into o values (3)');
  });
  expect(ids).toEqual([1, 2, 3]);
});

test('a new type amid the rows of four writers costs none of them', async () => {
  const PER_WRITER = 300;
  const ids = await idsUntil(await ordersSource(), 0, async () => {
    const writers = await Promise.all([0, 1, 2, 3].map(() => database.connect()));
    await Promise.all(
      writers.map(async (client, writer) => {
        for (let n = 1; n <= PER_WRITER; n++) {
          await client.query('insert into o values ($1)', [writer * PER_WRITER + n]);
          if (n === 100 * (writer + 1) - 50) {
            const type = `mood_${writer}`;
            await client.query(
              `begin; create type ${type} as enum ('x');
               alter table o add ${type} ${type} default 'x'; commit`,
            );
          }
        }
      }),
    );
    await database.query('insert into o values (0)');
  });
  const expected = Array.from({ length: 4 * PER_WRITER }, (_, n) => n + 1);
  expect([...ids].sort((a, b) => a - b)).toEqual([0, ...expected]);
});
