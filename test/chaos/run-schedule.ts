import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresCluster } from '@tidings/example-orders/postgres-cluster';
import type { Fault, SpawnedBus } from '@tidings/local';
import { migrateOutbox } from '@tidings/postgres';
import pg from 'pg';
import { seededRandom } from '../../packages/local/src/seeded-random.ts';
import { openTcpLink, type TcpLink } from '../support/tcp-link.ts';
import { audit, type CausedLoss, type CommittedRow, type IncidentRow } from './audit.ts';
import { type RelayWorkers, startRelayWorkers } from './relay-workers.ts';
import { busTroubles, type Schedule, type SlotLossAction, type Trouble } from './schedule.ts';
import { loseSlot } from './slot-losses.ts';
import { POISON, SOURCE, startWriters, type Writers } from './writers.ts';

/** What a run needs and leaves as it was. */
export interface Stage {
  readonly cluster: PostgresCluster;
  readonly bus: SpawnedBus;
  /** Told of each step as it begins. */
  readonly onStep?: (step: string) => void;
  /** Ends the run as soon as its processes have ended. */
  readonly signal?: AbortSignal;
}

/** How a run went. */
export interface Outcome {
  /** What broke the promise, a sentence each. */
  readonly violations: readonly string[];
  readonly committed: number;
  readonly rolledBack: number;
  readonly duplicates: number;
  readonly incidents: number;
  readonly deadLetters: number;
  /** What the relays wrote. */
  readonly log: string;
}

/** Settings that the schedules expect of the server. */
export const chaosServerSettings: Readonly<Record<string, string>> = {
  // Small, so that a slot can be lost without writing gigabytes.
  max_slot_wal_keep_size: '32MB',
  max_wal_size: '64MB',
};

/** How long the bus may take for the rest once nothing goes wrong any more. */
const CATCH_UP_MS = 30_000;

/** The bus never takes poison, whatever else is wrong with it. */
const refusesPoison: Fault = {
  match: { source: SOURCE, detailPattern: { detail: { data: { order: [{ prefix: POISON }] } } } },
  action: { type: 'entry-fail', code: 'MalformedDetail' },
};

let databases = 0;

/**
 * Plays a schedule with real processes and audits what is left.
 * @throws the signal's reason once it is aborted and everything has ended.
 */
export async function runSchedule(schedule: Schedule, stage: Stage): Promise<Outcome> {
  const { cluster, bus, onStep = () => {}, signal = new AbortController().signal } = stage;
  databases += 1;
  const name = `chaos_${process.pid}_${databases}`;
  await cluster.createDatabase(name);
  const url = cluster.url(name);
  await migrateOutbox({ connection: url, slot: name });
  await bus.reset();
  await bus.setFaults([refusesPoison]);
  const link = await openTcpLink(cluster.port);
  const writers = startWriters({ url, ...schedule, random: seededRandom(schedule.seed + 1) });
  const relays = startRelayWorkers(schedule.relays, {
    DATABASE_URL: url.replace(`:${cluster.port}/`, `:${link.port}/`),
    RELAY_SLOT: name,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  });
  const onAbort = (): void => void relays.abandon();
  signal.addEventListener('abort', onAbort, { once: true });
  const scene: Scene = { cluster, bus, link, relays, writers, url, slot: name, signal, losses: [] };
  const violations: string[] = [];
  let over = false;
  try {
    const background: Promise<void>[] = [];
    for (const { afterMs, trouble } of schedule.steps) {
      await pause(afterMs, signal);
      if (signal.aborted) break;
      onStep(trouble.kind);
      const beside = await happen(trouble, scene);
      // Awaited below, unless something fails before.
      for (const each of beside) each.catch(() => {});
      background.push(...beside);
    }
    await Promise.all(background);
    signal.throwIfAborted();
    onStep('writers stop');
    await writers.stop();
    over = true;
    onStep('the rest arrives');
    violations.push(...(await caughtUp(scene)));
    onStep('relays drain');
    await relays.stop();
  } finally {
    if (!over) await writers.stop().catch(() => {});
    await relays.abandon();
    await link.close();
    signal.removeEventListener('abort', onAbort);
  }
  signal.throwIfAborted();
  const evidence = await gather(scene);
  violations.push(...relays.strangeEnds, ...audit(evidence));
  await dropDatabase(cluster, name);
  const distinct = new Set(evidence.events.map(({ eventId }) => eventId)).size;
  return {
    violations,
    committed: evidence.rows.length,
    rolledBack: evidence.rolledBack.size,
    duplicates: evidence.events.length - distinct,
    incidents: evidence.incidents.length,
    deadLetters: evidence.deadLetters.length,
    log: relays.log(),
  };
}

/** Where a schedule plays. */
interface Scene {
  readonly cluster: PostgresCluster;
  readonly bus: SpawnedBus;
  readonly link: TcpLink;
  readonly relays: RelayWorkers;
  readonly writers: Writers;
  readonly url: string;
  readonly slot: string;
  readonly signal: AbortSignal;
  readonly losses: CausedLoss[];
}

