import type { Figure } from '../support/figure.ts';
import { median } from '../support/median.ts';
import type { Arena, Bout, Round } from './arena.ts';
import type { Contestant } from './contestant.ts';

const CONCURRENCY = 16;
const calm = { latencyMs: 0, throttledShare: 0 };

/** How much is run. */
export interface Effort {
  readonly events: number;
  readonly singles: number;
  readonly rounds: number;
}

const rate = (rounds: readonly Round[] = []): number =>
  median(rounds.map(({ eventsPerSecond }) => eventsPerSecond));
const cpu = (rounds: readonly Round[] = []): number =>
  median(rounds.map(({ cpuMicrosPerEvent }) => cpuMicrosPerEvent));

/** Ratio round by round: the two of one round ran next to each other. */
function ratio(
  ours: readonly Round[] = [],
  theirs: readonly Round[] = [],
  of: (round: Round) => number = ({ eventsPerSecond }) => eventsPerSecond,
): number {
  return median(ours.map((round, index) => of(round) / of(theirs[index] as Round)));
}

/** Both transports against the raw SDK, ten entries a request. */
export async function batchFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const bout = (contestant: Contestant, latencyMs: number): Bout => ({
    contestant,
    count: effort.events,
    concurrency: CONCURRENCY,
    stub: { ...calm, latencyMs },
  });
  const runs = await arena.fight(
    {
      raw: bout('raw', 0),
      'raw without validation': bout('raw without validation', 0),
      sdkTransport: bout('sdkTransport', 0),
      leanTransport: bout('leanTransport', 0),
      'raw, 10 ms': bout('raw', 10),
      'sdkTransport, 10 ms': bout('sdkTransport', 10),
    },
    effort.rounds,
  );
  const detail = Object.fromEntries(
    Object.entries(runs).flatMap(([name, rounds]) => [
      [`${name}, events/s`, rate(rounds)],
      [`${name}, µs of CPU an event`, cpu(rounds)],
    ]),
  );
  return [
    {
      name: 'sdkTransport, throughput of the raw SDK, 0 ms',
      measured: ratio(runs.sdkTransport, runs.raw),
      target: { least: 0.95 },
      unit: 'times',
      detail,
    },
    {
      name: 'sdkTransport, throughput of the raw SDK, 10 ms',
      measured: ratio(runs['sdkTransport, 10 ms'], runs['raw, 10 ms']),
      target: { least: 0.95 },
      unit: 'times',
      detail,
    },
    {
      name: 'leanTransport, throughput of the raw SDK, 0 ms',
      measured: ratio(runs.leanTransport, runs.raw),
      target: { least: 2.5 },
      unit: 'times',
      detail,
    },
    {
      name: 'leanTransport, CPU an event of the raw SDK',
      measured: ratio(runs.leanTransport, runs.raw, (round) => round.cpuMicrosPerEvent),
      target: { most: 0.5 },
      unit: 'times',
      detail,
    },
  ];
}

/** 5 % of the entries throttled: nothing lost (the arena audits it), little slower. */
export async function throttledFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const bout = (contestant: Contestant, throttledShare: number): Bout => ({
    contestant,
    count: effort.events,
    concurrency: CONCURRENCY,
    stub: { latencyMs: 0, throttledShare },
  });
  const runs = await arena.fight(
    {
      sdk: bout('sdkTransport', 0),
      'sdk throttled': bout('sdkTransport', 0.05),
      lean: bout('leanTransport', 0),
      'lean throttled': bout('leanTransport', 0.05),
    },
    effort.rounds,
  );
  const figure = (name: string, calmly: readonly Round[], throttled: readonly Round[]): Figure => ({
    name: `${name}, 5 % of the entries throttled, throughput of none`,
    measured: ratio(throttled, calmly),
    target: { least: 0.8 },
    unit: 'times',
    detail: { 'calm, events/s': rate(calmly), 'throttled, events/s': rate(throttled) },
  });
  return [
    figure('sdkTransport', runs.sdk, runs['sdk throttled']),
    figure('leanTransport', runs.lean, runs['lean throttled']),
  ];
}

/** Single `publish` calls made at the same time against one PutEvents an event. */
export async function coalescingFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const bout = (contestant: Contestant): Bout => ({
    contestant,
    count: effort.singles,
    concurrency: CONCURRENCY,
    stub: calm,
  });
  const { raw, ...ours } = await arena.fight(
    {
      raw: bout('raw one by one'),
      sdkTransport: bout('sdkTransport one by one'),
      leanTransport: bout('leanTransport one by one'),
    },
    effort.rounds,
  );
  return Object.entries(ours).flatMap(([name, rounds]) => [
    {
      name: `${name}, single calls, throughput of one PutEvents an event`,
      measured: ratio(rounds, raw),
      target: { least: 5 },
      unit: 'times',
      detail: { 'ours, events/s': rate(rounds), 'theirs, events/s': rate(raw) },
    },
    {
      name: `${name}, requests for ${effort.singles} single calls`,
      measured: Math.max(...rounds.map((round) => round.requests)),
      target: { most: Math.ceil((effort.singles / 10) * 1.01) },
      unit: 'requests',
      detail: {},
    },
  ]);
}

/** Events of 60 to 200 KB, packed at 1 MiB and at 256 KiB. */
export async function largeEventFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const count = Math.ceil(effort.events / 100);
  const bout = (contestant: Contestant): Bout => ({
    contestant,
    count,
    concurrency: CONCURRENCY,
    stub: calm,
    noteBytes: [60_000, 200_000],
  });
  const runs = await arena.fight(
    { ours: bout('sdkTransport'), theirs: bout('sdkTransport at 256 KiB') },
    1,
  );
  const ours = runs.ours[0]?.requests ?? Number.NaN;
  const theirs = runs.theirs[0]?.requests ?? Number.NaN;
  return [
    {
      name: 'events of 60 to 200 KB, requests of a 256 KiB packer',
      measured: ours / theirs,
      target: { most: 1 / 3 },
      unit: 'times',
      detail: { ours, theirs, events: count },
    },
  ];
}
