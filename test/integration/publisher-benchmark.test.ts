import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

// Every figure is measured once and small, so that the benchmarks cannot rot. What they
// would say here means nothing; that each event is accounted for does.
it('the publisher benchmarks run, and account for every event', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-benchmark-'));
  try {
    const json = join(folder, 'figures.json');
    const tsc = join(root, 'node_modules/.bin/tsc');
    await run(tsc, ['-b', 'test/benchmark'], { cwd: root });
    await run(process.execPath, ['test/benchmark/dist/publisher.js', '--smoke', '--json', json], {
      cwd: root,
    });
    const { figures } = JSON.parse(await readFile(json, 'utf8'));
    expect(figures.length).toBeGreaterThanOrEqual(16);
    for (const { name, measured } of figures)
      expect([name, measured]).toEqual([name, expect.any(Number)]);
  } finally {
    await rm(folder, { recursive: true });
  }
  // A dozen processes are started one after the other.
}, 240_000);
