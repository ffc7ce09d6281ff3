import {
  createPipe,
  type LocalBus,
  manualClock,
  type PipeDeadLetter,
  type PipeOptions,
  type PipeRecord,
  startLocalBus,
} from '@tidings/local';
import { afterEach, beforeEach, expect, test } from 'vitest';

let bus: LocalBus;
beforeEach(async () => {
  bus = await startLocalBus();
});
afterEach(() => bus.stop());

const record = (n: number): PipeRecord => ({
  eventID: `id-${n}`,
  eventName: n % 3 === 0 ? 'REMOVE' : 'INSERT',
  dynamodb: { Keys: { pk: { S: `order-${n}` } }, SequenceNumber: `${n}` },
});
const records = (count: number) => Array.from({ length: count }, (_, n) => record(n));
const enrich = (batch: readonly PipeRecord[]) =>
  batch.map((each) => ({
    eventID: each.eventID,
    type: `Order${each.eventName}`,
    at: '2026-06-07T02:00:00.123Z',
    source: 'com.acme.orders',
  }));
const pipe = (options: Partial<PipeOptions> = {}) =>
  createPipe({
    batchSize: 10,
    retryDelayMs: 0,
    enrichment: enrich,
    target: {
      endpoint: bus.url,
      source: '$.source',
      detailType: '$.type',
      time: '$.at',
      resources: ['$.eventID', 'fixed'],
    },
    ...options,
  });
const ids = () => bus.events.map((event) => JSON.parse(event.detail).eventID);

test('filter, batch, enrich, and read the target from each payload', async () => {
  const sizes: number[] = [];
  const made = pipe({
    filter: [{ eventName: ['INSERT'] }],
    enrichment(batch) {
      sizes.push(batch.length);
      return enrich(batch);
    },
  });
  await made.run([records(15), records(15).slice(0, 4)]);
  expect(sizes).toEqual([6, 4, 2]);
  expect(made.counts).toMatchObject({ received: 19, filtered: 7, accepted: 12, retries: 0 });
  expect(bus.events[0]?.envelope).toMatchObject({
    source: 'com.acme.orders',
    'detail-type': 'OrderINSERT',
    time: '2026-06-07T02:00:00Z',
    resources: ['id-1', 'fixed'],
    detail: { eventID: 'id-1' },
  });
});

test.each(['', {}, []])('an enrichment that answers %j sends nothing', async (answer) => {
  const made = pipe({ enrichment: () => answer });
  await made.run([records(3)]);
  expect(made.counts).toMatchObject({ enrichments: 1, accepted: 0, deadLettered: 0 });
  expect(bus.requests).toHaveLength(0);
});

test('an answer of one empty payload does invoke the target', async () => {
  const target = { endpoint: bus.url, source: 'com.acme', detailType: 'OrderPlaced' };
  await pipe({ enrichment: () => [{}], target }).run([records(1)]);
  expect(bus.events.map((event) => event.detail)).toEqual(['{}']);
});

test('more than ten payloads never reach the bus: bisect heals, a bound gives up', async () => {
  const twice = (batch: readonly PipeRecord[]) => [...enrich(batch), ...enrich(batch)];
  const letters: PipeDeadLetter[] = [];
  const stuck = pipe({
    enrichment: twice,
    maximumRetryAttempts: 2,
    onDeadLetter: (letter) => letters.push(letter),
  });
  await stuck.run([records(8)]);
  expect(stuck.counts).toMatchObject({ enrichments: 3, deadLettered: 8 });
  expect(letters).toMatchObject([{ condition: 'RetryAttemptsExhausted' }]);
  expect(letters[0]?.error).toContain('16 payloads');
  expect(bus.events).toHaveLength(0);
  const healed = pipe({ enrichment: twice, onPartialBatchItemFailure: 'AUTOMATIC_BISECT' });
  await healed.run([records(8)]);
  expect(healed.counts).toMatchObject({ accepted: 16, deadLettered: 0 });
});

test('a poison record blocks what is behind it until it is given up', async () => {
  const made = pipe({
    batchSize: 1,
    maximumRetryAttempts: 3,
    enrichment(batch) {
      if (batch[0]?.eventID === 'id-1') throw new Error('poison');
      return enrich(batch);
    },
  });
  await made.run([records(3)]);
  expect(ids()).toEqual(['id-0', 'id-2']);
  expect(made.counts).toMatchObject({ enrichments: 6, retries: 3, deadLettered: 1 });
});

