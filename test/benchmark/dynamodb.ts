import { parseArgs } from 'node:util';
import type { CaptureOrder, CaptureReport } from './dynamodb/capture-cost.ts';
import type { StreamContestant, StreamOrder, StreamReport } from './dynamodb/contestant.ts';
import type { StubQuestion, StubReport } from './publisher/stub-bus.ts';
import { type Figure, figureRow, isReached } from './support/figure.ts';
import { textTable } from './support/text-table.ts';
import { type WorkerProcess, workerProcess } from './support/worker-process.ts';

// Measures every figure that the DynamoDB capture promises.
//
//   node dist/dynamodb.js [--smoke]
//
// What is compared runs in turn, in a process of its own each; every run's events are
// accounted for on the stub bus, which answers at once. Throughput is told a second of the
// process's own CPU time, which is what one core gives, and of the best round, which the
// machine's other work disturbed least. The peer publishes through the AWS SDK and cannot do
// otherwise; against `streamHandler, sdk` the two share that cost. `--smoke` runs everything
// once and small, to see that it works: its figures say nothing.

const { values } = parseArgs({ options: { smoke: { type: 'boolean', default: false } } });
const effort = values.smoke ? { records: 100, rounds: 1 } : { records: 10_000, rounds: 12 };

async function captureFigures(): Promise<readonly Figure[]> {
  await using worker = workerProcess<CaptureOrder, CaptureReport>(
    new URL('./dynamodb/capture-cost.js', import.meta.url),
  );
  const order = { count: effort.records };
  await worker.ask(order);
  const reports: CaptureReport[] = [];
  for (let round = 0; round < effort.rounds; round += 1) reports.push(await worker.ask(order));
  const best = reports.toSorted((a, b) => b.recordsPerSecond - a.recordsPerSecond)[0];
  const of = (figure: keyof CaptureReport): number => Number(best?.[figure].toFixed(2));
  return [
    {
      name: 'records of 1 KB through normal form, capture and seal',
      measured: of('recordsPerSecond'),
      target: { least: 50_000 },
      unit: '/s of one core',
      detail: {
        'normal form, µs': of('normalFormMicros'),
        'capture, µs': of('captureMicros'),
        'seal, µs': of('sealMicros'),
        'bytes of an event': of('detailBytes'),
      },
    },
  ];
}

const contestants: readonly StreamContestant[] = [
  'publisher alone, sdk',
  'streamHandler, sdk',
  'publisher alone, lean',
  'streamHandler, lean',
  'aws-lambda-stream',
];

async function handlerFigures(): Promise<readonly Figure[]> {
  await using stub = workerProcess<StubQuestion, StubReport>(
    new URL('./publisher/stub-bus.js', import.meta.url),
  );
  const workers = new Map<StreamContestant, WorkerProcess<StreamOrder, StreamReport>>();
  const rates = new Map<StreamContestant, number[]>();
  try {
    for (let round = 0; round <= effort.rounds; round += 1) {
      for (const contestant of contestants) {
        const worker =
          workers.get(contestant) ??
          workerProcess<StreamOrder, StreamReport>(
            new URL('./dynamodb/contestant.js', import.meta.url),
            ['--expose-gc'],
          );
        workers.set(contestant, worker);
        const settings = { latencyMs: 0, throttledShare: 0 };
        const { url } = await stub.ask({ kind: 'reset', settings });
        const report = await worker.ask({ contestant, url, count: effort.records });
        const { accepted, distinct } = await stub.ask({ kind: 'report' });
        const counts = [report.accepted, accepted, distinct];
        if (counts.some((count) => count !== effort.records)) {
          throw new Error(`${contestant}: ${counts} of ${effort.records} events`);
        }
        // The first round warms up.
        if (round === 0) continue;
        const rate = (effort.records / report.cpuMs) * 1000;
        rates.set(contestant, [...(rates.get(contestant) ?? []), rate]);
      }
    }
  } finally {
    for (const worker of workers.values()) await worker[Symbol.asyncDispose]();
  }
  const best = (contestant: StreamContestant): number =>
    Math.round(Math.max(...(rates.get(contestant) ?? [])));
  const against = (ours: StreamContestant, theirs: StreamContestant, least: number): Figure => ({
    name: `${ours}, throughput of ${theirs}`,
    measured: best(ours) / best(theirs),
    target: { least },
    unit: 'times',
    detail: Object.fromEntries(
      [ours, theirs].map((name) => [`${name}, records/s of CPU`, best(name)]),
    ),
  });
  return [
    against('streamHandler, sdk', 'publisher alone, sdk', 0.9),
    against('streamHandler, lean', 'publisher alone, lean', 0.9),
    against('streamHandler, lean', 'aws-lambda-stream', 2),
    against('streamHandler, sdk', 'aws-lambda-stream', 1),
  ];
}

const figures = [...(await captureFigures()), ...(await handlerFigures())];
const rows = figures.map((figure) => [...figureRow(figure), JSON.stringify(figure.detail)]);
process.stdout.write(
  `${textTable([['figure', 'measured', 'target', 'reached', 'made of'], ...rows])}\n`,
);
const missed = figures.filter((figure) => !isReached(figure)).length;
process.exitCode = missed > 0 && !values.smoke ? 1 : 0;
