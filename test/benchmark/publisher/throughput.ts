import type { Figure } from '../support/figure.ts';
import { median } from '../support/median.ts';
import type { Arena, Round } from './arena.ts';

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
  const bout = { count: effort.events, concurrency: CONCURRENCY, stub: calm };
  const names = ['raw', 'raw without validation', 'sdkTransport', 'leanTransport'] as const;
  const still = await arena.fight(names, bout, effort.rounds);
  const slow = await arena.fight(
    ['raw', 'sdkTransport'] as const,
    { ...bout, stub: { ...calm, latencyMs: 10 } },
    effort.rounds,
  );
  const detail = (runs: ReadonlyMap<string, readonly Round[]>): Figure['detail'] =>
    Object.fromEntries(
      [...runs].flatMap(([name, rounds]) => [
        [`${name}, events/s`, rate(rounds)],
        [`${name}, µs of CPU an event`, cpu(rounds)],
      ]),
    );
  const raw = still.get('raw');
  const lean = still.get('leanTransport');
  return [
    {
      name: 'sdkTransport, throughput of the raw SDK, 0 ms',
      measured: ratio(still.get('sdkTransport'), raw),
      target: { least: 0.95 },
      unit: 'times',
      detail: detail(still),
    },
    {
      name: 'sdkTransport, throughput of the raw SDK, 10 ms',
      measured: ratio(slow.get('sdkTransport'), slow.get('raw')),
      target: { least: 0.95 },
      unit: 'times',
      detail: detail(slow),
    },
    {
      name: 'leanTransport, throughput of the raw SDK, 0 ms',
      measured: ratio(lean, raw),
      target: { least: 2.5 },
      unit: 'times',
      detail: detail(still),
    },
    {
      name: 'leanTransport, CPU an event of the raw SDK',
      measured: ratio(lean, raw, ({ cpuMicrosPerEvent }) => cpuMicrosPerEvent),
      target: { most: 0.5 },
      unit: 'times',
      detail: detail(still),
    },
  ];
}

/** 5 % of the entries throttled: nothing lost (the arena audits it), little slower. */
export async function throttledFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const bout = { count: effort.events, concurrency: CONCURRENCY, stub: calm };
  const figures: Figure[] = [];
  for (const name of ['sdkTransport', 'leanTransport'] as const) {
    const ratios: number[] = [];
    const detail: Record<string, number[]> = { calm: [], throttled: [] };
    for (let turn = 0; turn < effort.rounds; turn += 1) {
      const plain = rate((await arena.fight([name], bout, 1)).get(name));
      const stub = { latencyMs: 0, throttledShare: 0.05 };
      const throttled = rate((await arena.fight([name], { ...bout, stub }, 1)).get(name));
      detail.calm?.push(plain);
      detail.throttled?.push(throttled);
      ratios.push(throttled / plain);
    }
    figures.push({
      name: `${name}, 5 % of the entries throttled, throughput of none`,
      measured: median(ratios),
      target: { least: 0.8 },
      unit: 'times',
      detail,
    });
  }
  return figures;
}

/** Single `publish` calls made at the same time against one PutEvents an event. */
export async function coalescingFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const bout = { count: effort.singles, concurrency: CONCURRENCY, stub: calm };
  const names = ['raw one by one', 'sdkTransport one by one', 'leanTransport one by one'] as const;
  const runs = await arena.fight(names, bout, effort.rounds);
  const single = runs.get('raw one by one');
  return (['sdkTransport one by one', 'leanTransport one by one'] as const).flatMap((name) => {
    const rounds = runs.get(name);
    const requests = Math.max(...(rounds ?? []).map((round) => round.requests));
    return [
      {
        name: `${name}, throughput of one PutEvents an event`,
        measured: ratio(rounds, single),
        target: { least: 5 },
        unit: 'times',
        detail: { ours: rate(rounds), theirs: rate(single) },
      },
      {
        name: `${name}, requests for ${effort.singles} events`,
        measured: requests,
        target: { most: Math.ceil((effort.singles / 10) * 1.01) },
        unit: 'requests',
        detail: {},
      },
    ];
  });
}

/** Events of 60 to 200 KB, packed at 1 MiB and at 256 KiB. */
export async function largeEventFigures(arena: Arena, effort: Effort): Promise<readonly Figure[]> {
  const bout = {
    count: Math.ceil(effort.events / 100),
    concurrency: CONCURRENCY,
    stub: calm,
    noteBytes: [60_000, 200_000],
  } as const;
  const runs = await arena.fight(['sdkTransport', 'sdkTransport at 256 KiB'] as const, bout, 1);
  const requests = (name: 'sdkTransport' | 'sdkTransport at 256 KiB'): number =>
    runs.get(name)?.[0]?.requests ?? Number.NaN;
  const ours = requests('sdkTransport');
  const theirs = requests('sdkTransport at 256 KiB');
  return [
    {
      name: 'events of 60 to 200 KB, requests of a 256 KiB packer',
      measured: ours / theirs,
      target: { most: 1 / 3 },
      unit: 'times',
      detail: { ours, theirs, events: bout.count },
    },
  ];
}
