import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { type SpawnedBus, spawnLocalBus, startLocalBus } from '@tidings/local';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';

let bus: SpawnedBus;
beforeAll(async () => {
  bus = await spawnLocalBus({ buses: ['orders'] });
});
afterAll(() => bus.stop());

test('a bus in a process of its own is read and steered over HTTP', async () => {
  const client = busClient(bus.url);
  await bus.setFaults([{ when: { nth: [2] }, action: { type: 'commit-then', symptom: 'reset' } }]);
  const waiting = bus.waitFor({ distinct: 1_200 }, { timeoutMs: 50_000 });
  for (let first = 0; first < 1_200; first += 10) {
    await client.send(
      new PutEventsCommand({
        Entries: Array.from({ length: 10 }, (_, n) => ({
          EventBusName: 'orders',
          Source: 'com.acme.orders',
          DetailType: 'OrderPlaced',
          Detail: JSON.stringify({ metadata: { eventId: `e${first + n}` }, data: {} }),
        })),
      }),
    );
  }
  client.destroy();
  expect(await waiting).toMatchObject({ distinct: 1_200, duplicates: 10, lost: 0 });
  const events = await bus.events();
  expect(events).toHaveLength(1_210);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  expect(events[0]?.envelope.detail.metadata.eventId).toBe('e0');
  expect(await bus.events(1_200)).toHaveLength(10);
  const requests = await bus.requests();
  expect(requests).toHaveLength(121);
  expect(requests[1]).toMatchObject({ faultId: 'fault-1', answer: { kind: 'reset' } });
  await bus.reset();
  expect(await bus.summary()).toMatchObject({ requests: 0, accepted: 0 });
  await expect(bus.waitFor({ accepted: 1 }, { timeoutMs: 10 })).rejects.toThrow(
    'Waited 10 ms in vain for 1 accepted events, got 0.',
  );
});

test('it says in one sentence why it cannot start', async () => {
  await expect(spawnLocalBus({ port: bus.port })).rejects.toThrow(
    `Port ${bus.port} on 127.0.0.1 is taken`,
  );
});

test('it ends when its parent is killed', async () => {
  const parent = fork(
    new URL('../../support/bus-parent.js', import.meta.url),
    [import.meta.resolve('@tidings/local').replace('/src/index.ts', '/dist/index.js')],
    { execArgv: [] },
  );
  const [{ url }] = (await once(parent, 'message')) as [{ url: string }];
  const port = Number(new URL(url).port);
  const connection = connect(port, '127.0.0.1');
  await once(connection, 'connect');
  // A killed process resets its connections or closes them; either is an end.
  connection.on('error', () => {});
  const closed = new Promise((resolve) => connection.once('close', resolve));
  parent.kill('SIGKILL');
  await closed;
  // The port is free again: whoever held it is gone.
  const next = await startLocalBus({ port });
  await next.stop();
});
