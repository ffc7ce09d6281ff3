import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import { type OutboxRow, pollSource } from '@tidings/postgres';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendRow } from '../../support/append-row.ts';
import { createOrdersDatabase } from '../../support/orders-database.ts';
import { postgresMajor } from '../../support/postgres-major.ts';
import { readSource, type SourceReading } from '../../support/read-source.ts';

let cluster: PostgresCluster;
beforeAll(async () => {
  cluster = await startPostgresCluster({ wal_level: 'replica' }, postgresMajor());
});
afterAll(() => cluster.stop());

const WRITERS = 6;
const TRANSACTIONS_EACH = 60;
const KEYS = 7;

/** Same seed, same numbers (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Writers whose transactions begin early and end late, end in another order than they
 * began, are rolled back in part or as a whole; each numbers its key's events under the
 * row lock of the key. Returns what was committed, by key.
 */
async function write(url: string, random: () => number): Promise<ReadonlyMap<string, string[]>> {
  const committed = new Map<string, string[]>();
  const writer = async (): Promise<void> => {
    const client = new pg.Client(url);
    await client.connect();
    try {
      for (let i = 0; i < TRANSACTIONS_EACH; i++) {
        const key = `key-${Math.floor(random() * KEYS)}`;
        await client.query('begin');
        if (random() < 0.3) await client.query('select pg_current_xact_id()');
        if (random() < 0.2) await client.query('select pg_sleep($1)', [random() * 0.02]);
        const { rows } = await client.query<{ n: number }>(
          'update counter set n = n + 1 where key = $1 returning n',
          [key],
        );
        const name = `${key}/${rows[0]?.n}`;
        if (random() < 0.2) {
          await client.query('savepoint inner_one');
          await appendRow(client, { key: `${name}-undone`, orderingKey: key });
          await client.query('rollback to inner_one');
        }
        await appendRow(client, { key: name, orderingKey: key });
        if (random() < 0.2) await client.query('select pg_sleep($1)', [random() * 0.02]);
        if (random() < 0.3) {
          await client.query('rollback');
        } else {
          // Still under the row lock, so the order here is the order of the commits.
          committed.set(key, [...(committed.get(key) ?? []), name]);
          await client.query('commit');
        }
      }
    } finally {
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, writer));
  return committed;
}

test.each([1, 2, 3, 4, 5, 6])(
  'seed %i: pollers die and are cut off, nothing is lost',
  async (seed) => {
    const random = randomOf(seed);
    const shards = seed % 2 === 0 ? 3 : 1;
    const database = await createOrdersDatabase(cluster, { without: 'slot' });
    await database.query('create table counter (key text primary key, n int not null)');
    await database.query(
      `insert into counter select 'key-' || i, 0 from generate_series(0, ${KEYS - 1}) as i`,
    );
    const first: string[] = [];
    const seen = new Set<string>();
    const readings: SourceReading<OutboxRow>[] = [];
    const start = (): void => {
      const reading = readSource(
        pollSource({
          connection: database.url,
          name: 'chaos',
          shards,
          minIntervalMs: 1,
          maxIntervalMs: 20,
        }),
        // The order of first deliveries over all pollers, as the bus would see it.
        (row) => {
          if (seen.has(row.eventId)) return;
          seen.add(row.eventId);
          first.push(row.eventId);
        },
      );
      reading.confirmAlways();
      readings.push(reading);
    };
    start();
    start();
    try {
      let writing = true;
      const written = write(database.url, random).finally(() => {
        writing = false;
      });
      while (writing) {
        await Promise.race([written, ...readings.map((reading) => reading.next())]);
        const dice = random();
        if (dice < 0.03) {
          await readings.shift()?.kill();
          start();
        } else if (dice < 0.06) {
          await database.query(
            `select pg_terminate_backend(pid) from pg_stat_activity
           where application_name = 'tidings poll chaos' and datname = current_database()
           order by random() limit 1`,
          );
        }
      }
      const committed = await written;
      const expected = [...committed.values()].flat();
      while (!expected.every((name) => seen.has(name))) {
        await Promise.race(readings.map((reading) => reading.next()));
      }
      expect(first.toSorted()).toEqual(expected.toSorted());
      for (const [key, names] of committed) {
        expect(first.filter((name) => name.startsWith(`${key}/`))).toEqual(names);
      }
    } finally {
      for (const reading of readings) await reading.kill();
      await database.close();
    }
  },
);
