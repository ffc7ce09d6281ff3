import { EventBridgeClient, PutEventsCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { type LocalBus, startLocalBus } from '@tidings/local';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { busClient } from '../../support/bus-client.ts';

let bus: LocalBus;
let client: EventBridgeClient;

beforeEach(async () => {
  bus = await startLocalBus({ buses: ['orders'] });
  client = busClient(bus.url);
});
afterEach(async () => {
  client.destroy();
  await bus.stop();
});

const entry = (detail: unknown = { metadata: { eventId: 'e1' }, data: {} }) => ({
  Source: 'com.acme.orders',
  DetailType: 'OrderPlaced',
  Detail: JSON.stringify(detail),
});

describe('PutEvents', () => {
  test('an accepted entry is delivered in the shape and order that the service uses', async () => {
    const time = new Date('2026-06-07T02:00:00.123Z');
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [
          { ...entry(), EventBusName: 'orders', Time: time, Resources: ['arn:x'] },
          { ...entry({ n: 1 }) },
        ],
      }),
    );
    expect(answer.FailedEntryCount).toBe(0);
    expect(bus.events.map((event) => event.id)).toEqual(answer.Entries?.map((one) => one.EventId));
    expect(bus.events[0]?.bus).toBe('orders');
    expect(bus.events[1]?.bus).toBe('default');
    expect(bus.events[0]?.envelope).toEqual({
      version: '0',
      id: answer.Entries?.[0]?.EventId,
      'detail-type': 'OrderPlaced',
      source: 'com.acme.orders',
      account: '000000000000',
      time: '2026-06-07T02:00:00Z',
      region: 'eu-west-1',
      resources: ['arn:x'],
      detail: { metadata: { eventId: 'e1' }, data: {} },
    });
    expect(bus.requests[0]).toMatchObject({
      seq: 1,
      op: 'PutEvents',
      attempt: 1,
      invocation: expect.stringMatching(/^[0-9a-f-]{36}$/),
      answer: { kind: 'answered', status: 200 },
    });
  });

  test('the detail is delivered byte for byte, also numbers that JavaScript cannot hold', async () => {
    const Detail = '{ "big": 9007199254740993, "price": 1.10 }';
    await client.send(
      new PutEventsCommand({ Entries: [{ Source: 'a.b', DetailType: 'Done', Detail }] }),
    );
    expect(bus.events[0]?.text).toContain(`"detail":${Detail}}`);
  });

  test('a bad entry is refused by itself and the good ones around it are committed', async () => {
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [
          entry(),
          { DetailType: 'OrderPlaced', Detail: '{}' },
          { Source: 'com.acme', Detail: '{}' },
          { Source: 'com.acme', DetailType: 'OrderPlaced' },
          { ...entry(), Detail: '[1]' },
          { ...entry(), Detail: '{"open":' },
          { ...entry(), Source: 'aws.orders' },
          { ...entry(), DetailType: 'x'.repeat(129) },
          entry(),
        ],
      }),
    );
    const required = (name: string) => ({
      ErrorCode: 'InvalidArgument',
      ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
    });
    const malformed = { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
    expect(answer.FailedEntryCount).toBe(7);
    expect(answer.Entries).toEqual([
      { EventId: bus.events[0]?.id },
      required('Source'),
      required('DetailType'),
      required('Detail'),
      malformed,
      malformed,
      {
        ErrorCode: 'NotAuthorizedForSourceException',
        ErrorMessage: 'Not authorized for the source.',
      },
      { ErrorCode: 'InvalidArgument', ErrorMessage: expect.stringContaining('128') },
      { EventId: bus.events[1]?.id },
    ]);
    expect(bus.events).toHaveLength(2);
    expect(bus.requests[0]?.entries.map((one) => one.committed)).toEqual([
      true,
      ...Array(7).fill(false),
      true,
    ]);
  });

  test.each([
    [0, 'Member must have length greater than or equal to 1'],
    [11, 'Member must have length less than or equal to 10'],
  ])('%i entries are refused whole', async (count, constraint) => {
    const refused = client.send(new PutEventsCommand({ Entries: Array(count).fill(entry()) }));
    await expect(refused).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(constraint),
      $metadata: { httpStatusCode: 400 },
    });
    expect(bus.events).toHaveLength(0);
  });

  test('the size limit counts what the service counts, over the whole request', async () => {
    const room = 1_048_576 - 14 - 'com.acme.orders'.length - 'OrderPlaced'.length;
    const detail = (bytes: number) => `{"x":"${'x'.repeat(bytes - 8)}"}`;
    const send = (bytes: number) =>
      client.send(
        new PutEventsCommand({
          Entries: [{ ...entry(), Time: new Date(), Detail: detail(bytes) }],
        }),
      );
    expect((await send(room)).FailedEntryCount).toBe(0);
    await expect(send(room + 1)).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Total size of the entries in the request is over the limit.',
    });
  });

  test('a bus that does not exist takes its events, drops them, and the journal tells', async () => {
    const answer = await client.send(
      new PutEventsCommand({ Entries: [{ ...entry(), EventBusName: 'nowhere' }] }),
    );
    expect(answer).toMatchObject({
      FailedEntryCount: 0,
      Entries: [{ EventId: expect.anything() }],
    });
    expect(bus.events).toHaveLength(0);
    expect(bus.lost()).toMatchObject([
      { bus: 'nowhere', dropped: 'no-such-bus', requestSeq: 1, entryIndex: 0 },
    ]);
    expect(bus.summary()).toMatchObject({ accepted: 0, lost: 1 });
  });

  test('a resend is accepted again under another id, and counted as a duplicate', async () => {
    for (const _ of [1, 2, 3]) await client.send(new PutEventsCommand({ Entries: [entry()] }));
    expect(new Set(bus.events.map((event) => event.id)).size).toBe(3);
    expect(bus.occurrences.get('e1')).toBe(3);
    expect(bus.summary()).toMatchObject({ accepted: 3, distinct: 1, duplicates: 2 });
  });

  test('an access key id of twelve digits names the account', async () => {
    const other = new EventBridgeClient({
      endpoint: bus.url,
      region: 'us-west-2',
      credentials: { accessKeyId: '111122223333', secretAccessKey: 'x' },
    });
    await other.send(new PutEventsCommand({ Entries: [entry()] }));
    other.destroy();
    expect(bus.events[0]).toMatchObject({ account: '111122223333', region: 'us-west-2' });
  });
});

