import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe } from 'vitest';

const present = spawnSync('pgbouncer', ['--version']).status === 0;
/** pgbouncer refuses to run as root; every Linux has user and group `nobody`. */
const NOBODY = 65534;

/** A suite that runs where pgbouncer is installed, and says so where it is not. */
export const describeWithPgBouncer: (name: string, suite: () => void) => void = (name, suite) => {
  if (present) describe(name, suite);
  else describe.skip(`${name} (skipped: pgbouncer is not installed)`, suite);
};

/** A real PgBouncer in front of one server. */
export interface PgBouncer {
  /** Connection string of a database of the server, through the pooler. */
  url(database: string): string;
  stop(): Promise<void>;
}

/** How the pooler lends servers. */
export interface PgBouncerOptions {
  /** Servers for each database and user. Default 4. */
  readonly poolSize?: number;
  /** Default `transaction`. */
  readonly poolMode?: 'transaction' | 'session';
  /** True takes the server that waits longest, false the one that was used last. Default true. */
  readonly roundRobin?: boolean;
}

/** Starts PgBouncer in transaction mode, as it is configured by default otherwise. */
export async function startPgBouncer(
  serverPort: number,
  { poolSize = 4, poolMode = 'transaction', roundRobin = true }: PgBouncerOptions = {},
): Promise<PgBouncer> {
  const folder = await mkdtemp('/tmp/tidings-pgbouncer-');
  await chmod(folder, 0o755);
  const port = await freePort();
  const users = join(folder, 'users.txt');
  const configuration = join(folder, 'pgbouncer.ini');
  await writeFile(users, '"postgres" "tidings"\n');
  await writeFile(
    configuration,
    [
      '[databases]',
      `* = host=127.0.0.1 port=${serverPort}`,
      '[pgbouncer]',
      `listen_port = ${port}`,
      'listen_addr = 127.0.0.1',
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      `pool_mode = ${poolMode}`,
      `default_pool_size = ${poolSize}`,
      `server_round_robin = ${roundRobin ? 1 : 0}`,
    ].join('\n'),
  );
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const child = spawn('pgbouncer', [configuration], {
    ...identity,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  await listening(child);
  return {
    url: (database) => `postgres://postgres:tidings@127.0.0.1:${port}/${database}`,
    async stop(): Promise<void> {
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGQUIT');
        await exited;
      }
      process.off('exit', onExit);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr?.setEncoding('utf8');
    child.stderr?.on('data', (text: string) => {
      log = (log + text).slice(-4_000);
      if (text.includes('process up')) resolve();
    });
    child.once('exit', () => reject(new Error(`PgBouncer did not start: ${log.trim()}`)));
    child.once('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
