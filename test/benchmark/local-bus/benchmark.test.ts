import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Sizes that say nothing of speed: the benchmark audits its own counts, and must not rot.
test('the benchmark of the local bus runs and finds what it sent', async () => {
  const run = promisify(execFile);
  const cwd = join(import.meta.dirname, '..');
  await run(process.execPath, [join(cwd, '../../node_modules/typescript/bin/tsc'), '-b', cwd]);
  const { stdout } = await run(process.execPath, ['dist/local-bus.js', '--smoke'], { cwd });
  expect(stdout).toContain('requests of 10 entries of 500 bytes against 100 rules');
  expect(stdout).toContain('memory of an idle bus in a process of its own');
});
