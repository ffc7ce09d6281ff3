import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));

// With one checker the compiler counts the same on every machine: 59,585 at this writing, of
// which 38,704 are the contract's without a pattern.
test('the patterns of a large contract cost the compiler at most 70,000 instantiations', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidings-types-'));
  try {
    const project = join(folder, 'tsconfig.json');
    const file = join(root, 'packages/contract/src/large-contract.test-d.ts');
    const types = join(root, 'node_modules/@types');
    await writeFile(
      project,
      JSON.stringify({
        extends: join(root, 'tsconfig.tests.json'),
        compilerOptions: { typeRoots: [types] },
        files: [file],
        include: [],
      }),
    );
    const tsc = join(root, 'node_modules/.bin/tsc');
    const { stdout } = await promisify(execFile)(tsc, [
      ...['-p', project, '--extendedDiagnostics', '--checkers', '1'],
    ]);
    const count = Number(/^Instantiations:\s+(\d+)$/m.exec(stdout)?.[1]);
    expect(count).toBeGreaterThan(10_000);
    expect(count).toBeLessThanOrEqual(70_000);
  } finally {
    await rm(folder, { recursive: true });
  }
});
