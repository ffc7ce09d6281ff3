import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type DebeziumRow, debeziumSource, setUpDebeziumOutbox } from '@tidings/postgres';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource } from '../../support/read-source.ts';
import { createShopDatabase, type ShopDatabase } from '../../support/shop-database.ts';

let cluster: PostgresCluster;
let database: ShopDatabase;

beforeAll(async () => {
  cluster = await startPostgresCluster({ track_commit_timestamp: 'on' }, postgresMajor());
});
afterAll(() => cluster.stop());
beforeEach(async () => {
  database = await createShopDatabase(cluster);
});
afterEach(() => database.close());

test.each([
  ['a serial column', ', seq bigserial', undefined],
  ['the column that is named', ', at timestamptz default clock_timestamp()', 'at'],
  ['their commits', '', undefined],
] as const)(
  'a recovery reads rows whose transactions overlapped in order of %s',
  async (_, column, orderBy) => {
    const { url: connection, slot } = database;
    await database.query(
      `create table outbox (id int primary key, aggregatetype text, aggregateid text, type text,
       payload jsonb ${column})`,
    );
    await setUpDebeziumOutbox({ connection, slot, table: 'outbox' });
    const write = (id: number): string =>
      `insert into outbox (id, aggregateid) values (${id}, 'one')`;
    const early = await database.connect();
    await early.query('begin; select pg_current_xact_id()');
    await database.query(write(1));
    await early.query(`${write(2)}; commit`);
    await database.query('select pg_drop_replication_slot($1)', [slot]);
    const event = { source: 'com.acme.orders' };
    const reading = readSource<DebeziumRow>(
      debeziumSource({
        ...{ connection, slot, table: 'outbox', event, onSlotLoss: 'heal' },
        ...(orderBy && { orderBy }),
      }),
    );
    await reading.until(() => reading.changes.length === 2);
    await reading.kill();
    expect(reading.changes.map(({ id }) => id)).toEqual(['1', '2']);
  },
);
