import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type Fault, startLocalBus } from '@tidings/local';
import { walSource } from '@tidings/postgres';
import { eventBridgePublisher } from '@tidings/publisher';
import { createRelay, defineRelay } from '@tidings/relay';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { everyKey, expectAllOrders } from '../../support/expect-all-orders.ts';
import { createOrdersDatabase, type OrdersDatabase } from '../../support/orders-database.ts';

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgresCluster();
});
afterAll(() => cluster.stop());

interface Case {
  readonly name: string;
  readonly faults: readonly Fault[];
  /** The bus had accepted events whose answer never came: only those may come twice. */
  readonly mayDuplicate: boolean;
}

const cases: readonly Case[] = [
  { name: 'no fault', faults: [], mayDuplicate: false },
  {
    name: 'partial failure',
    faults: [
      {
        when: { probability: 0.5, seed: 11 },
        action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.5 },
      },
    ],
    mayDuplicate: false,
  },
  {
    name: 'throttled entries',
    faults: [
      {
        when: { every: 3 },
        action: { type: 'entry-fail', code: 'ThrottlingException', fraction: 0.3 },
      },
    ],
    mayDuplicate: false,
  },
  {
    name: 'entries denied for a while, inside a 200',
    faults: [
      {
        when: { first: 6 },
        action: { type: 'entry-fail', code: 'AccessDeniedException', fraction: 0.7 },
      },
    ],
    mayDuplicate: false,
  },
  {
    name: 'entries refused with credentials that have expired, inside a 200',
    faults: [{ when: { first: 8 }, action: { type: 'entry-fail', code: 'ExpiredTokenException' } }],
    mayDuplicate: false,
  },
  {
    name: 'whole requests throttled',
    faults: [{ when: { every: 3 }, action: { type: 'request-fail', preset: 'throttle' } }],
    mayDuplicate: false,
  },
  {
    name: 'HTTP 500',
    faults: [{ when: { every: 3 }, action: { type: 'request-fail', preset: '500' } }],
    mayDuplicate: false,
  },
  {
    name: 'reset after accept',
    faults: [{ when: { every: 5 }, action: { type: 'commit-then', symptom: 'reset' } }],
    mayDuplicate: true,
  },
  {
    name: 'hang before and after accept',
    faults: [
      { when: { nth: [2] }, action: { type: 'before-commit', symptom: 'hang' } },
      { when: { nth: [4] }, action: { type: 'commit-then', symptom: 'hang' } },
    ],
    mayDuplicate: true,
  },
  {
    name: 'a 200 with an empty body',
    faults: [{ when: { every: 4 }, action: { type: 'bad-response', body: 'empty' } }],
    mayDuplicate: true,
  },
];

test.each(cases)('$name: every committed order arrives', async ({ faults, mayDuplicate }) => {
  const database = await createOrdersDatabase(cluster);
  const bus = await startLocalBus({ buses: ['orders'] });
  const relay = createRelay(
    defineRelay({
      source: walSource({ connection: database.url, slot: database.slot }),
      publisher: eventBridgePublisher({
        eventBusName: 'orders',
        endpoint: bus.url,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        requestTimeoutMs: 500,
        backoff: { baseMs: 5, capMs: 50 },
        throttledBackoff: { baseMs: 5, capMs: 50 },
      }),
    }),
  );
  // The relay asks at its start with a request without entries; faults leave it alone.
  bus.setFaults(faults.map((fault) => ({ ...fault, match: { source: 'com.acme.orders' } })));
  const running = relay.run();
  try {
    await database.placeOrders(200);
    await database.placeOrders(100, 25);
    await bus.waitFor(everyKey(database.committed), { timeoutMs: 30_000 });
    relay.stop();
    await running;
    const duplicates = expectAllOrders(database.committed, bus.events);
    if (!mayDuplicate) expect(duplicates).toBe(0);
    expect(bus.faults().every((fault) => fault.hits > 0)).toBe(true);
    expect(await openPositions(database)).toEqual([{ settled: true }]);
  } finally {
    relay.stop();
    await running.catch(() => {});
    await bus.stop();
    await database.close();
  }
});

/** After draining, the slot stands at its checkpoint. */
function openPositions(database: OrdersDatabase): Promise<readonly Record<string, unknown>[]> {
  return database.query(
    `select confirmed_flush_lsn = acknowledged_lsn as settled
     from pg_replication_slots join tidings.checkpoint on name = slot_name
     where slot_name = $1`,
    [database.slot],
  );
}
