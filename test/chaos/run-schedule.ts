import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresCluster } from '@tidings/example-orders/postgres-cluster';
import type { Fault, RemoteEvent, SpawnedBus } from '@tidings/local';
import pg from 'pg';
import { seededRandom } from '../../packages/local/src/seeded-random.ts';
import { openTcpLink, type TcpLink } from '../support/tcp-link.ts';
import {
  audit,
  type CausedLoss,
  type CommittedRow,
  type Evidence,
  type IncidentRow,
  type TakenEvent,
} from './audit.ts';
import { BUSINESS_TABLES, type CaptureMode, captureModes } from './capture-modes.ts';
import { databaseActions } from './database-actions.ts';
import { POISON, SOURCE } from './order-moved.ts';
import { type RelayWorkers, startRelayWorkers } from './relay-workers.ts';
import {
  busTroubles,
  type DatabaseAction,
  type Schedule,
  type SlotLossAction,
  type Trouble,
} from './schedule.ts';
import { loseSlot } from './slot-losses.ts';
import { startWriters, type Writers } from './writers.ts';

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
  readonly peakMiB: number;
  /** What the relays wrote. */
  readonly log: string;
}

/** Settings that the schedules expect of the server. */
export const chaosServerSettings: Readonly<Record<string, string>> = {
  // Small, so that a slot can be lost without writing gigabytes.
  max_slot_wal_keep_size: '32MB',
  max_wal_size: '64MB',
  max_prepared_transactions: '5',
};

/** Owns the database, so that row security can be turned against the relays. */
const OWNER = { name: 'chaos_owner', password: 'chaos' };

/** How long the bus may take for the rest once nothing goes wrong any more. */
const CATCH_UP_MS = 30_000;

const SILENCE_LOOK_MS = 500;

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
  const mode: CaptureMode = captureModes[schedule.source];
  const url = cluster.url(name);
  const ownersUrl = await prepareDatabase(cluster, name);
  await mode.setUp(ownersUrl, name);
  await bus.reset();
  await bus.setFaults([refusesPoison]);
  const link = await openTcpLink(cluster.port);
  const writers = startWriters({ url, mode, ...schedule, random: seededRandom(schedule.seed + 1) });
  const relays = startRelayWorkers(schedule.relays, {
    CHAOS_SOURCE: schedule.source,
    DATABASE_URL: ownersUrl.replace(`:${cluster.port}/`, `:${link.port}/`),
    RELAY_SLOT: name,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.url,
  });
  const onAbort = (): void => void relays.abandon();
  signal.addEventListener('abort', onAbort, { once: true });
  const scene: Scene = {
    ...{ cluster, bus, link, relays, writers, mode, url, ownersUrl, slot: name, signal },
    losses: [],
  };
  const silence = watchSilence(scene);
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
    silence.stop();
    if (!over) await writers.stop().catch(() => {});
    await relays.abandon();
    await link.close();
    signal.removeEventListener('abort', onAbort);
  }
  signal.throwIfAborted();
  const evidence = {
    ...(await gather(scene)),
    keepsIds: mode.keepsIds,
    log: relays.log(),
    peakMiB: relays.peakMiB,
    ceilingMiB: schedule.ceilingMiB,
    longestSilenceMs: silence.longestMs,
  };
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
    peakMiB: relays.peakMiB,
    log: relays.log(),
  };
}

/** Gives the new database its owner and tables; returns the owner's connection string. */
async function prepareDatabase(cluster: PostgresCluster, name: string): Promise<string> {
  const url = cluster.url(name);
  await withClient(url, async (sql) => {
    await sql.query(
      `do $$ begin
         if to_regrole('${OWNER.name}') is null then
           create role ${OWNER.name} login replication password '${OWNER.password}';
         end if;
       end $$`,
    );
    await sql.query(`alter database ${pg.escapeIdentifier(name)} owner to ${OWNER.name}`);
    await sql.query(`set role ${OWNER.name}`);
    await sql.query(BUSINESS_TABLES);
  });
  const owners = new URL(url);
  owners.username = OWNER.name;
  owners.password = OWNER.password;
  return owners.href;
}

/** How long nothing was heard of the relays at a time, although something was owed. */
interface Silence {
  readonly longestMs: number;
  stop(): void;
}

/** Writers never rest for long, so something is owed while an event or a line is missing. */
function watchSilence({ bus, relays }: Scene): Silence {
  let heard = { taken: 0, lines: 0 };
  let heardAt = Date.now();
  let longestMs = 0;
  const timer = setInterval(() => {
    bus.summary().then(
      ({ accepted: taken }) => {
        const lines = relays.log().length;
        const isHeard = taken !== heard.taken || lines !== heard.lines || relays.suspended;
        heard = { taken, lines };
        if (isHeard) heardAt = Date.now();
        longestMs = Math.max(longestMs, Date.now() - heardAt);
      },
      () => {},
    );
  }, SILENCE_LOOK_MS);
  return {
    get longestMs(): number {
      return longestMs;
    },
    stop: () => clearInterval(timer),
  };
}

