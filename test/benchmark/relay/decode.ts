import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchDatabase, createBenchDatabase } from './bench-database.ts';
import { type BenchStage, type Figure, median, scaled } from './figure.ts';

const RECVLOGICAL = '/usr/lib/postgresql/15/bin/pg_recvlogical';

/** Decoding alone: the relay's source, whose changes nobody publishes, and pg_recvlogical. */
export async function decode(stage: BenchStage): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  const peer = existsSync(RECVLOGICAL);
  if (!peer) process.stdout.write(`skipped: no ${RECVLOGICAL} to compare decoding with\n`);
  for (const [perTransaction, rows, target] of [
    [1, scaled(100_000, stage), '>= 1.5'],
    [100, scaled(300_000, stage), '>= 1.2'],
  ] as const) {
    const database = await createBenchDatabase(stage.cluster);
    try {
      await database.fill(rows, perTransaction);
      const ours: number[] = [];
      const theirs: number[] = [];
      for (let run = 0; run < stage.runs; run++) {
        ours.push(rows / (await readWithSource(database, rows)));
        if (peer) theirs.push(rows / (await readWithRecvlogical(database)));
      }
      const what = `decoding ${perTransaction}-row transactions`;
      figures.push({ what: `${what}, relay`, value: median(ours), unit: 'rows/s' });
      if (!peer) continue;
      figures.push({ what: `${what}, pg_recvlogical`, value: median(theirs), unit: 'rows/s' });
      const value = median(ours) / median(theirs);
      figures.push({ what: `${what}, ratio`, value, unit: 'x', target });
    } finally {
      await database.drop();
    }
  }
  return figures;
}

/** Seconds that a process with nothing but a source takes; it counts what it reads. */
async function readWithSource(database: BenchDatabase, rows: number): Promise<number> {
  const reader = join(import.meta.dirname, 'read-source.ts');
  const slot = await database.copySlot();
  const args = ['--import', 'jiti/register', reader, database.url, slot, String(rows)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const result = JSON.parse(stdout) as { readonly seconds: number; readonly distinct: number };
  if (result.distinct !== rows) {
    throw new Error(`the source read ${result.distinct} of ${rows} rows`);
  }
  return result.seconds;
}

async function readWithRecvlogical(database: BenchDatabase): Promise<number> {
  const slot = await database.copySlot();
  const { rows } = await database.sql.query<{ lsn: string }>(
    'select pg_current_wal_flush_lsn()::text as lsn',
  );
  // A message behind the last row, so that there is something at the end position.
  await database.sql.query(`select pg_logical_emit_message(true, 'end', '')`);
  const startedAt = performance.now();
  const child = spawn(
    RECVLOGICAL,
    [
      ...['--dbname', database.url, '--slot', slot, '--start', '--no-loop', '--file', '/dev/null'],
      ...['--endpos', rows[0]?.lsn ?? '', '--option', 'proto_version=1'],
      ...['--option', 'publication_names=tidings'],
    ],
    { stdio: 'ignore' },
  );
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`pg_recvlogical ended with ${code}`);
  return (performance.now() - startedAt) / 1000;
}
