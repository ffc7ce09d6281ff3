import type pg from 'pg';
import { migrations } from './migrations/index.ts';

/** Serialises migrators; any number that nobody else uses. */
const LOCK = 7_241_950_301_117_000n;

/** Lets one migrator at a time go on, until the connection ends. */
export async function lockMigrations(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK]);
}

/** Brings schema `tidings` up to date. Returns the versions that were applied now. */
export async function applyMigrations(client: pg.Client): Promise<readonly number[]> {
  await client.query('create schema if not exists tidings');
  await client.query(
    `create table if not exists tidings.migration (
       version integer primary key,
       applied_at timestamptz not null default now()
     )`,
  );
  const { rows } = await client.query<{ version: number }>('select version from tidings.migration');
  const known = new Set(rows.map((row) => row.version));
  const applied: number[] = [];
  for (const { version, sql } of migrations) {
    if (known.has(version)) continue;
    await client.query('begin');
    try {
      await client.query(sql);
      await client.query('insert into tidings.migration (version) values ($1)', [version]);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    }
    applied.push(version);
  }
  return applied;
}
