import type { PostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { migrateOutbox } from '@tidings/postgres';
import pg from 'pg';

/** A database with an outbox and a slot that holds everything written so far. */
export interface BenchDatabase {
  readonly name: string;
  readonly url: string;
  readonly sql: pg.Client;
  /** Commits `rows` rows of about 500 bytes, so many to a transaction. */
  fill(rows: number, perTransaction: number): Promise<void>;
  /** A slot of its own with the same backlog, for one reader. */
  copySlot(): Promise<string>;
  drop(): Promise<void>;
}

let databases = 0;

export async function createBenchDatabase(cluster: PostgresCluster): Promise<BenchDatabase> {
  databases += 1;
  const name = `bench_${process.pid}_${databases}`;
  await cluster.createDatabase(name);
  const url = cluster.url(name);
  await migrateOutbox({ connection: url, slot: name });
  const sql = new pg.Client({ connectionString: url });
  await sql.connect();
  await sql.query('set synchronous_commit = off');
  await sql.query(fillProcedure);
  let copies = 0;
  return {
    name,
    url,
    sql,
    async fill(rows, perTransaction): Promise<void> {
      await sql.query('call bench_fill($1, $2)', [rows, perTransaction]);
    },
    async copySlot(): Promise<string> {
      copies += 1;
      const copy = `${name}_${copies}`;
      await sql.query('select pg_copy_logical_replication_slot($1, $2)', [name, copy]);
      return copy;
    },
    async drop(): Promise<void> {
      await sql.query(
        `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
         where database = current_database() and active_pid is not null`,
      );
      await sql.query(
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots
         where database = current_database()`,
      );
      await sql.end();
    },
  };
}

/** Event ids count up, so that lost and doubled events show in the bus's counts. */
const fillProcedure = `
  create sequence bench_event;
  create procedure bench_fill(total int, per_transaction int) language plpgsql as $$
  declare
    done int := 0;
    size int;
  begin
    while done < total loop
      size := least(per_transaction, total - done);
      insert into tidings.outbox (event_id, source, detail_type, detail, occurred_at,
        idempotency_key, ordering_key)
      select 'e' || n, 'com.acme.orders', 'OrderPlaced',
             ('{"metadata":{"eventId":"e' || n || '","version":"1.0","idempotencyKey":"k' || n
              || '","occurredAt":"2026-06-07T02:00:00.123Z","orderingKey":"o' || n % 1000
              || '","producer":{"service":"bench"}},"data":{"orderId":"' || n
              || '","note":"' || repeat('x', 270) || '"}}')::json,
             '2026-06-07T02:00:00.123Z', 'k' || n, 'o' || n % 1000
      from (select nextval('bench_event') as n from generate_series(1, size)) as numbers;
      commit;
      done := done + size;
    end loop;
  end $$`;