test('a partial failure sends the whole batch through the enrichment again', async () => {
  bus.setFaults([
    {
      when: { first: 1 },
      action: { type: 'entry-fail', code: 'InternalFailure', indices: [2] },
    },
  ]);
  const made = pipe();
  await made.run([records(4)]);
  expect(made.counts).toMatchObject({ enrichments: 2, retries: 1, accepted: 7 });
  expect(ids()).toEqual(['id-0', 'id-1', 'id-3', 'id-0', 'id-1', 'id-2', 'id-3']);
});

test('or only the records whose entries failed, where the payloads tell which', async () => {
  const failOnce = () =>
    bus.setFaults([
      {
        when: { first: 1 },
        action: { type: 'entry-fail', code: 'InternalFailure', indices: [2] },
      },
    ]);
  failOnce();
  const made = pipe({ retries: 'remainder' });
  await made.run([records(4)]);
  expect(ids()).toEqual(['id-0', 'id-1', 'id-3', 'id-2']);
  expect(made.counts).toMatchObject({ enrichments: 2, retries: 1, accepted: 4 });
  bus.reset();
  failOnce();
  const untold = pipe({
    retries: 'remainder',
    enrichment: (batch) => enrich(batch).map(({ eventID, ...rest }) => ({ ...rest, id: eventID })),
    target: { endpoint: bus.url, source: '$.source', detailType: '$.type' },
  });
  await untold.run([records(4)]);
  expect(untold.counts).toMatchObject({ enrichments: 2, accepted: 7 });
});

test('a record that is too old is given up', async () => {
  const clock = manualClock();
  const letters: PipeDeadLetter[] = [];
  const running = pipe({
    clock,
    retryDelayMs: 30_000,
    maximumRecordAgeSeconds: 60,
    enrichment: () => Promise.reject(new Error('down')),
    onDeadLetter: (letter) => letters.push(letter),
  }).run([records(1)]);
  for (let n = 0; n < 5; n += 1) await clock.advance(30_000);
  await running;
  expect(letters).toMatchObject([{ condition: 'RecordAgeExceeded', error: 'down' }]);
});

test('a batch waits its window for more', async () => {
  const clock = manualClock();
  const sizes: number[] = [];
  let give: (() => void) | undefined;
  async function* pages() {
    yield records(2);
    yield records(2);
    await new Promise<void>((resolve) => {
      give = resolve;
    });
    yield records(2);
  }
  const running = pipe({
    clock,
    batchWindowMs: 1_000,
    enrichment(batch) {
      sizes.push(batch.length);
      return [];
    },
  }).run(pages());
  await clock.advance(999);
  expect(sizes).toEqual([]);
  await clock.advance(1);
  expect(sizes).toEqual([4]);
  give?.();
  await clock.advance(1_000);
  await running;
  expect(sizes).toEqual([4, 2]);
});

test('a template makes the detail, and paths still see the payload', async () => {
  const target = {
    endpoint: bus.url,
    source: '$.source',
    detailType: '$.type',
    inputTemplate: '{"id":<$.eventID>,"text":"it is <$.eventID>","none":"<$.none>"}',
  };
  await pipe({ target }).run([[record(1)]]);
  expect(bus.events[0]?.detail).toBe('{"id":"id-1","text":"it is id-1","none":""}');
  expect(bus.events[0]?.source).toBe('com.acme.orders');
});

test('endless retries end with the signal', async () => {
  const stop = new AbortController();
  const made = pipe({
    retryDelayMs: 60_000,
    enrichment() {
      stop.abort();
      throw new Error('down');
    },
  });
  await made.run([records(1)], stop.signal);
  expect(made.counts).toMatchObject({ enrichments: 1, deadLettered: 0 });
});

test.each([
  [{ batchSize: 0 }, 'batchSize must be a whole number from 1 to 10000, got 0'],
  [{ maximumRetryAttempts: -2 }, 'maximumRetryAttempts must be a whole number from -1'],
  [
    { target: { endpoint: '', source: '$.a b', detailType: 'X' } },
    '$.a b is not a path: the service takes names',
  ],
  [
    { target: { endpoint: '', source: 'a', detailType: 'X', time: '2026' } },
    'target.time must be a path such as $.occurredAt, got 2026',
  ],
])('a wrong option is one sentence: %o', (options, message) => {
  expect(() => pipe(options)).toThrow(message);
});
