import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { startLocalBus } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';
import { eventually } from '../../support/eventually.ts';
import { httpTarget } from '../../support/http-target.ts';

const program = fileURLToPath(new URL('../../../packages/cli/dist/main.js', import.meta.url));

let folder: string;
let running: ChildProcess | undefined;
let output = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidings-dev-'));
  output = '';
});
afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    running.kill('SIGKILL');
    await once(running, 'exit');
  }
  await rm(folder, { recursive: true });
});

function run(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, 'dev', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const keep = (chunk: Buffer) => {
    output += chunk.toString();
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  running = child;
  return child;
}
const url = async () => {
  await eventually(() => output, { timeout: 20_000 }).toContain('AWS_SECRET_ACCESS_KEY');
  return /AWS_ENDPOINT_URL_EVENTBRIDGE=(\S+)/.exec(output)?.[1] ?? '';
};
const put = async (endpoint: string, orderId: string, bus = 'orders', region = 'us-east-1') => {
  const client = busClient(endpoint, { region });
  await client.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: bus,
          Source: 'com.acme.orders',
          DetailType: 'OrderPlaced',
          Detail: JSON.stringify({ orderId }),
        },
      ],
    }),
  );
  client.destroy();
};

test('runs with rules from a file, reads it again when it changes, ends with Ctrl-C', async () => {
  const target = await httpTarget();
  const file = join(folder, 'rules.ts');
  const rules = (pattern: string) => `
    const url: string = '${target.url}';
    export default {
      buses: ['orders'],
      rules: [{ name: 'all', bus: 'orders', pattern: ${pattern}, targets: [url] }],
    };`;
  await writeFile(file, rules("{ source: ['com.acme.orders'] }"));
  const child = run(file, '--port', '0');
  const endpoint = await url();
  await put(endpoint, 'a');
  await eventually(() => target.requests.length).toBe(1);
  expect(JSON.parse(target.requests[0]?.body ?? '').detail).toEqual({ orderId: 'a' });

  await writeFile(file, rules("{ detail: { orderId: ['c'] } }"));
  await eventually(() => output).toContain(`Read ${file} again.`);
  await writeFile(file, rules("{ source: 'x' }"));
  await eventually(() => output).toContain('must be an object or an array');
  expect(output).toContain('The rules stay as they were.');
  // As an editor leaves it for a moment.
  await writeFile(file, '');
  await eventually(() => output).toContain('has no default export; write');
  await put(endpoint, 'b');
  await put(endpoint, 'c');
  await eventually(() => target.requests.length).toBe(2);
  expect(JSON.parse(target.requests[1]?.body ?? '').detail).toEqual({ orderId: 'c' });

  child.kill('SIGINT');
  expect(await once(child, 'exit')).toEqual([0, null]);
  await target.stop();
});

test('with a token, the page and the lines to paste hold it', async () => {
  const child = run('--port', '0', '--token', 'a token of sixteen');
  await url();
  const page = /Its page: (\S+)/.exec(output)?.[1] ?? '';
  expect((await fetch(page)).status).toBe(200);
  expect((await fetch(page.replace(/\?.*/, ''))).status).toBe(401);
  expect(output).toContain("AWS_SECRET_ACCESS_KEY='a token of sixteen'");
  child.kill('SIGTERM');
  await once(child, 'exit');
});

test('takes a free port where the usual one is taken', async () => {
  const other = await startLocalBus({ port: 4010 }).catch(() => undefined);
  const child = run();
  expect(await url()).not.toBe('http://127.0.0.1:4010');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  await other?.stop();
});

test('a bus that swallows events is told once, with the buses that exist', async () => {
  const child = run('--port', '0');
  const endpoint = await url();
  await put(endpoint, 'a', 'shop');
  await put(endpoint, 'b', 'shop');
  await put(endpoint, 'c', 'other');
  child.kill('SIGTERM');
  await once(child, 'close');
  const told = output.split('\n').filter((line) => line.includes('does not exist'));
  expect(told).toEqual([
    expect.stringContaining('the bus "shop", which does not exist in region us-east-1'),
    expect.stringContaining('the bus "other", which does not exist in region us-east-1'),
  ]);
  expect(told[0]).toContain('Buses there: default.');
});

test('a bus that exists in another region than the sender names is told with its region', async () => {
  const file = join(folder, 'rules.json');
  await writeFile(file, '{"buses":["orders"]}');
  const child = run(file, '--port', '0');
  await put(await url(), 'a', 'orders', 'eu-west-3');
  child.kill('SIGTERM');
  await once(child, 'close');
  expect(output).toContain('which does not exist in region eu-west-3 of account 000000000000');
  expect(output).toContain(
    'A bus of that name exists in region us-east-1 of account 000000000000.',
  );
});

describe('what is wrong is one sentence, and a non-zero exit code', () => {
  const fails = async (...args: string[]) => {
    const child = run(...args);
    const [code] = await once(child, 'close');
    expect(code).not.toBe(0);
    return output;
  };
  test('a file that is not there', async () => {
    expect(await fails(join(folder, 'none.ts'))).toMatch(/^tidings: there is no file .*none\.ts;/);
  });
  test('a file that declares a wrong pattern', async () => {
    const file = join(folder, 'rules.json');
    await writeFile(file, '{"rules":[{"name":"r","pattern":{"source":[]}}]}');
    expect(await fails(file, '--port', '0')).toContain('rule r: Event pattern is not valid.');
  });
  test('a file without a default export', async () => {
    const file = join(folder, 'rules.ts');
    await writeFile(file, 'export const rules = { buses: [] };');
    expect(await fails(file, '--port', '0')).toContain('has no default export; write `export');
  });
  test('a file with a field that does not exist', async () => {
    const file = join(folder, 'rules.json');
    await writeFile(file, '{"rule":[]}');
    expect(await fails(file, '--port', '0')).toContain('rule is not a field of a rules file');
  });
  test('a taken port that was asked for', async () => {
    const other = await startLocalBus();
    expect(await fails('--port', `${other.port}`)).toMatch(/^tidings: Port \d+ on .* is taken/);
    await other.stop();
  });
  test('an address beyond this machine without a token', async () => {
    expect(await fails('--host', '0.0.0.0', '--port', '0')).toMatch(
      /^tidings: token must have 16 characters or more where host is not a loopback address/,
    );
  });
});
