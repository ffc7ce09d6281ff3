import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { staleSocketGuard } from './idle-sockets.ts';

const sockets = new Set<Socket>();
const server = createServer((_, response) => response.end());
server.on('connection', (socket) => sockets.add(socket));
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  ['a moment', 29_999, 1],
  ['half a minute', 30_000, 2],
  ['days, in a snapshot', 300_000_000, 2],
  ['no time, with a clock that was set back', -3_600_000, 2],
])('after %s, %i ms by the clock, there are %i connections', async (_, passed, connections) => {
  const agent = new Agent({ keepAlive: true });
  let now = 1_000_000;
  const dropStale = staleSocketGuard([agent], () => now);
  const { port } = server.address() as AddressInfo;
  sockets.clear();

  async function ask(): Promise<void> {
    dropStale();
    const outgoing = request({ agent, port, host: '127.0.0.1' });
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    response.resume();
    await once(response, 'end');
    // The connection is free from the next turn on.
    await new Promise(setImmediate);
  }

  await ask();
  now += passed;
  await ask();
  expect(sockets.size).toBe(connections);
  agent.destroy();
});
