import type { FaultAction } from '@tidings/local';
import { seededRandom } from '../../packages/local/src/seeded-random.ts';
import { type CaptureModeName, captureModes } from './capture-modes.ts';

/** How a slot is lost; each of them must raise an incident. */
export type SlotLossAction =
  | 'slot is dropped'
  | 'slot is advanced'
  | 'slot is invalidated'
  | 'table is unpublished'
  | 'table is renamed away and back';

/** What is done to the database, beside the relays and without a loss. */
export type DatabaseAction =
  | 'another role sends heartbeats'
  | 'row security is switched on'
  | 'a type and a column are added'
  | 'another table takes a huge transaction'
  | 'the checkpoint is locked'
  | 'the walsender is frozen'
  | 'set-up runs again'
  | 'retention runs'
  | 'the table is truncated'
  | 'session settings change';

/** What the bus does for a while, by name. */
export const busTroubles: Readonly<Record<string, FaultAction>> = {
  'entries fail': { type: 'entry-fail', code: 'InternalFailure', fraction: 0.5 },
  'entries are throttled': { type: 'entry-fail', code: 'ThrottlingException', fraction: 0.4 },
  'entries fail with a code that nobody knows': {
    type: 'entry-fail',
    code: 'NeverHeardOf',
    fraction: 0.5,
  },
  'entries are denied': { type: 'entry-fail', code: 'AccessDeniedException' },
  'requests are throttled': { type: 'request-fail', preset: 'throttle' },
  'requests meet a 500': { type: 'request-fail', preset: '500' },
  'answers are reset after the accept': { type: 'commit-then', symptom: 'reset' },
  'answers are cut off after the accept': { type: 'commit-then', symptom: 'truncate' },
  'answers hang after the accept': { type: 'commit-then', symptom: 'hang' },
  'requests hang': { type: 'before-commit', symptom: 'hang' },
  'requests are reset': { type: 'before-commit', symptom: 'reset' },
  'answers are empty': { type: 'bad-response', body: 'empty' },
};

/** One thing that goes wrong. */
export type Trouble =
  | { readonly kind: 'relay is killed' }
  | { readonly kind: 'relay is suspended'; readonly ms: number }
  | { readonly kind: 'server is killed' }
  | { readonly kind: 'server restarts' }
  | { readonly kind: SlotLossAction }
  | { readonly kind: DatabaseAction; readonly ms: number }
  | { readonly kind: 'link is cut' }
  | { readonly kind: 'link refuses'; readonly ms: number }
  | { readonly kind: 'link freezes'; readonly ms: number }
  | { readonly kind: 'link forgets' }
  | {
      readonly kind: 'bus';
      readonly trouble: string;
      /** Share of the requests that are hit. */
      readonly probability: number;
      readonly ms: number;
    }
  | { readonly kind: 'long transaction'; readonly rows: number; readonly ms: number }
  | { readonly kind: 'poison'; readonly form: PoisonForm };

/** Why an event can never be delivered. */
export type PoisonForm = 'refused by the bus' | 'too large';

/** What happens in one run, and when. */
export interface Schedule {
  readonly seed: number;
  readonly source: CaptureModeName;
  /** What a relay's process may take at most, in MiB. */
  readonly ceilingMiB: number;
  /** Relays on the one slot: the second stands by. */
  readonly relays: 1 | 2;
  readonly writers: number;
  /** Milliseconds that a writer rests between its transactions. */
  readonly restMs: number;
  readonly steps: readonly { readonly afterMs: number; readonly trouble: Trouble }[];
}

/** As a container would be given it, and what reading a TypeScript configuration takes. */
const CEILING_MIB = 240;
const sources = Object.keys(captureModes) as CaptureModeName[];

/** The schedule of a seed: always the same one. */
export function scheduleOf(seed: number): Schedule {
  const random = seededRandom(seed);
  const upTo = (least: number, most: number): number =>
    least + Math.floor(random() * (most - least + 1));
  const oneOf = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] as Value;
  const bus = (): Trouble => ({
    kind: 'bus',
    trouble: oneOf(Object.keys(busTroubles)),
    probability: oneOf([0.2, 0.5, 1]),
    ms: upTo(100, 1_200),
  });
  const relay = (): Trouble => ({ kind: 'relay is killed' });
  const database =
    (kind: DatabaseAction, most = 800) =>
    (): Trouble => ({
      kind,
      ms: upTo(50, most),
    });
  const poison = (): Trouble => ({ kind: 'poison', form: 'refused by the bus' });
  // The outbox refuses it by itself.
  const tooLarge = (): Trouble => ({ kind: 'poison', form: 'too large' });
  // The more often one stands here, the more often it is drawn.
  const anywhere: readonly (() => Trouble)[] = [
    ...[bus, bus, bus, bus, relay, relay, poison, poison],
    () => ({ kind: 'relay is suspended', ms: upTo(50, 1_500) }),
    () => ({ kind: 'server is killed' }),
    () => ({ kind: 'server restarts' }),
    () => ({ kind: 'link is cut' }),
    () => ({ kind: 'link refuses', ms: upTo(50, 800) }),
    () => ({ kind: 'link freezes', ms: upTo(50, 2_000) }),
    () => ({ kind: 'link forgets' }),
    () => ({ kind: 'long transaction', rows: upTo(1, 40), ms: upTo(100, 1_500) }),
    database('row security is switched on'),
    database('the checkpoint is locked', 2_500),
    database('set-up runs again'),
    database('session settings change'),
  ];
  const ofOutbox = [database('retention runs'), database('the table is truncated')];
  const ofSlot: readonly (() => Trouble)[] = [
    () => ({ kind: 'slot is dropped' }),
    () => ({ kind: 'slot is dropped' }),
    () => ({ kind: 'slot is advanced' }),
    () => ({ kind: 'slot is invalidated' }),
    () => ({ kind: 'table is unpublished' }),
    () => ({ kind: 'table is renamed away and back' }),
    database('another role sends heartbeats'),
    database('another table takes a huge transaction'),
    database('the walsender is frozen', 2_500),
  ];
  const source = sources[seed % sources.length] as CaptureModeName;
  const draws = {
    wal: [...anywhere, ...ofSlot, ...ofOutbox],
    poll: [...anywhere, ...ofOutbox],
    tables: [...anywhere, ...ofSlot, tooLarge, database('a type and a column are added')],
    debezium: [...anywhere, ...ofSlot, tooLarge],
  }[source];
  return {
    seed,
    source,
    ceilingMiB: CEILING_MIB,
    relays: random() < 0.25 ? 2 : 1,
    writers: upTo(2, 4),
    restMs: upTo(0, 15),
    steps: Array.from({ length: upTo(3, 7) }, () => ({
      afterMs: upTo(0, 400),
      trouble: oneOf(draws)(),
    })),
  };
}

/** A schedule as a person reads it. */
export function describeSchedule(schedule: Schedule): string {
  const { seed, source, relays, writers, restMs, steps } = schedule;
  const lines = steps.map(({ afterMs, trouble }) => {
    const { kind, ...rest } = trouble;
    const details = Object.entries(rest).map(([name, value]) => `${name} ${value}`);
    return `  after ${afterMs} ms: ${[kind, ...details].join(', ')}`;
  });
  return [
    `seed ${seed}: ${source}, ${relays} relay(s), ${writers} writers that rest ${restMs} ms`,
    ...lines,
  ].join('\n');
}
