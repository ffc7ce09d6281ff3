import type pg from 'pg';
import { migrations } from './migrations/index.ts';
import type { Migration } from './migrations/migration.ts';
import type { SetUpSession } from './set-up-session.ts';

/**
 * Makes the schema and the table that remembers which steps were applied, each unless it is
 * there: `if not exists` asks for the right to create even where nothing has to be. Returns
 * the steps that are missing.
 */
export async function findMissing(client: pg.ClientBase): Promise<readonly Migration[]> {
  const { rows } = await client.query<{ schema: boolean; migration: boolean }>(
    `select to_regnamespace('tidings') is not null as schema,
            to_regclass('tidings.migration') is not null as migration`,
  );
  if (rows[0]?.schema === false) await client.query('create schema tidings');
  if (rows[0]?.migration === false) {
    await client.query(
      `create table tidings.migration (
         version integer primary key,
         applied_at timestamptz not null default now()
       )`,
    );
  }
  const applied = await client.query<{ version: number }>('select version from tidings.migration');
  const known = new Set(applied.rows.map((row) => row.version));
  return migrations.filter((step) => !known.has(step.version));
}

/** Applies one step in the transaction that is open. */
export async function applyMigration(
  client: pg.ClientBase,
  { version, sql }: Migration,
): Promise<void> {
  await client.query(sql);
  await client.query('insert into tidings.migration (version) values ($1)', [version]);
}

/**
 * Brings schema `tidings` up to date. Steps of an empty database are one transaction, so
 * that nobody sees half of them; others lock tables that are in use, and are one each.
 * Returns the versions that were applied now.
 */
export async function applyMigrations(session: SetUpSession): Promise<readonly number[]> {
  const { applied, missing } = await session.transaction('the schema', applyFirst);
  return [...applied, ...(await applyEach(session, missing))];
}

/** In one transaction all steps where none was applied; what is missing otherwise. */
export async function applyFirst(client: pg.ClientBase): Promise<{
  readonly applied: readonly number[];
  readonly missing: readonly Migration[];
}> {
  const missing = await findMissing(client);
  if (missing.length < migrations.length) return { applied: [], missing };
  for (const step of missing) await applyMigration(client, step);
  return { applied: missing.map(({ version }) => version), missing: [] };
}

/** Applies steps in a transaction each, unless another set-up has meanwhile. */
export async function applyEach(
  session: SetUpSession,
  steps: readonly Migration[],
): Promise<readonly number[]> {
  const applied: number[] = [];
  for (const step of steps) {
    const now = await session.transaction(`migration ${step.version}`, async (client) => {
      const missing = await findMissing(client);
      if (!missing.includes(step)) return false;
      await applyMigration(client, step);
      return true;
    });
    if (now) applied.push(step.version);
  }
  return applied;
}
