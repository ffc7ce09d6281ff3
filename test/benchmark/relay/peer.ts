import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type SpawnedBus, spawnLocalBus } from '@tidings/local';
import { DatabaseSetup } from 'pg-transactional-outbox';
import { type BenchDatabase, createBenchDatabase } from './bench-database.ts';
import { type BenchStage, type Figure, median, scaled } from './figure.ts';
import { peerSetup } from './peer-setup.ts';
import { drain } from './relay-run.ts';

/** With more, its messages in flight run into its own time limit of 15 seconds. */
const PEER_ROWS = 3_000;

/**
 * Draining, held against pg-transactional-outbox with the same publisher and events of the
 * same size. pg-trx-outbox, the other peer, is not on the registry.
 */
export async function peer(stage: BenchStage): Promise<readonly Figure[]> {
  const rows = scaled(100_000, stage);
  const peerRows = Math.min(PEER_ROWS, rows);
  const bus = await spawnLocalBus({ buses: ['orders'], journal: 'counts' });
  const database = await createBenchDatabase(stage.cluster);
  try {
    await database.fill(rows, 100);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let run = 0; run < stage.runs; run++) {
      ours.push(rows / (await drain(database, bus, await database.copySlot(), rows)).seconds);
      theirs.push(peerRows / (await drainPeer(database, bus, peerRows)));
    }
    const value = median(ours.map((rate, run) => rate / (theirs[run] ?? 0)));
    return [
      { what: `draining ${rows} rows, relay`, value: median(ours), unit: 'events/s' },
      {
        what: `draining ${peerRows} rows, pg-transactional-outbox`,
        value: median(theirs),
        unit: 'events/s',
      },
      { what: 'draining, relay to peer', value, unit: 'x', target: '>= 30' },
    ];
  } finally {
    await database.drop();
    await bus.stop();
  }
}

/** Seconds that the peer takes for a backlog of its own table, from its start. */
async function drainPeer(database: BenchDatabase, bus: SpawnedBus, rows: number): Promise<number> {
  await bus.reset();
  const { sql } = database;
  await sql.query(DatabaseSetup.dropAndCreateTable(peerSetup));
  await sql.query(DatabaseSetup.setupReplicationCore(peerSetup));
  await sql.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [
    peerSetup.replicationSlot,
  ]);
  // The same events, as it has them: an envelope in a payload.
  await sql.query(
    `insert into peer.outbox (id, aggregate_type, aggregate_id, message_type, concurrency, payload)
     select gen_random_uuid(), 'order', event_id, detail_type, 'parallel', json_build_object(
       'source', source, 'detail-type', detail_type, 'time', '2026-06-07T02:00:00Z',
       'resources', resources, 'detail', detail)
     from tidings.outbox order by id limit $1`,
    [rows],
  );
  const listener = join(import.meta.dirname, 'peer-listener.ts');
  const child = spawn(
    process.execPath,
    ['--import', 'jiti/register', listener, database.url, bus.url],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exited = once(child, 'exit');
  try {
    await once(child.stdout, 'data');
    const startedAt = performance.now();
    await bus.waitFor({ distinct: rows }, { timeoutMs: 120_000 });
    return (performance.now() - startedAt) / 1000;
  } finally {
    child.kill('SIGKILL');
    await exited;
    await sql.query(
      `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
       where slot_name = $1 and active_pid is not null`,
      [peerSetup.replicationSlot],
    );
    await sql.query('select pg_drop_replication_slot($1)', [peerSetup.replicationSlot]);
  }
}
