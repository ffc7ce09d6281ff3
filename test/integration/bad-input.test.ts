import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { startLocalBus } from '@tidings/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOrdersDatabase, type OrdersDatabase } from '../support/orders-database.ts';

const here = dirname(fileURLToPath(import.meta.url));
const cli = join(
  dirname(createRequire(import.meta.url).resolve('@tidings/cli/package.json')),
  'dist/main.js',
);
const ordersConfig = join(here, '../../examples/orders/relay.config.ts');
const contractConfig = join(here, '../fixtures/contract.config.ts');

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs the command line to its end; a hang fails the test by its time limit. */
async function tidings(args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [cli, ...args], {
    env: {
      ...process.env,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  // The SDK announces the end of its support for this Node on standard error.
  const lines = stderr.split('\n').filter((line) => line.startsWith('tidings: '));
  expect(stderr).not.toMatch(/^\s+at /m);
  return { code, stderr: lines.join('\n') };
}

/** One line that ends the process with 1. */
async function expectSentence(ended: Promise<Ended>, parts: readonly string[]): Promise<void> {
  const { code, stderr } = await ended;
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr.split('\n')).toHaveLength(1);
  expect(code).toBe(1);
}

let cluster: PostgresCluster;
let database: OrdersDatabase;
beforeAll(async () => {
  cluster = await startPostgresCluster();
  database = await createOrdersDatabase(cluster);
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

test('a command where a fact must be: the sentence names the fact', () =>
  expectSentence(tidings(['relay', 'run', contractConfig], { TEST_DETAIL_TYPE: 'PlaceOrder' }), [
    'PlaceOrder',
    'OrderPlaced',
  ]));

test('a source that AWS has reserved', () =>
  expectSentence(tidings(['relay', 'run', contractConfig], { TEST_SOURCE: 'aws.orders' }), [
    'aws.orders',
  ]));

test('an event without an idempotency key', () =>
  expectSentence(tidings(['relay', 'run', contractConfig], {}), ['idempotencyKey']));

test('a slot that does not exist: the sentence names those that do', () =>
  expectSentence(
    tidings(['relay', 'run', ordersConfig], { DATABASE_URL: database.url, RELAY_SLOT: 'ordrs' }),
    ['slot "ordrs" does not exist', `it has "${database.slot}"`, 'tidings outbox migrate'],
  ));

test('a slot name that cannot be one', () =>
  expectSentence(
    tidings(['relay', 'run', ordersConfig], { DATABASE_URL: database.url, RELAY_SLOT: 'My-Slot' }),
    ['slot must be 1 to 63 lower-case letters', 'My-Slot'],
  ));

test('a database without an outbox', async () => {
  await cluster.createDatabase('empty');
  await expectSentence(
    tidings(['relay', 'run', ordersConfig], { DATABASE_URL: cluster.url('empty') }),
    ['"empty" has no tidings.outbox', 'tidings outbox migrate'],
  );
});

test('no connection string', () =>
  expectSentence(tidings(['relay', 'run', ordersConfig], { DATABASE_URL: '' }), [
    'connection must be a connection string',
  ]));

test('a database that nobody serves, a wrong password, a wrong name', async () => {
  const port = await closedPort();
  await expectSentence(
    tidings(['relay', 'run', ordersConfig], { DATABASE_URL: `postgres://u:p@127.0.0.1:${port}/x` }),
    [`cannot reach Postgres at 127.0.0.1:${port}/x`, 'ECONNREFUSED'],
  );
  await expectSentence(
    tidings(['relay', 'run', ordersConfig], {
      DATABASE_URL: database.url.replace(':tidings@', ':wrong@'),
    }),
    ['password authentication failed', 'correct user, password'],
  );
  await expectSentence(
    tidings(['relay', 'run', ordersConfig], { DATABASE_URL: cluster.url('nowhere') }),
    ['"nowhere" does not exist'],
  );
});

test.each([
  ['postgres://u:S3#CRET@127.0.0.1:1/x', 'holds a #'],
  ['host=127.0.0.1 port=1 user=u dbname=x password=S3CRET', 'Postgres at 127.0.0.1:1/x'],
])('the connection string %s: a sentence without the password', async (connection, sentence) => {
  const relay = tidings(['relay', 'run', ordersConfig], { DATABASE_URL: connection });
  await expectSentence(relay, [sentence]);
  expect((await relay).stderr).not.toMatch(/S3|CRET/);
});

test('a server with wal_level = replica', async () => {
  const plain = await startPostgresCluster({ wal_level: 'replica' });
  try {
    await expectSentence(
      tidings(['outbox', 'migrate', '--slot', 'orders'], { DATABASE_URL: plain.url('postgres') }),
      [`wal_level = 'logical'`, 'restart the server'],
    );
    await expectSentence(
      tidings(['relay', 'run', ordersConfig], { DATABASE_URL: plain.url('postgres') }),
      ['wal_level is "replica"', 'ALTER SYSTEM'],
    );
  } finally {
    await plain.stop();
  }
});

test('a bus that nobody serves', async () => {
  const port = await closedPort();
  await expectSentence(
    tidings(['relay', 'run', ordersConfig], {
      DATABASE_URL: database.url,
      RELAY_SLOT: database.slot,
      AWS_ENDPOINT_URL_EVENTBRIDGE: `http://127.0.0.1:${port}`,
    }),
    ['Nothing listens at the endpoint of EventBridge', 'ECONNREFUSED'],
  );
});

test('a bus that takes the connection and never answers', async () => {
  const bus = await startLocalBus({
    faults: [{ action: { type: 'before-commit', symptom: 'hang' } }],
  });
  try {
    await expectSentence(
      tidings(['relay', 'run', ordersConfig], {
        DATABASE_URL: database.url,
        RELAY_SLOT: database.slot,
        AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
      }),
      ['did not answer within 5000 ms'],
    );
  } finally {
    await bus.stop();
  }
});

test('a configuration file that is missing, broken, or no relay', async () => {
  await expectSentence(tidings(['relay', 'run', 'nowhere.ts'], {}), ['there is no file']);
  await expectSentence(tidings(['relay', 'run', join(here, '../package.json')], {}), [
    'source must be',
  ]);
});

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