describe('any JSON', () => {
  test('is accepted, routed and delivered as it was sent', async () => {
    await client.send(
      new PutRuleCommand({
        Name: 'all',
        EventPattern: '{"source":["com.acme.orders"],"detail":{"a":[{"exists":true}]}}',
      }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.json({ stringUnit: 'binary', maxDepth: 6 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
        async (json, key) => {
          const Detail = `{"a":1,${JSON.stringify(key)}:${json}}`;
          const answer = await client.send(
            new PutEventsCommand({ Entries: [{ ...entry(), Detail }] }),
          );
          const event = bus.events.at(-1);
          expect(answer.Entries).toEqual([{ EventId: event?.id }]);
          expect(event?.envelope.detail).toEqual(JSON.parse(Detail));
          if (key !== 'a') expect(event && bus.matchedBy(event)).toEqual(['all']);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('nested to a thousand levels, and no deeper', async () => {
    const nested = (levels: number) =>
      `{"a":${'['.repeat(levels - 1)}"]"${']'.repeat(levels - 1)}}`;
    const answer = await client.send(
      new PutEventsCommand({
        Entries: [1_000, 1_001, 100_000].map((levels) => ({ ...entry(), Detail: nested(levels) })),
      }),
    );
    expect(answer.Entries?.map((one) => one.ErrorCode)).toEqual([
      undefined,
      'MalformedDetail',
      'MalformedDetail',
    ]);
  });
});

describe('bodies that the SDK never sends', () => {
  const post = (body: string, target = 'AWSEvents.PutEvents') =>
    fetch(bus.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      body,
    });

  test.each([
    '{',
    '{"Entries":7}',
    '{"Entries":[7]}',
    '{"Entries":[{"Source":7}]}',
    '{"Entries":[{"Time":1e30}]}',
  ])('%s is a SerializationException', async (body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: 'SerializationException' });
  });

  test('an operation that does not exist is named', async () => {
    const answer = await post('{}', 'AWSEvents.PutEvent');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      __type: 'UnknownOperationException',
      message: 'PutEvent is not an operation here.',
    });
  });

  test('a body beyond all limits is refused without being kept', async () => {
    const answer = await post(`{"Entries":["${'x'.repeat(17 * 1024 * 1024)}"]}`);
    expect(answer.status).toBe(413);
    expect(bus.requests[0]?.answer).toMatchObject({ status: 413 });
  });
});

describe('waiting', () => {
  test('waitFor a count resolves when that many were accepted', async () => {
    const waiting = bus.waitFor(3);
    await client.send(new PutEventsCommand({ Entries: [entry(), entry()] }));
    await client.send(new PutEventsCommand({ Entries: [entry()] }));
    expect(await waiting).toHaveLength(3);
  });

  test('waitFor a function sees past and future events once, in order', async () => {
    await client.send(new PutEventsCommand({ Entries: [entry({ n: 1 }), entry({ n: 2 })] }));
    const seen: number[] = [];
    const waiting = bus.waitFor((event) => seen.push(event.seq) === 4);
    await client.send(new PutEventsCommand({ Entries: [entry({ n: 3 }), entry({ n: 4 })] }));
    expect((await waiting).detail).toBe('{"n":4}');
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  test('a wait in vain says how many events there were', async () => {
    await client.send(new PutEventsCommand({ Entries: [entry()] }));
    await expect(bus.waitFor(2, { timeoutMs: 20 })).rejects.toThrow(
      'Waited 20 ms in vain for 2 events; 1 events were accepted.',
    );
  });

  test('a wait can be aborted', async () => {
    const abort = new AbortController();
    const waiting = bus.waitFor(2, { signal: abort.signal });
    abort.abort();
    await expect(waiting).rejects.toThrow('aborted');
  });
});

test('counts mode keeps numbers and how often each event id came', async () => {
  const counting = await startLocalBus({ journal: 'counts' });
  const sender = busClient(counting.url);
  const waiting = counting.waitFor(3);
  for (const _ of [1, 2, 3]) await sender.send(new PutEventsCommand({ Entries: [entry()] }));
  await waiting;
  expect(counting.events).toHaveLength(0);
  expect(counting.requests).toHaveLength(0);
  expect(counting.occurrences.get('e1')).toBe(3);
  expect(counting.summary()).toEqual({
    requests: 3,
    entries: 3,
    accepted: 3,
    distinct: 1,
    duplicates: 2,
    lost: 0,
  });
  sender.destroy();
  await counting.stop();
});

test('a taken port is one clear sentence', async () => {
  await expect(startLocalBus({ port: bus.port })).rejects.toThrow(
    `Port ${bus.port} on 127.0.0.1 is taken; choose another one, or 0 for one that is free.`,
  );
});
