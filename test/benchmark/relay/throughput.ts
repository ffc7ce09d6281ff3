import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RelayProcess } from '@tidings/example-orders/relay-process';
import { type SpawnedBus, spawnLocalBus } from '@tidings/local';
import { type BenchDatabase, createBenchDatabase } from './bench-database.ts';
import { type BenchStage, type Figure, median, scaled } from './figure.ts';
import { drain, type RelayRun, startBenchRelay, usageOf } from './relay-run.ts';

/** Draining a backlog, held against what the publisher alone sends. */
export async function throughput(stage: BenchStage): Promise<readonly Figure[]> {
  const rows = scaled(500_000, stage);
  return withBus(async (bus) => {
    const database = await createBenchDatabase(stage.cluster);
    try {
      await database.fill(rows, 100);
      const relay: number[] = [];
      const alone: number[] = [];
      for (let run = 0; run < stage.runs; run++) {
        relay.push(rows / (await drain(database, bus, await database.copySlot(), rows)).seconds);
        alone.push(rows / (await publishAlone(bus, rows)));
      }
      const what = `${rows} rows`;
      return [
        { what: `draining ${what}, relay`, value: median(relay), unit: 'events/s' },
        { what: `sending ${what}, publisher alone`, value: median(alone), unit: 'events/s' },
        {
          what: 'draining, relay to publisher alone',
          value: median(relay) / median(alone),
          unit: 'x',
          target: '>= 0.85',
        },
      ];
    } finally {
      await database.drop();
    }
  });
}

/**
 * Processor time of an event at three sizes of the backlog, for a relay that has warmed up.
 * The clock would tell of the bus and the server as well, and of whatever else runs.
 */
export async function cost(stage: BenchStage): Promise<readonly Figure[]> {
  return withBus(async (bus) => {
    const database = await createBenchDatabase(stage.cluster);
    const relay = startBenchRelay(database, bus, database.name);
    try {
      await relay.logged('streaming');
      await drainBacklog(relay, database, bus, scaled(100_000, stage));
      const sizes = [10_000, 100_000, 1_000_000].map((size) => scaled(size, stage));
      const runs = sizes.map((): number[] => []);
      for (let run = 0; run < stage.runs; run++) {
        for (const [index, rows] of sizes.entries()) {
          runs[index]?.push(((await drainBacklog(relay, database, bus, rows)) * 1e6) / rows);
        }
      }
      const figures = sizes.map((rows, index): Figure => {
        const value = median(runs[index] ?? []);
        return { what: `cost at ${rows} rows`, value, unit: 'us of CPU' };
      });
      const costs = figures.map(({ value }) => value);
      const value = Math.max(...costs) / Math.min(...costs);
      return [
        ...figures,
        { what: 'cost, dearest to cheapest', value, unit: 'x', target: '<= 1.15' },
      ];
    } finally {
      relay.kill('SIGKILL');
      await relay.exited;
      await database.drop();
    }
  });
}

/** Seconds of processor that a relay takes for rows which were written while it stood still. */
async function drainBacklog(
  relay: RelayProcess,
  database: BenchDatabase,
  bus: SpawnedBus,
  rows: number,
): Promise<number> {
  await bus.reset();
  const { cpuSeconds: before } = usageOf(relay.pid);
  relay.kill('SIGSTOP');
  try {
    await database.fill(rows, 100);
  } finally {
    relay.kill('SIGCONT');
  }
  await bus.waitFor({ distinct: rows }, { timeoutMs: 600_000 });
  const { cpuSeconds } = usageOf(relay.pid);
  const { accepted, distinct } = await bus.summary();
  if (accepted !== rows || distinct !== rows) {
    throw new Error(`${rows} events were owed; the bus has ${distinct}, in ${accepted} entries`);
  }
  return cpuSeconds - before;
}

/** Memory for one large transaction. */
export async function memory(stage: BenchStage): Promise<readonly Figure[]> {
  return withBus(async (bus) => {
    const peaks: number[] = [];
    const figures: Figure[] = [];
    for (const size of [100_000, 1_000_000]) {
      const rows = scaled(size, stage);
      const database = await createBenchDatabase(stage.cluster);
      const runs: RelayRun[] = [];
      try {
        await database.fill(rows, rows);
        for (let run = 0; run < stage.runs; run++) {
          runs.push(await drain(database, bus, await database.copySlot(), rows));
        }
      } finally {
        await database.drop();
      }
      const value = median(runs.map(({ peakRssMb }) => peakRssMb));
      peaks.push(value);
      const what = `peak memory, one transaction of ${rows} rows`;
      figures.push({ what, value, unit: 'MB', target: '< 200' });
    }
    const value = (peaks[1] ?? 0) / (peaks[0] ?? 1);
    return [
      ...figures,
      { what: 'peak memory, larger to smaller', value, unit: 'x', target: '<= 1.1' },
    ];
  });
}

/** Healing rows that no bookmark covers, held against draining as many. */
export async function heal(stage: BenchStage): Promise<readonly Figure[]> {
  const rows = scaled(100_000, stage);
  return withBus(async (bus) => {
    const drained: number[] = [];
    const healed: number[] = [];
    for (let run = 0; run < stage.runs; run++) {
      const database = await createBenchDatabase(stage.cluster);
      try {
        await bus.reset();
        // A first run writes the checkpoint; without it there is nothing to heal.
        const slot = database.name;
        await database.fill(1, 1);
        await drain(database, bus, slot, 1);
        await database.sql.query('delete from tidings.outbox');
        await database.fill(rows, 100);
        const copy = await database.copySlot();
        drained.push((await drain(database, bus, copy, rows)).seconds);
        await database.sql.query('select pg_drop_replication_slot($1)', [slot]);
        healed.push((await drain(database, bus, slot, rows, 'has been dropped')).seconds);
      } finally {
        await database.drop();
      }
    }
    return [
      { what: `draining ${rows} rows`, value: median(drained), unit: 's' },
      { what: `healing ${rows} rows`, value: median(healed), unit: 's' },
      {
        what: 'healing to draining',
        value: median(healed) / median(drained),
        unit: 'x',
        target: '<= 1.3',
      },
    ];
  });
}

/** Seconds that a process with nothing but a publisher takes for as many events. */
async function publishAlone(bus: SpawnedBus, rows: number): Promise<number> {
  await bus.reset();
  const sender = join(import.meta.dirname, 'publish-alone.ts');
  const args = ['--import', 'jiti/register', sender, bus.url, String(rows)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { accepted, distinct } = await bus.summary();
  if (accepted !== rows || distinct !== rows) {
    throw new Error(`the publisher sent ${rows} events; the bus has ${distinct} of ${accepted}`);
  }
  return (JSON.parse(stdout) as { readonly seconds: number }).seconds;
}

/** The bus in a process of its own, where it counts events and keeps none. */
async function withBus<Result>(work: (bus: SpawnedBus) => Promise<Result>): Promise<Result> {
  const bus = await spawnLocalBus({ buses: ['orders'], journal: 'counts' });
  try {
    return await work(bus);
  } finally {
    await bus.stop();
  }
}
