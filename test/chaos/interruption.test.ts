import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, watch } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scheduleOf, type Trouble } from './schedule.ts';

let folder: string;
let child: ChildProcess;
let output = '';

beforeEach(async () => {
  folder = await mkdtemp('/tmp/tidings-interruption-');
  // As root, the server runs as another user, who must get in.
  await chmod(folder, 0o755);
});
afterEach(async () => {
  for (const pid of await processesOf(folder)) process.kill(pid, 'SIGKILL');
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** Starts the program as `npm run chaos` does, with a temporary folder of its own. */
function startChaos(seed: number): void {
  output = '';
  child = spawn(
    process.execPath,
    ['--import', 'jiti/register', 'chaos/chaos.ts', '--seed', String(seed), '--verbose'],
    {
      cwd: join(import.meta.dirname, '..'),
      env: { ...process.env, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const collect = (text: string): void => {
    output += text;
    child.emit('said');
  };
  child.stdout?.setEncoding('utf8').on('data', collect);
  child.stderr?.setEncoding('utf8').on('data', collect);
  child.once('close', () => child.emit('said'));
}

/** Resolves when the program begins this step. */
async function beginsStep(kind: Trouble['kind']): Promise<void> {
  while (!output.includes(`ms: ${kind}\n`)) {
    if (child.exitCode !== null) throw new Error(`the program ended early:\n${output}`);
    await once(child, 'said');
  }
}

/** Resolves when the program has made a folder for its server, which is not up then. */
async function serverFolderIsMade(): Promise<void> {
  for await (const { filename } of watch(folder)) {
    if (filename?.startsWith('tidings-postgres-')) return;
  }
}

/** Sends the signal; resolves with the exit code. */
async function endedBy(signal: NodeJS.Signals): Promise<number | null> {
  const closed = once(child, 'close');
  child.kill(signal);
  const [code] = await closed;
  return code;
}

/** Processes that were given the folder, or that work in it. */
async function processesOf(name: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((each) => /^\d+$/.test(each)).map(Number);
  const owned = await Promise.all(
    pids.map(async (pid) => {
      const told = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
      ]);
      return told.some((each) => each.includes(name));
    }),
  );
  return pids.filter((_, index) => owned[index]);
}

async function expectNothingLeft(): Promise<void> {
  expect(await processesOf(folder), output).toEqual([]);
  const left = (await readdir(folder)).filter((name) => name.startsWith('tidings-'));
  expect(left, output).toEqual([]);
}

/** A seed whose schedule begins with this trouble. */
function seedOf(kind: Trouble['kind']): number {
  for (let seed = 1; ; seed++) {
    if (scheduleOf(seed).steps[0]?.trouble.kind === kind) return seed;
  }
}

// Which processes are whose is read from /proc.
describe.skipIf(process.platform !== 'linux')('a run that is interrupted', () => {
  test.each([
    ['SIGTERM', 143, 'relay is suspended'],
    ['SIGINT', 130, 'server is killed'],
  ] as const)('%s ends it with %i and stops all that it started', async (signal, code, kind) => {
    startChaos(seedOf(kind));
    await beginsStep(kind);
    expect(await processesOf(folder)).not.toHaveLength(0);
    expect(await endedBy(signal), output).toBe(code);
    await expectNothingLeft();
  });

  test('a signal while the servers start stops them, too', async () => {
    const made = serverFolderIsMade();
    startChaos(1);
    await made;
    expect(await endedBy('SIGTERM'), output).toBe(143);
    await expectNothingLeft();
  });
});
