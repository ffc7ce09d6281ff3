import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchDatabase, createBenchDatabase } from './bench-database.ts';
import { type BenchStage, type Figure, median } from './figure.ts';

const CLIENTS = 8;
const run = promisify(execFile);

const detail = JSON.stringify({
  metadata: {
    eventId: 'e1',
    version: '1.0',
    idempotencyKey: 'k1',
    occurredAt: '2026-06-07T02:00:00.123Z',
    orderingKey: 'o1',
    producer: { service: 'bench' },
  },
  data: { orderId: '1', note: 'x'.repeat(270) },
});
const businessRow = 'insert into orders (total_cents) values (1);';
const append = `insert into tidings.outbox (event_id, source, detail_type, detail, occurred_at,
  resources, idempotency_key, ordering_key, trace_header) values ('e1', 'com.acme.orders',
  'OrderPlaced', '${detail}', '2026-06-07T02:00:00.123Z', '[]', 'k1', 'o1', null);`;
const transactions: Readonly<Record<string, string>> = {
  'business row': `begin;\n${businessRow}\ncommit;\n`,
  'business row and append': `begin;\n${businessRow}\n${append.replaceAll('\n', '')}\ncommit;\n`,
};

/**
 * What an append costs the business: transactions a second of pgbench with eight clients and
 * `synchronous_commit = on`, on disks that take a while to flush (`commit_delay`) and on this
 * one. Where a flush costs nothing, the processor is the limit and a second statement of any
 * kind shows in full.
 */
export async function insert(stage: BenchStage): Promise<readonly Figure[]> {
  try {
    await run('pgbench', ['--version']);
  } catch {
    process.stdout.write('skipped: no pgbench to insert with\n');
    return [];
  }
  const database = await createBenchDatabase(stage.cluster);
  const folder = await mkdtemp(join(tmpdir(), 'tidings-insert-'));
  try {
    await database.sql.query('create table orders (id bigserial primary key, total_cents integer)');
    await database.sql.query(
      `alter database ${database.name} set synchronous_commit = on;
       alter database ${database.name} set commit_siblings = 0`,
    );
    const figures: Figure[] = [];
    for (const [flushMicros, target] of [
      [1_000, '>= 0.75'],
      [0, undefined],
    ] as const) {
      await database.sql.query(`alter database ${database.name} set commit_delay = ${flushMicros}`);
      figures.push(...(await compare(database, folder, flushMicros, target, stage)));
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true });
    await database.drop();
  }
}

async function compare(
  database: BenchDatabase,
  folder: string,
  flushMicros: number,
  target: string | undefined,
  stage: BenchStage,
): Promise<readonly Figure[]> {
  const names = Object.keys(transactions);
  const rates = names.map((): number[] => []);
  // The first turn warms up.
  for (let turn = 0; turn <= stage.runs; turn++) {
    for (const [index, name] of names.entries()) {
      const rate = await pgbench(database, folder, transactions[name] ?? '', 20 * stage.scale);
      if (turn > 0) rates[index]?.push(rate);
    }
  }
  const disk = flushMicros === 0 ? 'this disk' : `a flush of ${flushMicros / 1000} ms`;
  const [alone = [], both = []] = rates;
  const value = median(both.map((rate, turn) => rate / (alone[turn] ?? 0)));
  return [
    { what: `business row, ${disk}`, value: median(alone), unit: 'tx/s' },
    { what: `business row and append, ${disk}`, value: median(both), unit: 'tx/s' },
    { what: `append to none, ${disk}`, value, unit: 'x', ...(target !== undefined && { target }) },
  ];
}

async function pgbench(
  database: BenchDatabase,
  folder: string,
  script: string,
  seconds: number,
): Promise<number> {
  const file = join(folder, 'transaction.sql');
  await writeFile(file, script);
  const { stdout } = await run('pgbench', [
    ...['--no-vacuum', '--client', String(CLIENTS), '--jobs', '1', '--protocol', 'prepared'],
    ...['--time', String(Math.max(1, Math.round(seconds))), '--file', file, database.url],
  ]);
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}
