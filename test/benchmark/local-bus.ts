import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { spawnLocalBus } from '@tidings/local';
import type { HostQuestion, HostReport } from './local-bus/bus-host.ts';
import { sendLoad } from './local-bus/send-load.ts';
import { type Figure, figureRow, isReached } from './support/figure.ts';
import { median } from './support/median.ts';
import { textTable } from './support/text-table.ts';
import { workerProcess } from './support/worker-process.ts';

// Measures every figure that the local bus promises.
//
//   node dist/local-bus.js [--smoke]
//
// Throughput is told a second of the bus's own CPU time, which is what one core gives: the
// load comes from another process, and the machine may be shared. `--smoke` runs everything
// once and small, to see that it works: its figures say nothing.

const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });
const requests = values.smoke ? 200 : 10_000;
const rounds = values.smoke ? 1 : 5;

async function throughput(): Promise<readonly Figure[]> {
  const costs = new Map<number, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const rules of [10, 100, 300]) {
      await using host = workerProcess<HostQuestion, HostReport>(
        new URL('./local-bus/bus-host.js', import.meta.url),
      );
      const { url } = await host.ask({ kind: 'start', rules });
      await sendLoad(url, requests, rules);
      const report = await host.ask({ kind: 'report' });
      const expected = requests * 10;
      if (report.accepted !== expected || report.delivered !== expected) {
        throw new Error(
          `${report.accepted} accepted, ${report.delivered} delivered of ${expected}`,
        );
      }
      costs.set(rules, [...(costs.get(rules) ?? []), report.cpuSeconds / requests]);
    }
  }
  const cost = (rules: number): number => median(costs.get(rules) ?? []);
  const microseconds = (rules: number): number => Math.round(cost(rules) * 1e6);
  return [
    {
      name: 'requests of 10 entries of 500 bytes against 100 rules, each event delivered',
      measured: 1 / cost(100),
      target: { least: 3_000 },
      unit: '/s of one core',
      detail: { 'µs a request': microseconds(100) },
    },
    {
      name: 'cost of a request against 300 rules, compared with 10',
      measured: cost(300) / cost(10),
      target: { most: 1.1 },
      unit: 'times',
      detail: { 'µs against 10': microseconds(10), 'µs against 300': microseconds(300) },
    },
  ];
}

async function footprint(): Promise<readonly Figure[]> {
  const starts: number[] = [];
  let rssMb = 0;
  for (let round = 0; round < rounds * 2; round += 1) {
    const begun = performance.now();
    const bus = await spawnLocalBus();
    await sendLoad(bus.url, 1, 1);
    starts.push(performance.now() - begun);
    if (round === 0) {
      await wait(values.smoke ? 0 : 1_000);
      const status = await readFile(`/proc/${bus.pid}/status`, 'utf8').catch(() => '');
      rssMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_000;
    }
    await bus.stop();
  }
  return [
    {
      name: 'a process of its own, from its start to its first answer',
      measured: median(starts),
      target: { most: 150 },
      unit: 'ms',
      detail: { fastest: Math.min(...starts) },
    },
    {
      name: 'memory of an idle bus in a process of its own',
      measured: rssMb,
      target: { most: 80 },
      unit: 'MB',
      detail: {},
    },
  ];
}

const figures = [...(await footprint()), ...(await throughput())];
const rows = figures.map((figure) => [...figureRow(figure), JSON.stringify(figure.detail)]);
process.stdout.write(
  `${textTable([['figure', 'measured', 'target', 'reached', 'made of'], ...rows])}\n`,
);
const missed = figures.filter((figure) => !isReached(figure)).length;
process.exitCode = missed > 0 && !values.smoke ? 1 : 0;