/** Where a schedule plays. */
interface Scene {
  readonly cluster: PostgresCluster;
  readonly bus: SpawnedBus;
  readonly link: TcpLink;
  readonly relays: RelayWorkers;
  readonly writers: Writers;
  readonly mode: CaptureMode;
  readonly url: string;
  /** Of who owns the tables and runs the relays. */
  readonly ownersUrl: string;
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
    case 'table is renamed away and back':
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
      await writers.plantPoison(trouble.form);
      return [];
    default:
      return [act(trouble.kind, trouble.ms, scene)];
  }
}

/** Does something to the database; a server that restarts meanwhile ends it early. */
async function act(
  kind: DatabaseAction,
  ms: number,
  { mode, slot: name, url, ownersUrl, signal }: Scene,
): Promise<void> {
  await withClient(url, (sql) =>
    databaseActions[kind](sql, { mode, name, url: ownersUrl, ms, signal }),
  ).catch(() => {});
}

/** Suspends the relays meanwhile: none reads what the slot is about to skip. */
async function lose(
  kind: SlotLossAction,
  { cluster, relays, writers, mode, url, slot, losses }: Scene,
): Promise<void> {
  relays.suspend();
  try {
    await writers.commitOne();
    await withClient(url, async (sql) => {
      const at = await sql.query<{ at: string }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::text as at',
      );
      await withClient(cluster.url('postgres'), (elsewhere) =>
        loseSlot[kind](sql, {
          ...{ slot, mode, elsewhere },
          commitInto: (table) => writers.commitOne(table),
        }),
      );
      losses.push({
        kind,
        certain: kind !== 'table is renamed away and back',
        at: Number(at.rows[0]?.at),
      });
    });
  } finally {
    relays.resume();
  }
}

/** Waits until the bus has what the journal holds and every incident is closed. */
async function caughtUp({ bus, url, signal }: Scene): Promise<readonly string[]> {
  const giveUpAt = Date.now() + CATCH_UP_MS;
  return withClient(url, async (sql) => {
    for (;;) {
      signal.throwIfAborted();
      const { rows } = await sql.query<{ key: string; poison: boolean }>(
        `select key, starts_with("order", $1) as poison from public.journal where not truncated`,
        [POISON],
      );
      const letters = await deadLetters(sql);
      const { rows: open } = await sql.query(
        'select from tidings.incident where closed_at is null',
      );
      const { distinct: taken } = await bus.summary();
      const owed = rows.filter(({ poison }) => !poison).length;
      const distinct = taken < owed ? taken : await countTaken(bus, rows);
      const unparked = rows.filter(({ key, poison }) => poison && !letters.includes(key)).length;
      if (distinct >= owed && unparked === 0 && open.length === 0) return [];
      if (Date.now() > giveUpAt) {
        return [
          `after ${CATCH_UP_MS} ms without trouble the bus had ${distinct} of ${owed} events, ` +
            `${unparked} dead letters were missing and ${open.length} incidents open`,
        ];
      }
      await delay(20);
    }
  });
}

function metadataOf({ envelope }: RemoteEvent): TakenEvent {
  return (envelope.detail as { readonly metadata: TakenEvent }).metadata;
}

/** How many of these keys the bus has: it may have others, of rows that were truncated. */
async function countTaken(
  bus: SpawnedBus,
  rows: readonly { readonly key: string }[],
): Promise<number> {
  const taken = new Set((await bus.events()).map(metadataOf).map((each) => each.idempotencyKey));
  return rows.filter(({ key }) => taken.has(key)).length;
}

/** Idempotency keys of the letters. */
async function deadLetters(sql: pg.ClientBase): Promise<readonly string[]> {
  const { rows } = await sql.query<{ key: string | null }>(
    `select coalesce(event #>> '{detail,metadata,idempotencyKey}', letter_key) as key
     from tidings.dead_letter`,
  );
  return rows.map(({ key }) => key ?? '');
}

async function gather({
  url,
  bus,
  writers,
  losses,
}: Scene): Promise<
  Pick<
    Evidence,
    'rows' | 'events' | 'committed' | 'rolledBack' | 'deadLetters' | 'losses' | 'incidents'
  >
> {
  const events = (await bus.events()).map(metadataOf);
  return withClient(url, async (sql) => {
    const outbox = await sql.query<CommittedRow>(
      `select event_id as "eventId", key as "idempotencyKey", "order" as "orderingKey", step,
              starts_with("order", $1) as poison, truncated
       from public.journal`,
      [POISON],
    );
    const incidents = await sql.query<{
      id: string;
      reason: string;
      opened: string;
      closed: string | null;
    }>(
      `select id::text, reason, (extract(epoch from opened_at) * 1000)::text as opened,
              (extract(epoch from closed_at) * 1000)::text as closed
       from tidings.incident order by id`,
    );
    return {
      rows: outbox.rows,
      events,
      ...writers.told,
      deadLetters: await deadLetters(sql),
      losses,
      incidents: incidents.rows.map(
        ({ id, reason, opened, closed }): IncidentRow => ({
          id,
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
