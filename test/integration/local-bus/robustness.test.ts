import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type SpawnedBus, spawnLocalBus } from '@tidings/local';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';

let bus: SpawnedBus;
let client: EventBridgeClient;
const sockets: Socket[] = [];

beforeAll(async () => {
  bus = await spawnLocalBus();
  client = busClient(bus.url, { maxAttempts: 1 });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  client.destroy();
  await bus.stop();
});

async function open(): Promise<Socket> {
  const socket = connect(bus.port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}
/** What comes back until the bus closes the connection. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}
async function answers(): Promise<void> {
  const answer = await client.send(
    new PutEventsCommand({
      Entries: [{ Source: 'com.acme', DetailType: 'OrderPlaced', Detail: '{}' }],
    }),
  );
  expect(answer.FailedEntryCount).toBe(0);
}

describe('malformed HTTP', () => {
  test.each([
    ['no HTTP at all', '\x00\x01\x02\xff\r\n\r\n'],
    ['a method that does not exist', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a version that does not exist', 'POST / HTTP/9.9\r\nHost: x\r\n\r\n'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    ],
    ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n'],
    ['headers without end', `POST / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`],
    ['a broken chunk', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('%s closes the connection and nothing else', async (_name, request) => {
    const socket = await open();
    const closing = rest(socket);
    socket.write(Buffer.from(request, 'latin1'));
    expect(await closing).not.toContain(' 200 ');
    await answers();
  });

  test.each(['/../../../etc/passwd', '/page/../../package.json', '/page/%2e%2e%2fmain.js', '/%00'])(
    '%s finds nothing',
    async (path) => {
      const socket = await open();
      const closing = rest(socket);
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
      expect(await closing).toMatch(/^HTTP\/1\.1 40[04] /);
    },
  );

  test('a body that breaks off', async () => {
    const socket = await open();
    socket.write(
      'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AWSEvents.PutEvents\r\nContent-Length: 100\r\n\r\n{"Ent',
    );
    socket.end();
    await answers();
  });
});

test('a body beyond all limits is refused while it still comes', async () => {
  const socket = await open();
  const closing = rest(socket);
  socket.write(
    'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: AWSEvents.PutEvents\r\nContent-Length: 10000000000\r\n\r\n',
  );
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const feed = (): void => {
    while (socket.writable && socket.write(chunk));
  };
  socket.on('drain', feed);
  feed();
  expect(await closing).toContain('413');
  await answers();
});

test('clients that send a byte now and then keep nobody waiting', async () => {
  const slow = await Promise.all(Array.from({ length: 200 }, open));
  for (const socket of slow) socket.write('POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Ta');
  for (let round = 0; round < 20; round += 1) {
    for (const socket of slow) socket.write('x');
    await answers();
  }
});

test('10,000 open connections neither crash nor stall it', async () => {
  // Fewer where the machine does not let a process have so many files open.
  const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
  const count = limit === 'unlimited' ? 10_000 : Math.min(10_000, Number(limit) - 1_000);
  for (let opened = 0; opened < count; opened += 500) {
    await Promise.all(Array.from({ length: Math.min(500, count - opened) }, open));
  }
  expect(sockets.filter((socket) => socket.readyState === 'open')).toHaveLength(count);
  await answers();
  const some = sockets[Math.floor(count / 2)] as Socket;
  some.write('GET /_bus/summary HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  const [chunk] = (await once(some, 'data')) as [Buffer];
  expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 /);
  for (const socket of sockets.splice(0)) socket.destroy();
  await answers();
});
