import pg from 'pg';

/** What a backend waits for, and who keeps it waiting. */
export interface LockWait {
  /** For a sentence: `the end of transaction 774`, `a lock on tidings.outbox`. */
  readonly on: string;
  /** One clause for each session or prepared transaction, with how to end it. */
  readonly blockers: readonly string[];
}

/** A session as `pg_stat_activity` shows it. */
export interface SessionActivity {
  readonly pid: number;
  readonly application: string | null;
  readonly username: string | null;
  readonly database: string | null;
  /** Null where the asking role may not see what others do. */
  readonly state: string | null;
  /** When its transaction began: ISO 8601. */
  readonly began: string | null;
}

/** A transaction that was prepared and that no session holds any more. */
export interface PreparedTransaction {
  readonly gid: string;
  readonly database: string;
  readonly owner: string;
  /** When it was prepared: ISO 8601. */
  readonly prepared: string;
}

/** Columns of `pg_stat_activity` as `SessionActivity` names them. */
export const sessionActivity = `pid, application_name as application, usename as username,
  datname as database, state, to_json(xact_start) #>> '{}' as began`;

/** Columns of `pg_prepared_xacts` as `PreparedTransaction` names them. */
export const preparedTransaction = `gid, database, owner, to_json(prepared) #>> '{}' as prepared`;

/**
 * Says on what and on whom a backend waits; undefined where it does not wait for a lock.
 * `client` is another session than the one that waits. A prepared transaction has no
 * backend, so it is found by the locks that it holds.
 */
export async function describeBlockers(
  client: pg.ClientBase,
  pid: number,
): Promise<LockWait | undefined> {
  const waits = await client.query<{ on: string | null; pids: number[] }>(
    `select case locktype
              when 'transactionid' then 'the end of transaction ' || transactionid::text
              when 'virtualxid' then 'the end of transaction ' || virtualxid
              when 'advisory' then 'an advisory lock'
              when 'relation' then 'a lock on ' || coalesce(
                (select format('%I.%I', nspname, relname) from pg_class
                 join pg_namespace on pg_namespace.oid = relnamespace
                 where pg_class.oid = relation), 'relation ' || relation::text)
              else 'a lock on ' || coalesce(relation::regclass::text || ' (' || locktype || ')',
                                            'a ' || locktype)
            end as on,
            pg_blocking_pids($1) as pids
     from pg_locks where pid = $1 and not granted limit 1`,
    [pid],
  );
  const wait = waits.rows[0];
  if (wait === undefined) return undefined;
  const sessions = await describeSessions(client, wait.pids);
  const prepared = wait.pids.includes(0) ? await describePrepared(client, pid) : [];
  return { on: wait.on ?? 'a lock', blockers: [...sessions, ...prepared] };
}

/** One clause for each of the sessions that are still there. */
export async function describeSessions(
  client: pg.ClientBase,
  pids: readonly number[],
): Promise<readonly string[]> {
  const { rows } = await client.query<SessionActivity>(
    `select ${sessionActivity} from pg_stat_activity where pid = any($1::integer[]) order by pid`,
    [pids],
  );
  return rows.map(describeSession);
}

/** One clause for each session that has an advisory lock. */
export async function describeLockHolders(
  client: pg.ClientBase,
  key: bigint,
): Promise<readonly string[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_locks
     where locktype = 'advisory' and granted and objsubid = 1 and pid is not null
       and database = (select oid from pg_database where datname = current_database())
       and classid = ($1::bigint >> 32)::oid and objid = ($1::bigint & 4294967295)::oid`,
    [key],
  );
  return describeSessions(
    client,
    rows.map(({ pid }) => pid),
  );
}

/** Prepared transactions that hold, in whatever mode, what the backend waits for. */
async function describePrepared(client: pg.ClientBase, pid: number): Promise<readonly string[]> {
  const { rows } = await client.query<PreparedTransaction>(
    `select ${preparedTransaction} from pg_prepared_xacts where transaction in (
       select own.transactionid
       from pg_locks as wait
       join pg_locks as held on held.granted and held.pid is null
         and held.locktype = wait.locktype
         and held.database is not distinct from wait.database
         and held.relation is not distinct from wait.relation
         and held.page is not distinct from wait.page
         and held.tuple is not distinct from wait.tuple
         and held.transactionid is not distinct from wait.transactionid
         and held.virtualxid is not distinct from wait.virtualxid
         and held.classid is not distinct from wait.classid
         and held.objid is not distinct from wait.objid
         and held.objsubid is not distinct from wait.objsubid
       join pg_locks as own on own.granted and own.pid is null
         and own.locktype = 'transactionid'
         and own.virtualtransaction = held.virtualtransaction
       where wait.pid = $1 and not wait.granted)
     order by prepared`,
    [pid],
  );
  return rows.map(describePreparedTransaction);
}

/** `backend 4711 (application "shop", …, idle in transaction since …); end it with …` */
export function describeSession(session: SessionActivity): string {
  const { pid, application, username, database, state, began } = session;
  const who =
    `backend ${pid} (application "${application ?? ''}", user "${username ?? ''}", ` +
    `database "${database ?? ''}"`;
  const end = `end it with SELECT pg_terminate_backend(${pid})`;
  if (state === null) {
    return `${who}); ${end}, or GRANT pg_read_all_stats to this role to see what it does`;
  }
  return `${who}, ${state}${began === null ? '' : `, transaction begun ${began}`}); ${end}`;
}

/** `the transaction that is prepared as 'gid' (…); run COMMIT PREPARED 'gid' or …` */
export function describePreparedTransaction(transaction: PreparedTransaction): string {
  const { gid, database, owner, prepared } = transaction;
  const name = pg.escapeLiteral(gid);
  return (
    `the transaction that is prepared as ${name} (user "${owner}", database "${database}", since ` +
    `${prepared}); run COMMIT PREPARED ${name} or ROLLBACK PREPARED ${name} there`
  );
}
