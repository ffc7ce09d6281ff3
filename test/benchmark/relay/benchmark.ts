/**
 * `npm run bench:relay`: the relay's figures, each audited by counts. `--scale` 1, the
 * default, is what the figures are stated for, 0.1 keeps it short; `--runs N` (default 3) runs
 * each side so often, interleaved; `--only a,b` names some; `--json FILE` saves them.
 * Ratios hold on a machine that others use as well, absolute figures do not.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startPostgresCluster } from '@tidings/example-orders/postgres-cluster';
import { decode } from './decode.ts';
import type { Benchmark, Figure } from './figure.ts';
import { insert } from './insert.ts';
import { idle, latency } from './latency.ts';
import { peer } from './peer.ts';
import { cost, heal, memory, throughput } from './throughput.ts';

const benchmarks: Readonly<Record<string, Benchmark>> = {
  decode,
  insert,
  throughput,
  peer,
  latency,
  memory,
  cost,
  heal,
  idle,
};

const { values } = parseArgs({
  options: {
    scale: { type: 'string', default: '1' },
    runs: { type: 'string', default: '3' },
    only: { type: 'string', default: Object.keys(benchmarks).join(',') },
    json: { type: 'string' },
  },
});

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new Error(`--${name} must be a number above 0, got ${text}`);
}

const scale = positive('scale', values.scale);
const runs = positive('runs', values.runs);
const figures: Figure[] = [];
const cluster = await startPostgresCluster({
  max_wal_size: '8GB',
  shared_buffers: '256MB',
  max_replication_slots: '64',
});
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
try {
  for (const name of values.only.split(',')) {
    const benchmark = benchmarks[name];
    if (benchmark === undefined) {
      throw new Error(`--only knows ${Object.keys(benchmarks).join(', ')}; got ${name}`);
    }
    for (const figure of await benchmark({ cluster, scale, runs })) {
      figures.push(figure);
      const { what, value, unit, target } = figure;
      const shown = value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toFixed(2);
      const goal = target === undefined ? '' : `   (${target})`;
      process.stdout.write(`${what.padEnd(58)} ${shown.padStart(12)} ${unit}${goal}\n`);
    }
  }
} finally {
  await cluster.stop();
}
if (values.json !== undefined) {
  const about = { at: new Date().toISOString(), node: process.version, scale, runs };
  await writeFile(values.json, `${JSON.stringify({ ...about, figures }, undefined, 2)}\n`);
}
