import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithPgBouncer, type PgBouncer, startPgBouncer } from '../../support/pgbouncer.ts';
import { postgresMajor } from '../../support/postgres-major.ts';

describeWithPgBouncer('behind PgBouncer in transaction mode', () => {
  let cluster: PostgresCluster;
  let pooler: PgBouncer;

  beforeAll(async () => {
    cluster = await startPostgresCluster({}, postgresMajor());
    pooler = await startPgBouncer(cluster.port);
  });
  afterAll(async () => {
    await pooler?.stop();
    await cluster?.stop();
  });

  test('a query is answered', async () => {
    const client = new pg.Client({ connectionString: pooler.url('postgres') });
    await client.connect();
    const { rows } = await client.query('select 1 as one');
    expect(rows).toEqual([{ one: 1 }]);
    await client.end();
  });
});
