import { execFile } from 'node:child_process';
import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type PostgresCluster,
  startPostgresCluster,
} from '@tidings/example-orders/postgres-cluster';
import pg from 'pg';

/** Runs one query as the superuser. */
export async function querySuperuser(
  cluster: PostgresCluster,
  text: string,
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(cluster.url('postgres'));
  await client.connect();
  try {
    const result = await client.query(text);
    return result.rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Starts a hot standby of a running cluster, from a copy of its data. */
export function startStandby(
  primary: PostgresCluster,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresCluster> {
  const connection = `${primary.url('postgres')}?application_name=standby`;
  return startPostgresCluster({ hot_standby: 'on', ...settings }, 17, async (data) => {
    const client = new pg.Client(primary.url('postgres'));
    await client.connect();
    try {
      await client.query(`select pg_backup_start('standby', true)`);
      // Keeps owner and modes, which the server insists on.
      await promisify(execFile)('cp', ['-a', `${primary.dataFolder}/.`, data]);
      const { rows } = await client.query<{ labelfile: string }>(
        'select labelfile from pg_backup_stop(false)',
      );
      await promisify(execFile)('sh', ['-c', 'rm -rf "$0"/postmaster.* "$0"/pg_replslot/*', data]);
      const { uid, gid } = await stat(join(data, 'PG_VERSION'));
      for (const [name, text] of [
        ['backup_label', rows[0]?.labelfile ?? ''],
        ['standby.signal', ''],
        // What the primary was told to do is not for the standby; a file, for it can be
        // altered later, as flags cannot.
        ['postgresql.auto.conf', `primary_conninfo = '${connection}'\n`],
      ] as const) {
        await writeFile(join(data, name), text);
        await chown(join(data, name), uid, gid);
      }
    } finally {
      await client.end();
    }
  });
}
