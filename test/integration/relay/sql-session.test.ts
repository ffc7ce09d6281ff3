import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SqlSession } from '../../../packages/postgres/src/sql-session.ts';

let cluster: PostgresCluster;
let other: pg.Client;
beforeAll(async () => {
  cluster = await startPostgresCluster();
  other = new pg.Client({ connectionString: cluster.url('postgres') });
  await other.connect();
});
afterAll(async () => {
  await other?.end();
  await cluster?.stop();
});

async function sessions(name: string): Promise<number> {
  const { rows } = await other.query(
    'select count(*)::int as open from pg_stat_activity where application_name = $1',
    [name],
  );
  return rows[0].open;
}

test('nothing opens a connection again after close: it would keep the process alive', async () => {
  const name = 'closed session';
  const session = new SqlSession(
    { connectionString: cluster.url('postgres'), application_name: name },
    () => {},
  );
  await session.use((client) => client.query('select 1'));
  expect(await sessions(name)).toBe(1);
  const last = session.use((client) => client.query('select 2 as two'));
  const closed = session.close();
  await expect(session.use((client) => client.query('select 3'))).rejects.toThrow('was closed');
  expect((await last).rows).toEqual([{ two: 2 }]);
  await closed;
  await expect(session.use((client) => client.query('select 4'))).rejects.toThrow('was closed');
  // A server ends a session a moment after its client has gone.
  while ((await sessions(name)) > 0);
});
