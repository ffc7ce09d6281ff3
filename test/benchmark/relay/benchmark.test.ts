import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Sizes that say nothing of speed: the benchmarks audit their own counts, and must not rot.
test('the benchmarks of the relay run and find what they sent', async () => {
  const args = ['--import', 'jiti/register', 'benchmark/relay/benchmark.ts', '--runs', '1'];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...args, '--scale', '0.001', '--only', 'decode,insert,throughput,peer,memory,cost,heal'],
    { cwd: join(import.meta.dirname, '..', '..') },
  );
  expect(stdout).toContain('decoding 100-row transactions, relay');
  expect(stdout).toContain('draining, relay to publisher alone');
});
