import { setTimeout as delay } from 'node:timers/promises';
import { maintainOutbox } from '@tidings/postgres';
import pg from 'pg';
import type { CaptureMode } from './capture-modes.ts';
import type { DatabaseAction } from './schedule.ts';

/** What an action works with. */
export interface DatabaseScene {
  readonly mode: CaptureMode;
  /** Name of the slot, the checkpoint and the database. */
  readonly name: string;
  /** As the owner of the tables. */
  readonly url: string;
  readonly ms: number;
  readonly signal: AbortSignal;
}

/** Does something to the database as a superuser; resolves when it is over. */
type Act = (sql: pg.ClientBase, scene: DatabaseScene) => Promise<void>;

/** A role that may connect and nothing else. */
const STRANGER = 'chaos_stranger';
/** Rows of a table that nobody publishes, in one transaction. */
const HUGE_ROWS = 200_000;

async function pause({ ms, signal }: DatabaseScene): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

export const databaseActions: Readonly<Record<DatabaseAction, Act>> = {
  async 'another role sends heartbeats'(sql, { name }): Promise<void> {
    await sql.query(
      `do $$ begin
         if to_regrole('${STRANGER}') is null then create role ${STRANGER}; end if;
       end $$`,
    );
    const forged = JSON.stringify({
      snapshot: '1:99999999999:',
      at: '2026-11-21',
      fingerprint: '',
    });
    await sql.query('begin');
    await sql.query(`set local role ${STRANGER}`);
    for (const content of ['x', forged]) {
      await sql.query('select pg_logical_emit_message(true, $1, $2)', [
        `tidings.heartbeat.${name}`,
        content,
      ]);
    }
    await sql.query('commit');
  },
  async 'row security is switched on'(sql, scene): Promise<void> {
    const { table } = scene.mode;
    await sql.query(`alter table ${table} enable row level security, force row level security`);
    try {
      await pause(scene);
    } finally {
      await persist(
        scene.url,
        `alter table ${table} disable row level security,
                                no force row level security`,
      );
    }
  },
  async 'a type and a column are added'(sql, { mode }): Promise<void> {
    const { rows } = await sql.query<{ n: string }>('select txid_current()::text as n');
    const name = `added_${rows[0]?.n}`;
    await sql.query(
      `begin; create type ${name} as enum ('x'); alter table ${mode.table} add ${name} ${name};
       insert into ${mode.table} ("order", step, ${name}) values ('${name}', 1, 'x');
       insert into public.journal (key, "order", step) values ('${name}/1', '${name}', 1); commit`,
    );
  },
  async 'another table takes a huge transaction'(sql): Promise<void> {
    await sql.query(
      `insert into public.unpublished select n, repeat('x', 60) from generate_series(1, $1::int) n`,
      [HUGE_ROWS],
    );
  },
  async 'the checkpoint is locked'(sql, scene): Promise<void> {
    await sql.query('begin');
    await sql.query('select from tidings.checkpoint where name = $1 for update', [scene.name]);
    await pause(scene);
    await sql.query('rollback');
  },
  async 'the walsender is frozen'(sql, scene): Promise<void> {
    const { rows } = await sql.query<{ pid: number | null }>(
      'select active_pid as pid from pg_replication_slots where slot_name = $1',
      [scene.name],
    );
    const pid = rows[0]?.pid ?? undefined;
    if (pid === undefined) return;
    send(pid, 'SIGSTOP');
    await pause(scene);
    send(pid, 'SIGCONT');
  },
  'set-up runs again': (_sql, { mode, url, name }) => mode.setUp(url, name),
  async 'retention runs'(_sql, { url }): Promise<void> {
    await maintainOutbox({ connection: url, retention: { days: 1 } });
  },
  async 'the table is truncated'(sql, { mode }): Promise<void> {
    await sql.query(
      `begin; lock table ${mode.table} in access exclusive mode;
       update public.journal set truncated = true; truncate ${mode.table}; commit`,
    );
  },
  async 'session settings change'(sql, { name }): Promise<void> {
    const database = pg.escapeIdentifier(name);
    for (const setting of [
      `datestyle = 'SQL, DMY'`,
      `timezone = 'Asia/Kolkata'`,
      `bytea_output = 'escape'`,
      `intervalstyle = 'sql_standard'`,
      `extra_float_digits = '-3'`,
      `search_path = 'public'`,
    ]) {
      await sql.query(`alter database ${database} set ${setting}`);
    }
    // Sessions learn of it when they are opened again.
    await sql.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
    );
  },
};

/** Undoes an action whatever has become of the server meanwhile. */
async function persist(url: string, statement: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query(statement);
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await delay(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** The process may have ended with its server. */
function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
