import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const demo = join(dirname(fileURLToPath(import.meta.url)), '../../examples/orders/dist/demo.js');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-demo-test-'));
  // As root, Postgres runs as another user, who must get in.
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Starts the demo with a temporary folder of its own, so that what it leaves is seen. */
function startDemo(args: readonly string[]): { child: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [demo, ...args], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (text: string): void => {
    output += text;
    child.emit('output');
  };
  child.stdout?.setEncoding('utf8').on('data', collect);
  child.stderr?.setEncoding('utf8').on('data', collect);
  return { child, output: () => output };
}

/** Holds a port while `work` runs, unless somebody else holds it already. */
async function withPortTaken<Result>(port: number, work: () => Promise<Result>): Promise<Result> {
  const server: Server = createServer();
  const listening = new Promise<void>((resolve) => {
    server.once('error', () => resolve());
    server.listen(port, () => resolve());
  });
  await listening;
  try {
    return await work();
  } finally {
    server.close();
  }
}

test('orders become events while the bus fails and the relay is killed', async () => {
  await withPortTaken(5432, () =>
    withPortTaken(4010, async () => {
      const { child, output } = startDemo(['--orders', '600']);
      const [code] = (await once(child, 'close')) as [number | null];
      expect(output()).toContain('Nothing was lost.');
      expect(output()).toMatch(/distinct events on the bus\D*│\D*600/);
      expect(output()).toMatch(/duplicates.*all with the eventId and idempotencyKey of the first/);
      expect(code).toBe(0);
    }),
  );
  expect(await readdir(folder)).toEqual([]);
});

test('Ctrl-C in the middle leaves no process and no folder behind', async () => {
  const { child, output } = startDemo(['--orders', '100000']);
  while (!/events on bus .* [1-9]\d*\//.test(output())) {
    const [event] = await Promise.race([once(child, 'output'), once(child, 'close')]);
    if (event !== undefined) throw new Error(`the demo ended early:\n${output()}`);
  }
  const started = await descendants(child.pid ?? 0);
  expect(started.length).toBeGreaterThanOrEqual(3);
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number | null];
  expect(output()).toContain('Interrupted; everything is cleaned up.');
  expect(code).toBe(130);
  expect(started.filter(isAlive)).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

test('a number of orders that is none gets one sentence', async () => {
  const { child, output } = startDemo(['--orders', 'many']);
  const [code] = (await once(child, 'close')) as [number | null];
  expect(output()).toContain('it must be a whole number from 2 to 1,000,000');
  expect(code).not.toBe(0);
});

/** Every process that `pid` started, and those that they started. */
async function descendants(pid: number): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const found = [pid];
  for (const parent of found) {
    for (const [child, its] of pairs) if (its === parent) found.push(child);
  }
  return found.slice(1);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
