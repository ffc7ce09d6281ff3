import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { accepts, rawEndpoint } from '../support/raw-endpoint.ts';

const run = promisify(execFile);

const program = `
import { defineEvent } from '@tidings/contract';
import { leanPublisher } from '@tidings/publisher/lean';
import { z } from 'zod/mini';

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({ orderId: z.string() }),
  idempotencyKey: ({ orderId }) => orderId,
});
const publisher = leanPublisher({ eventBusName: 'orders', producer: { service: 'checkout' } });
await publisher.publish(OrderPlaced.create({ orderId: '7781' }));
await publisher.close();
`;

// An ES module has no `require`: a CommonJS dependency that asks for a built-in module ends
// the process, unless the bundle begins with a banner that defines one.
test('a bundle of the lean publisher starts as an ES module without a banner', async () => {
  await using endpoint = await rawEndpoint(accepts);
  const folder = await mkdtemp(join(tmpdir(), 'tidings-bundle-'));
  try {
    const outfile = join(folder, 'index.mjs');
    await build({
      stdin: { contents: program, resolveDir: import.meta.dirname },
      ...{ outfile, bundle: true, minify: true, platform: 'node', format: 'esm' },
      logLevel: 'error',
    });
    await run(process.execPath, [outfile], {
      timeout: 30_000,
      env: {
        PATH: process.env.PATH,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'AKID',
        AWS_SECRET_ACCESS_KEY: 'secret',
        // Empty variables count as unset.
        AWS_ENDPOINT_URL_EVENTBRIDGE: '',
        AWS_ENDPOINT_URL: endpoint.url,
      },
    });
    expect(endpoint.requests.map(({ body }) => body.Entries.length)).toEqual([1]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