/** Waits so long, or until the run is over. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

/** Makes trouble; what goes on beside the next trouble is returned. */
async function happen(trouble: Trouble, scene: Scene): Promise<Promise<void>[]> {
  const { cluster, bus, link, relays, writers, signal } = scene;
  switch (trouble.kind) {
    case 'relay is killed':
      relays.killOne();
      return [];
    case 'relay is suspended':
      relays.suspend();
      await pause(trouble.ms, signal);
      relays.resume();
      return [];
    case 'server is killed':
      await cluster.crash();
      await cluster.start();
      return [];
    case 'server restarts':
      await cluster.restart();
      return [];
    case 'slot is dropped':
    case 'slot is advanced':
    case 'slot is invalidated':
    case 'table is unpublished':
      await lose(trouble.kind, scene);
      return [];
    case 'link is cut':
      link.cut();
      return [];
    case 'link refuses':
      link.refuse(true);
      link.cut();
      return [pause(trouble.ms, signal).then(() => link.refuse(false))];
    case 'link freezes':
      link.freeze();
      return [pause(trouble.ms, signal).then(() => link.thaw())];
    case 'link forgets':
      link.forget();
      return [];
    case 'bus': {
      const action = busTroubles[trouble.trouble];
      if (action === undefined) throw new Error(`no such trouble of the bus: ${trouble.trouble}`);
      // A relay asks at its start whether the bus is there; that is left alone.
      const match = { source: SOURCE };
      const fault = { match, when: { probability: trouble.probability }, action };
      await bus.setFaults([refusesPoison, fault]);
      return [pause(trouble.ms, signal).then(() => bus.setFaults([refusesPoison]))];
    }
    case 'long transaction':
      return [writers.longTransaction(trouble.rows, trouble.ms)];
    case 'poison':
      await writers.plantPoison();
      return [];
  }
}

/** Suspends the relays meanwhile: none reads what the slot is about to skip. */
async function lose(
  kind: SlotLossAction,
  { cluster, relays, writers, url, slot, losses }: Scene,
): Promise<void> {
  relays.suspend();
  try {
    await writers.commitOne();
    await withClient(url, async (sql) => {
      const at = await sql.query<{ at: string }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::text as at',
      );
      await withClient(cluster.url('postgres'), (elsewhere) =>
        loseSlot[kind](sql, slot, elsewhere),
      );
      losses.push({ kind, at: Number(at.rows[0]?.at) });
    });
  } finally {
    relays.resume();
  }
}

/** Waits until the bus has what the table holds and every incident is closed. */
async function caughtUp({ bus, url, signal }: Scene): Promise<readonly string[]> {
  const giveUpAt = Date.now() + CATCH_UP_MS;
  return withClient(url, async (sql) => {
    for (;;) {
      signal.throwIfAborted();
      const { rows } = await sql.query<{ owed: number; poison: number; open: number }>(
        `select (select count(*)::int from tidings.outbox where not starts_with(ordering_key, $1))
                  as owed,
                (select count(*)::int from tidings.outbox where starts_with(ordering_key, $1))
                  - (select count(*)::int from tidings.dead_letter) as poison,
                (select count(*)::int from tidings.incident where closed_at is null) as open`,
        [POISON],
      );
      const { owed, poison, open } = rows[0] as { owed: number; poison: number; open: number };
      const { distinct } = await bus.summary();
      if (distinct >= owed && poison <= 0 && open === 0) return [];
      if (Date.now() > giveUpAt) {
        return [
          `after ${CATCH_UP_MS} ms without trouble the bus had ${distinct} of ${owed} events, ` +
            `${poison} dead letters were missing and ${open} incidents open`,
        ];
      }
      await delay(20);
    }
  });
}

async function gather({ url, bus, writers, losses }: Scene): Promise<Parameters<typeof audit>[0]> {
  const events = (await bus.events()).map(({ envelope }) => {
    const { metadata } = envelope.detail as {
      readonly metadata: { readonly eventId: string; readonly idempotencyKey: string };
    };
    return metadata;
  });
  return withClient(url, async (sql) => {
    const outbox = await sql.query<CommittedRow>(
      `select event_id as "eventId", idempotency_key as "idempotencyKey",
              ordering_key as "orderingKey", (detail -> 'data' ->> 'step')::int as step,
              starts_with(ordering_key, $1) as poison
       from tidings.outbox`,
      [POISON],
    );
    const letters = await sql.query<{ key: string }>(
      'select letter_key as key from tidings.dead_letter',
    );
    const incidents = await sql.query<{ reason: string; opened: string; closed: string | null }>(
      `select reason, (extract(epoch from opened_at) * 1000)::text as opened,
              (extract(epoch from closed_at) * 1000)::text as closed
       from tidings.incident order by id`,
    );
    return {
      rows: outbox.rows,
      events,
      ...writers.told,
      deadLetters: letters.rows.map(({ key }) => key),
      losses,
      incidents: incidents.rows.map(
        ({ reason, opened, closed }): IncidentRow => ({
          reason,
          openedAt: Number(opened),
          closedAt: closed === null ? undefined : Number(closed),
        }),
      ),
    };
  });
}

async function dropDatabase(cluster: PostgresCluster, name: string): Promise<void> {
  await withClient(cluster.url('postgres'), async (sql) => {
    await sql.query(
      `select pg_terminate_backend(active_pid, 5000) from pg_replication_slots
       where slot_name = $1 and active_pid is not null`,
      [name],
    );
    await sql.query(
      'select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1',
      [name],
    );
    await sql.query(`drop database ${pg.escapeIdentifier(name)} with (force)`);
  });
}

async function withClient<Result>(
  url: string,
  work: (sql: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
