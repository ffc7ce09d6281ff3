import {
  CreateEventBusCommand,
  type EventBridgeClient,
  type EventBridgeClientConfig,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import { type Fault, type LocalBus, manualClock, startLocalBus } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';

let bus: LocalBus;
const clients: EventBridgeClient[] = [];

beforeEach(async () => {
  bus = await startLocalBus();
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await bus.stop();
});

function client(config: EventBridgeClientConfig = {}): EventBridgeClient {
  const made = busClient(bus.url, { maxAttempts: 1, ...config });
  clients.push(made);
  return made;
}

const entry = (n: number, source = 'com.acme.orders') => ({
  Source: source,
  DetailType: 'OrderPlaced',
  Detail: JSON.stringify({ n }),
});
const put = (count = 1, config?: EventBridgeClientConfig) =>
  client(config).send(
    new PutEventsCommand({ Entries: Array.from({ length: count }, (_, n) => entry(n)) }),
  );
const committed = () => bus.requests.map((one) => one.entries.map((each) => each.committed));

describe('entry-fail', () => {
  test('fails the chosen entries and commits the others, in order', async () => {
    bus.setFaults([
      { id: 'part', action: { type: 'entry-fail', code: 'InternalFailure', indices: [1, 3] } },
    ]);
    const answer = await put(5);
    expect(answer.FailedEntryCount).toBe(2);
    expect(answer.Entries?.map((one) => one.ErrorCode)).toEqual([
      undefined,
      'InternalFailure',
      undefined,
      'InternalFailure',
      undefined,
    ]);
    expect(committed()).toEqual([[true, false, true, false, true]]);
    expect(bus.requests[0]?.faultId).toBe('part');
  });

  test('a fraction is rounded up and drawn by the seed', async () => {
    const fault: Fault = {
      when: { probability: 1, seed: 7 },
      action: { type: 'entry-fail', code: 'ThrottlingException', fraction: 0.25 },
    };
    bus.setFaults([fault]);
    await put(10);
    await put(10);
    bus.setFaults([fault]);
    await put(10);
    const [first, second, again] = committed();
    expect(first?.filter((one) => !one)).toHaveLength(3);
    expect(second?.filter((one) => !one)).toHaveLength(3);
    expect(again).toEqual(first);
  });

  test('match chooses entries by source', async () => {
    bus.setFaults([
      { match: { source: 'com.acme.pay' }, action: { type: 'entry-fail', code: 'X' } },
    ]);
    await client().send(
      new PutEventsCommand({ Entries: [entry(0), entry(1, 'com.acme.pay'), entry(2)] }),
    );
    await put(1);
    expect(committed()).toEqual([[true, false, true], [true]]);
    expect(bus.faults()).toMatchObject([{ id: 'fault-1', seen: 1, hits: 1 }]);
  });
});

test('match chooses entries by an event pattern', async () => {
  bus.setFaults([
    {
      match: { detailPattern: { detail: { n: [{ numeric: ['>', 1] }] } } },
      action: { type: 'entry-fail', code: 'X' },
    },
  ]);
  await put(4);
  expect(committed()).toEqual([[true, true, false, false]]);
});

test('match chooses by attempt and by operation of the control plane', async () => {
  bus.setFaults([
    { match: { op: 'CreateEventBus' }, action: { type: 'request-fail', preset: 'throttle' } },
    { match: { op: '*', attempt: 2 }, action: { type: 'request-fail', preset: '500' } },
  ]);
  const create = client().send(new CreateEventBusCommand({ Name: 'orders' }));
  await expect(create).rejects.toMatchObject({ name: 'ThrottlingException' });
  expect((await put()).FailedEntryCount).toBe(0);
  expect(bus.faults().map((fault) => fault.hits)).toEqual([1, 0]);
});

test('an operation that was carried out can seem to have failed', async () => {
  bus.setFaults([
    {
      match: { op: 'CreateEventBus' },
      when: { first: 1 },
      action: { type: 'commit-then', symptom: 'reset' },
    },
  ]);
  const create = client({ maxAttempts: 2 }).send(new CreateEventBusCommand({ Name: 'orders' }));
  await expect(create).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
});

describe('request-fail', () => {
  test.each([
    ['throttle', 400, 'ThrottlingException'],
    ['429', 429, 'TooManyRequestsException'],
    ['500', 500, 'InternalException'],
    ['503', 503, 'ServiceUnavailableException'],
    ['403', 403, 'AccessDeniedException'],
    ['413-empty', 413, 'Unknown'],
  ] as const)('%s commits nothing', async (preset, status, name) => {
    bus.setFaults([{ action: { type: 'request-fail', preset } }]);
    await expect(put()).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
    expect(bus.events).toHaveLength(0);
    expect(bus.requests[0]?.answer).toMatchObject({ kind: 'answered', status });
  });

  test('in full: status, error, message and headers; the SDK obeys Retry-After', async () => {
    bus.setFaults([
      {
        when: { first: 1 },
        action: {
          type: 'request-fail',
          status: 503,
          error: 'SlowDown',
          message: 'Slow down.',
          headers: { 'Retry-After': '0' },
        },
      },
    ]);
    const answer = await put(1, { maxAttempts: 2 });
    expect(answer.$metadata.attempts).toBe(2);
    const [first, second] = bus.requests;
    expect(first?.answer).toEqual({ kind: 'answered', status: 503, error: 'SlowDown' });
    expect(second).toMatchObject({ attempt: 2, invocation: first?.invocation });
  });
});

describe('when', () => {
  const run = async (when: Fault['when'] & {}, requests = 6) => {
    bus.setFaults([{ when, action: { type: 'entry-fail', code: 'X' } }]);
    for (let n = 0; n < requests; n += 1) await put();
    return committed()
      .map(([one]) => (one ? '.' : 'x'))
      .join('');
  };
  test('nth', async () => expect(await run({ nth: [1, 4] })).toBe('x..x..'));
  test('every', async () => expect(await run({ every: 2 })).toBe('.x.x.x'));
  test('first', async () => expect(await run({ first: 2 })).toBe('xx....'));
  test('times', async () => expect(await run({ every: 2, times: 2 })).toBe('.x.x..'));
  test('probability repeats with its seed', async () => {
    const once = await run({ probability: 0.5, seed: 3 }, 12);
    bus.reset();
    expect(await run({ probability: 0.5, seed: 3 }, 12)).toBe(once);
    expect(once).toMatch(/x/);
    expect(once).toMatch(/\./);
  });
});

describe('before-commit and commit-then look the same to the client and differ in the journal', () => {
  const symptoms = async (action: Fault['action'], config: EventBridgeClientConfig) => {
    bus.reset();
    bus.setFaults([{ when: { first: 1 }, action }]);
    const error = await put(1, config).then(
      () => undefined,
      (reason: Error & { code?: string }) => `${reason.name} ${reason.code} ${reason.message}`,
    );
    return { error, events: bus.events.length };
  };
  test('reset', async () => {
    const before = await symptoms({ type: 'before-commit', symptom: 'reset' }, {});
    const after = await symptoms({ type: 'commit-then', symptom: 'reset' }, {});
    expect(before.error).toContain('ECONNRESET');
    expect(after.error).toBe(before.error);
    expect([before.events, after.events]).toEqual([0, 1]);
    expect(bus.requests[0]?.answer).toEqual({ kind: 'reset' });
  });
  test('hang, and stopping the bus ends the request', async () => {
    bus.setFaults([{ action: { type: 'commit-then', symptom: 'hang' } }]);
    const pending = expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' });
    await bus.waitFor(1);
    expect(bus.requests[0]?.answer).toEqual({ kind: 'none' });
    await bus.stop();
    await pending;
  });
  test('the SDK resends what was committed already, below the producer', async () => {
    bus.setFaults([{ when: { nth: [1, 2] }, action: { type: 'commit-then', symptom: 'reset' } }]);
    const answer = await put(1, { maxAttempts: 3 });
    expect(answer.$metadata.attempts).toBe(3);
    expect(bus.events).toHaveLength(3);
    expect(new Set(bus.requests.map((one) => one.invocation)).size).toBe(1);
    expect(bus.requests.map((one) => one.attempt)).toEqual([1, 2, 3]);
    expect(bus.duplicates()).toMatchObject([
      { cause: 'sdk-retry', occurrences: [{ attempt: 1 }, { attempt: 2 }, { attempt: 3 }] },
    ]);
    await put();
    expect(bus.duplicates()).toMatchObject([{ cause: 'resend' }]);
  });
  test('delay answers later', async () => {
    bus.setFaults([{ action: { type: 'commit-then', symptom: 'delay', ms: 30 } }]);
    expect((await put()).FailedEntryCount).toBe(0);
    bus.setFaults([{ action: { type: 'before-commit', symptom: 'delay', ms: 30 } }]);
    expect((await put()).FailedEntryCount).toBe(0);
    expect(bus.events).toHaveLength(2);
  });
});

test('truncate breaks off in the middle of an answer whose event is committed', async () => {
  bus.setFaults([{ action: { type: 'commit-then', symptom: 'truncate' } }]);
  await expect(put()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(bus.events).toHaveLength(1);
});

test('commit-then status commits and says that it did not', async () => {
  bus.setFaults([{ action: { type: 'commit-then', symptom: 'status', status: 500 } }]);
  await expect(put()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  expect(bus.events).toHaveLength(1);
});

test.each([
  [{ fixed: 5 }],
  [{ uniform: [1, 5] as const }],
  [{ lognormal: { median: 2, sigma: 0.5 } }],
])('latency %o slows and lets later faults hit', async (delay) => {
  bus.setFaults([
    { action: { type: 'latency', delay } },
    { action: { type: 'latency', delay, phase: 'after-commit' } },
    { id: 'last', action: { type: 'entry-fail', code: 'X' } },
  ]);
  expect((await put()).FailedEntryCount).toBe(1);
  expect(bus.requests[0]?.faultId).toBe('last');
  expect(bus.faults().map((fault) => fault.hits)).toEqual([1, 1, 1]);
});

describe('bad-response', () => {
  const answer = async (body: (Fault['action'] & { type: 'bad-response' })['body']) => {
    bus.setFaults([{ action: { type: 'bad-response', body } }]);
    const found = await put(2);
    expect(bus.requests[0]?.answer).toEqual({ kind: 'bad-response', body });
    return found;
  };
  test('empty', async () => expect((await answer('empty')).Entries).toBeUndefined());
  test('html', async () => {
    await expect(answer('html')).rejects.toThrow(SyntaxError);
    expect(bus.events).toHaveLength(2);
  });
  test('short-entries', async () =>
    expect((await answer('short-entries')).Entries).toHaveLength(1));
  test('extra-entries', async () =>
    expect((await answer('extra-entries')).Entries).toHaveLength(3));
  test('wrong-count', async () => expect((await answer('wrong-count')).FailedEntryCount).toBe(1));
  test('wrong-order', async () => {
    const { Entries } = await answer('wrong-order');
    expect(Entries?.map((one) => one.EventId)).toEqual([bus.events[1]?.id, bus.events[0]?.id]);
  });
});

test('silent-drop answers with an id and commits nothing', async () => {
  bus.setFaults([{ action: { type: 'silent-drop', indices: [0] } }]);
  const answer = await put(2);
  expect(answer.Entries?.map((one) => one.EventId)).toEqual([expect.anything(), bus.events[0]?.id]);
  expect(bus.lost()).toMatchObject([{ dropped: 'silent-drop', entryIndex: 0 }]);
});

describe('token-bucket', () => {
  test('refuses whole requests beyond the rate and fills with time', async () => {
    await bus.stop();
    const clock = manualClock();
    bus = await startLocalBus({ clock });
    bus.setFaults([
      {
        action: {
          type: 'token-bucket',
          ratePerSec: 1,
          burst: 2,
          unit: 'requests',
          scope: 'request',
        },
      },
    ]);
    await put();
    await put();
    await expect(put()).rejects.toMatchObject({ name: 'ThrottlingException' });
    await clock.advance(1_000);
    await put();
    expect(bus.events).toHaveLength(3);
  });

  test('fails single entries beyond the rate', async () => {
    bus.setFaults([
      {
        action: { type: 'token-bucket', ratePerSec: 0, burst: 3, unit: 'entries', scope: 'entry' },
      },
    ]);
    const answer = await put(5);
    expect(answer.Entries?.map((one) => one.ErrorCode)).toEqual([
      undefined,
      undefined,
      undefined,
      'ThrottlingException',
      'ThrottlingException',
    ]);
  });
});

describe('over HTTP', () => {
  const faults = (init?: RequestInit) =>
    fetch(`${bus.url}/_bus/faults`, { headers: { 'Content-Type': 'application/json' }, ...init });

  test('PUT, GET and DELETE', async () => {
    const fault: Fault = { action: { type: 'entry-fail', code: 'X' } };
    expect((await faults({ method: 'PUT', body: JSON.stringify([fault]) })).status).toBe(200);
    expect((await put()).FailedEntryCount).toBe(1);
    expect(await (await faults()).json()).toEqual([{ ...fault, id: 'fault-1', seen: 1, hits: 1 }]);
    expect((await faults({ method: 'DELETE' })).status).toBe(204);
    expect((await put()).FailedEntryCount).toBe(0);
  });

  test('a fault that makes no sense is refused with one sentence and changes nothing', async () => {
    bus.setFaults([{ action: { type: 'entry-fail', code: 'X' } }]);
    const answer = await faults({ method: 'PUT', body: '[{"action":{"type":"entry-fial"}}]' });
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { message: string }).message).toMatch(
      /^fault 1: action\.type must be one of entry-fail, .*, got "entry-fial"$/,
    );
    expect(bus.faults()).toHaveLength(1);
  });
});
