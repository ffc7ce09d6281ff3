import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { openArena } from './publisher/arena.ts';
import { footprintFigures } from './publisher/footprint.ts';
import type { CostOrder, CostReport } from './publisher/own-cost.ts';
import type { MemoryOrder, MemoryReport } from './publisher/stream-memory.ts';
import type { StubQuestion, StubReport } from './publisher/stub-bus.ts';
import {
  batchFigures,
  coalescingFigures,
  type Effort,
  largeEventFigures,
  throttledFigures,
} from './publisher/throughput.ts';
import { type Figure, figureRow, isReached } from './support/figure.ts';
import { median } from './support/median.ts';
import { textTable } from './support/text-table.ts';
import { workerProcess } from './support/worker-process.ts';

// Measures every figure that the publisher promises. Ratios come from runs next to each
// other; each run's events are accounted for on the stub bus, or there is no figure.
//
//   node dist/publisher.js [--smoke] [--json FILE] [--only NAME]
//
// `--smoke` runs everything once and small, to see that it works: its figures say nothing.

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    json: { type: 'string' },
    only: { type: 'string' },
  },
});
const effort: Effort & { readonly stream: number; readonly starts: number } = values.smoke
  ? { events: 300, singles: 100, rounds: 1, stream: 1_000, starts: 1 }
  : { events: 50_000, singles: 10_000, rounds: 5, stream: 1_000_000, starts: 15 };

async function costFigures(): Promise<readonly Figure[]> {
  await using worker = workerProcess<CostOrder, CostReport>(
    new URL('./publisher/own-cost.js', import.meta.url),
  );
  const order = { count: effort.events };
  await worker.ask(order);
  const reports: CostReport[] = [];
  for (let turn = 0; turn < effort.rounds; turn += 1) reports.push(await worker.ask(order));
  return [
    {
      name: 'Tidings itself, CPU an event: validate, seal, measure, pack, settle',
      measured: median(reports.map(({ wholeMicros }) => wholeMicros)),
      target: { most: 25 },
      unit: 'µs',
      detail: { 'create alone, µs': median(reports.map(({ createMicros }) => createMicros)) },
    },
  ];
}

async function memoryFigures(): Promise<readonly Figure[]> {
  await using stub = workerProcess<StubQuestion, StubReport>(
    new URL('./publisher/stub-bus.js', import.meta.url),
  );
  await using worker = workerProcess<MemoryOrder, MemoryReport>(
    new URL('./publisher/stream-memory.js', import.meta.url),
    ['--expose-gc'],
  );
  const { url } = await stub.ask({
    kind: 'reset',
    settings: { latencyMs: 0, throttledShare: 0 },
  });
  const report = await worker.ask({ url, count: effort.stream });
  if (report.accepted !== effort.stream) {
    throw new Error(`the stream published ${report.accepted} of ${effort.stream} events`);
  }
  return [
    {
      name: `publishStream of ${effort.stream} events, memory above the baseline`,
      measured: report.peakMb - report.baselineMb,
      target: { most: 150 },
      unit: 'MB',
      detail: { baselineMb: report.baselineMb, peakMb: report.peakMb },
    },
  ];
}

await using arena = openArena();
const sections: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  batch: () => batchFigures(arena, effort),
  throttled: () => throttledFigures(arena, effort),
  coalescing: () => coalescingFigures(arena, effort),
  large: () => largeEventFigures(arena, effort),
  cost: costFigures,
  memory: memoryFigures,
  footprint: () => footprintFigures(effort.starts),
};

const figures: Figure[] = [];
for (const [name, measure] of Object.entries(sections)) {
  if (values.only !== undefined && values.only !== name) continue;
  process.stderr.write(`${name}\n`);
  figures.push(...(await measure()));
}
const rows = figures.map(figureRow);
process.stdout.write(`${textTable([['figure', 'measured', 'target', 'reached'], ...rows])}\n`);
if (values.json !== undefined) {
  const machine = { node: process.version, cpu: cpus()[0]?.model ?? '', cores: cpus().length };
  const text = JSON.stringify({ measuredAt: new Date().toISOString(), machine, figures }, null, 2);
  await writeFile(values.json, `${text}\n`);
}
const missed = figures.filter((figure) => !isReached(figure)).length;
process.exitCode = missed > 0 && !values.smoke ? 1 : 0;
