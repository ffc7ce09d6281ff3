import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { othersMayEnter } from './others-may-enter.ts';
import { findPostgresBinaries, type PostgresMajor } from './postgres-binaries.ts';

export type { PostgresMajor };

/** A real PostgreSQL server of its own, in a temporary folder, on a free port. */
export interface PostgresCluster {
  readonly port: number;
  /** Where its data lie. */
  readonly dataFolder: string;
  /** Connection string of a database of this cluster. */
  url(database: string): string;
  createDatabase(name: string): Promise<void>;
  /** Stops the server and starts it again on the same data and port. */
  restart(): Promise<void>;
  /** Kills the server as a crash would, without a checkpoint. */
  crash(): Promise<void>;
  /** Starts a server that was crashed. */
  start(): Promise<void>;
  /** Stops the server and deletes its folder. */
  stop(): Promise<void>;
}

const user = 'postgres';
const password = 'tidings';
/** User and group `nobody`, which every Linux has: no user must be created. */
const NOBODY = 65534;
/** How long a fast shutdown may take before it becomes an immediate one. */
const SHUTDOWN_MS = 10_000;

/**
 * Starts a cluster. `settings` are server settings such as `{ wal_level: 'replica' }`;
 * `major` is the version of PostgreSQL; `fill`, where given, puts data into the empty
 * folder instead of initdb, for example those of a standby.
 */
export async function startPostgresCluster(
  settings: Readonly<Record<string, string>> = {},
  major: PostgresMajor = 17,
  fill?: (dataFolder: string) => Promise<void>,
): Promise<PostgresCluster> {
  const asNobody = process.getuid?.() === 0;
  const identity = asNobody ? { uid: NOBODY, gid: NOBODY } : {};
  const temporary = await temporaryFolder(asNobody);
  const binaries = await findPostgresBinaries(major, asNobody, temporary);
  const program = (name: string): string => join(binaries.folder, 'bin', name);
  const folder = await mkdtemp(join(temporary, 'tidings-postgres-'));
  const folders = binaries.temporary ? [folder, binaries.folder] : [folder];
  const data = join(folder, 'data');
  const port = await freePort();
  const flags = Object.entries({
    wal_level: 'logical',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...settings,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  let server: ChildProcess | undefined;

  // The last resort, for a process that ends without calling stop.
  const onExit = (): void => {
    server?.kill('SIGQUIT');
    for (const each of folders) rmSync(each, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', onExit);

  async function initialise(): Promise<void> {
    await mkdir(data);
    for (const each of folders) await chmod(each, 0o755);
    if (asNobody) await chown(data, NOBODY, NOBODY);
    if (fill !== undefined) return fill(data);
    const passwordFile = join(folder, 'password');
    await writeFile(passwordFile, `${password}\n`);
    await promisify(execFile)(
      program('initdb'),
      [
        ...['--pgdata', data, '--username', user, '--pwfile', passwordFile],
        ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
      ],
      identity,
    );
  }

  async function start(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await launch();
      } catch (error) {
        // Backends outlive a server that was killed for a moment, and keep its memory.
        if (attempt === 50 || !/still in use/.test(String(error))) throw error;
        await delay(100);
      }
    }
  }

  async function launch(): Promise<void> {
    const child = spawn(program('postgres'), ['-D', data, '-p', String(port), ...flags], {
      ...identity,
      stdio: ['ignore', 'ignore', 'pipe'],
      // Ctrl-C reaches the whole terminal group; the server stops when it is told to.
      detached: true,
    });
    server = child;
    await new Promise<void>((resolve, reject) => {
      let log = '';
      child.stderr?.setEncoding('utf8');
      child.stderr?.on('data', (text: string) => {
        log = (log + text).slice(-4_000);
        if (/ready to accept (read-only )?connections/.test(text)) resolve();
      });
      child.once('exit', () => reject(new Error(`PostgreSQL did not start: ${log.trim()}`)));
      child.once('error', reject);
    });
  }

  async function signalled(signal: NodeJS.Signals): Promise<void> {
    const child = server;
    server = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const patience = setTimeout(() => child.kill('SIGQUIT'), SHUTDOWN_MS);
    await exited;
    clearTimeout(patience);
  }

  async function stop(): Promise<void> {
    await signalled('SIGINT');
    for (const each of folders) await rm(each, { recursive: true, force: true, maxRetries: 3 });
    process.off('exit', onExit);
  }

  try {
    await initialise();
    await start();
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    port,
    dataFolder: data,
    url: (database) => `postgres://${user}:${password}@127.0.0.1:${port}/${database}`,
    async createDatabase(name): Promise<void> {
      const client = new pg.Client({ user, password, host: '127.0.0.1', port, database: user });
      await client.connect();
      try {
        await client.query(`create database ${pg.escapeIdentifier(name)}`);
      } finally {
        await client.end();
      }
    },
    async restart(): Promise<void> {
      await signalled('SIGINT');
      await start();
    },
    async crash(): Promise<void> {
      const { pid } = server ?? {};
      const exited = signalled('SIGKILL');
      // The whole process group: a backend that outlives its server holds up the next one.
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      await exited;
    },
    start,
    stop,
  };
}

/** Where the server may keep its files: as `nobody`, not in a private folder of root's. */
async function temporaryFolder(asNobody: boolean): Promise<string> {
  if (!asNobody) return tmpdir();
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (await othersMayEnter(folder)) return folder;
  }
  throw new Error(`user nobody may not enter ${tmpdir()}; set TMPDIR to a folder that it may`);
}

/** A port that is free now, from the operating system. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
