import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Sizes that say nothing of speed: the benchmark audits its own counts, and must not rot.
test('the benchmark of the DynamoDB capture runs and finds what it sent', async () => {
  const run = promisify(execFile);
  const cwd = join(import.meta.dirname, '..');
  await run(process.execPath, [join(cwd, '../../node_modules/typescript/bin/tsc'), '-b', cwd]);
  const { stdout } = await run(process.execPath, ['dist/dynamodb.js', '--smoke'], { cwd });
  expect(stdout).toContain('records of 1 KB through normal form, capture and seal');
  expect(stdout).toContain('streamHandler, lean, throughput of aws-lambda-stream');
});
