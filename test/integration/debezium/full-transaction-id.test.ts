import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fullTransactionIdSql } from '../../../packages/postgres/src/debezium/full-transaction-id.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;

beforeAll(async () => {
  cluster = await startPostgresCluster();
  database = await createShopDatabase(cluster);
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

const ROUND = 2n ** 32n;

async function full(xmin: bigint, next: bigint): Promise<bigint> {
  const [row] = await database.query(
    `select (${fullTransactionIdSql(`${xmin}::bigint`, `${next}::bigint`)})::text as id`,
  );
  return BigInt(row?.id as string);
}

test('any of the last 2^32 transactions is told from its 32 bits, in every epoch', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.bigInt({ min: 4n, max: 2n ** 50n }),
      fc.bigInt({ min: 1n, max: ROUND }),
      async (next, age) => {
        const id = next - age;
        if (id < 3n) return;
        expect(await full(id % ROUND, next)).toBe(id);
      },
    ),
    { numRuns: 200 },
  );
});

test('one that is older counts as newer, never as older', async () => {
  const next = 5n * ROUND + 10n;
  expect(await full(9n, next)).toBe(next - 1n);
  expect(await full(11n, next)).toBe(4n * ROUND + 11n);
});

test('agrees with the server about a row of its own', async () => {
  await database.query('create table samples as select pg_current_xact_id() as id');
  await database.query('select pg_current_xact_id()');
  const [row] = await database.query(
    `select id::text, (${fullTransactionIdSql('xmin::text::bigint', 'next')})::text as told
     from samples, (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next) s`,
  );
  expect(row?.told).toBe(row?.id);
});
