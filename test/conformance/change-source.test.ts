import { startPostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { pollSource, walSource } from '@tidings/postgres';
import type { ChangeSource } from '@tidings/relay';
import pg from 'pg';
import { appendRow } from '../support/append-row.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../support/orders-database.ts';
import { type ChangeStores, changeSourceSuite } from './change-source-suite.ts';

/** Outboxes in databases of one server, read by a source that is made from one of them. */
async function outboxes(
  sourceOf: (url: string, database: OrdersDatabase) => ChangeSource,
): Promise<ChangeStores> {
  const cluster = await startPostgresCluster();
  let keys = 0;
  return {
    close: () => cluster.stop(),
    async open() {
      const database = await createOrdersDatabase(cluster);
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      return {
        async commit(count) {
          const committed: string[] = [];
          for (let n = 0; n < count; n += 1) {
            keys += 1;
            const key = `order-${keys}`;
            await appendRow(client, { key, orderingKey: key });
            committed.push(key);
          }
          return committed;
        },
        source: () => sourceOf(database.url, database),
        missing: () => sourceOf(`${database.url}_missing`, database),
        async close() {
          await client.end();
          await database.close();
        },
      };
    },
  };
}

changeSourceSuite('walSource', () =>
  outboxes((connection, { slot }) => walSource({ connection, slot, heartbeatIntervalMs: 100 })),
);
changeSourceSuite('pollSource', () =>
  outboxes((connection) => pollSource({ connection, name: 'orders', minIntervalMs: 1 })),
);
