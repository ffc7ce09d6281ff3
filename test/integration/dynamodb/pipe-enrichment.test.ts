import { type DeadLetter, defineEvent } from '@tidings/contract';
import {
  captureItems,
  type PipeEnrichmentOptions,
  pipeEnrichment,
  pipeTargetParameters,
  rowEntity,
  type StreamRecord,
} from '@tidings/dynamodb';
import {
  createPipe,
  type Fault,
  type LocalBus,
  type PipeOptions,
  type PipeRecord,
  startLocalBus,
} from '@tidings/local';
import { eventBridgePublisher } from '@tidings/publisher';
import { silentLogger } from '@tidings/relay';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readTable } from '../../support/dynamodb-event-source.ts';
import { expectAllFacts } from '../../support/dynamodb-expect.ts';
import {
  type DynamoLocal,
  describeWithDynamo,
  startDynamoLocal,
} from '../../support/dynamodb-local.ts';
import { shopIn } from '../../support/dynamodb-shop.ts';

let bus: LocalBus;
beforeEach(async () => {
  bus = await startLocalBus({ buses: ['shop'] });
});
afterEach(() => bus.stop());

/** A Pipe as `pipeTargetParameters` sets it up. */
function pipeWith(enrich: ReturnType<typeof pipeEnrichment>, options: Partial<PipeOptions> = {}) {
  const { Source, DetailType, Time } = pipeTargetParameters.EventBridgeEventBusParameters;
  return createPipe({
    batchSize: 10,
    retryDelayMs: 0,
    onPartialBatchItemFailure: 'AUTOMATIC_BISECT',
    // What a Pipe passes went through JSON.
    enrichment: (records) => enrich(JSON.parse(JSON.stringify(records)) as StreamRecord[]),
    target: {
      endpoint: bus.url,
      eventBusName: 'shop',
      source: Source,
      detailType: DetailType,
      time: Time,
      inputTemplate: pipeTargetParameters.InputTemplate,
    },
    ...options,
  });
}

const overflow = () =>
  eventBridgePublisher({
    eventBusName: 'shop',
    endpoint: bus.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });

describeWithDynamo('a table, its stream and a Pipe', () => {
  let dynamo: DynamoLocal;
  beforeAll(async () => {
    dynamo = await startDynamoLocal();
  });
  afterAll(() => dynamo.stop());

  const faults: Readonly<Record<string, readonly Fault[]>> = {
    none: [],
    'entries fail': [
      {
        when: { probability: 0.3, seed: 3 },
        action: { type: 'entry-fail', code: 'InternalFailure', fraction: 0.4 },
      },
    ],
    'requests fail': [{ when: { every: 3 }, action: { type: 'request-fail', preset: '500' } }],
    'connections break after acceptance': [
      { when: { every: 4 }, action: { type: 'commit-then', symptom: 'reset' } },
    ],
  };
  test.each(
    Object.keys(faults).flatMap((name) => [[name, 'batch'] as const, [name, 'remainder'] as const]),
  )('%s, again the %s: nothing is lost', async (name, retries) => {
    const table = await dynamo.createTable();
    const shop = shopIn(dynamo.client, table);
    await shop.trade(15);
    await shop.writePoison();
    await shop.trade(5);
    bus.setFaults(faults[name] ?? []);
    const letters: DeadLetter[] = [];
    const deadLetters = { park: async (more: readonly DeadLetter[]) => void letters.push(...more) };
    const enrich = pipeEnrichment({ capture: shop.capture, deadLetters, logger: silentLogger });
    const pipe = pipeWith(enrich, { retries });
    const records = await readTable(dynamo, table);
    await pipe.run([records as unknown as PipeRecord[]]);
    const duplicates = expectAllFacts(shop.facts, bus.events);
    if (name === 'none') expect(duplicates).toBe(0);
    else expect(pipe.counts.retries).toBeGreaterThan(0);
    expect(pipe.counts.deadLettered).toBe(0);
    // A batch that is tried again parks its poison again: parking is at least once, too.
    expect(new Set(letters.map(({ change }) => (change as StreamRecord).eventID)).size).toBe(1);
  });
});

const NoteTaken = defineEvent({
  source: 'com.acme.notes',
  detailType: 'NoteTaken',
  version: '1.0',
  data: z.object({ n: z.int(), pad: z.string() }),
});
const capture = captureItems({
  entity: rowEntity({ name: 'notes', schema: z.object({ count: z.int(), size: z.int() }) }),
  insert: ({ count, size }, { id }) =>
    Array.from({ length: count }, (_, n) =>
      NoteTaken.create({ n, pad: 'x'.repeat(size) }, { idempotencyKey: `${id}-${n}` }),
    ),
});
/** A record that yields `count` events of about `size` bytes. */
const record = (id: string, count: number, size = 10): StreamRecord => ({
  eventID: id,
  eventName: 'INSERT',
  awsRegion: 'eu-west-1',
  eventSourceARN:
    'arn:aws:dynamodb:eu-west-1:123456789012:table/notes/stream/2026-01-01T00:00:00.000',
  dynamodb: {
    ApproximateCreationDateTime: 1_780_797_600,
    Keys: { pk: { S: id } },
    NewImage: { count: { N: String(count) }, size: { N: String(size) } },
    SequenceNumber: '100000000005391461882',
  },
});
const enrichment = (options: Partial<PipeEnrichmentOptions> = {}) =>
  pipeEnrichment({ capture, logger: silentLogger, ...options });
const letterBox = () => {
  const letters: DeadLetter[] = [];
  const park = async (more: readonly DeadLetter[]) => void letters.push(...more);
  return { letters, deadLetters: { park } };
};

describe('the answer of an enrichment', () => {
  test('arrives as an envelope, with what routing reads', async () => {
    const enrich = enrichment({ producer: { service: 'notes' } });
    await pipeWith(enrich).run([[record('a', 1)] as unknown as PipeRecord[]]);
    const [item] = await enrich([record('a', 1)]);
    expect(bus.events[0]?.envelope).toMatchObject({
      source: 'com.acme.notes',
      'detail-type': 'NoteTaken',
      time: '2026-06-07T02:00:00Z',
      detail: {
        metadata: { ...item?.metadata, producer: { service: 'notes' } },
        data: { n: 0, pad: 'x'.repeat(10) },
      },
    });
    const detail = JSON.parse(bus.events[0]?.detail ?? '');
    expect(Object.keys(detail)).toEqual(['metadata', 'data']);
  });

  test('is the same at every call, and [] where nothing is to be sent', async () => {
    const enrich = enrichment();
    const batch = [record('a', 2), record('b', 0), record('c', 3)];
    const answer = await enrich(batch);
    expect(answer.map(({ eventID }) => eventID)).toEqual(['a', 'a', 'c', 'c', 'c']);
    expect(await enrich(batch)).toEqual(answer);
    expect(await enrich([record('b', 0)])).toEqual([]);
    expect(await enrich([])).toEqual([]);
  });

  test('never exceeds ten events: the Pipe halves the batch', async () => {
    const enrich = enrichment();
    const batch = Array.from({ length: 8 }, (_, n) => record(`r${n}`, 4));
    await expect(enrich(batch)).rejects.toThrow('set AUTOMATIC_BISECT');
    const pipe = pipeWith(enrich);
    await pipe.run([batch as unknown as PipeRecord[]]);
    expect(pipe.counts).toMatchObject({ accepted: 32, deadLettered: 0 });
  });

  test('never exceeds the payload limit', async () => {
    const enrich = enrichment();
    const batch = Array.from({ length: 6 }, (_, n) => record(`r${n}`, 1, 300_000));
    await expect(enrich(batch)).rejects.toThrow('1000000 bytes');
    const answer = await enrich(batch.slice(0, 3));
    expect(JSON.stringify(answer).length).toBeLessThanOrEqual(1_000_000);
    const pipe = pipeWith(enrich);
    await pipe.run([batch as unknown as PipeRecord[]]);
    expect(pipe.counts).toMatchObject({ accepted: 6, deadLettered: 0 });
  });

  test('with overflow, what the Pipe cannot carry is published beside it', async () => {
    const publisher = overflow();
    const pipe = pipeWith(enrichment({ overflow: publisher }));
    const batch = [record('a', 9), record('b', 25), record('c', 1), record('d', 4, 300_000)];
    await pipe.run([batch as unknown as PipeRecord[]]);
    await publisher.close();
    expect(pipe.counts).toMatchObject({ accepted: 10, retries: 0 });
    expect(bus.events).toHaveLength(39);
    expect(new Set(bus.events.map(({ eventId }) => eventId)).size).toBe(39);
  });

  test('fails where overflow cannot be delivered, so that nothing is lost', async () => {
    const publisher = overflow();
    await publisher.close();
    const enrich = enrichment({ overflow: publisher });
    await expect(enrich([record('a', 11)])).rejects.toThrow('closed');
  });
});

describe('poison', () => {
  const poison = { ...record('p', 1), eventName: 'UPSERT' };
  test.each([
    [poison, 'CaptureFailed', 'eventName of a stream record'],
    [record('p', 11), 'TooManyEvents', 'a record yields 11 events, and a Pipe takes 10'],
    [record('p', 1, 1_200_000), 'EventTooLarge', 'a Pipe takes 1000000'],
  ])('is parked, and the rest of the batch goes on', async (bad, code, reason) => {
    const { letters, deadLetters } = letterBox();
    const answer = await enrichment({ deadLetters })([record('a', 1), bad, record('b', 1)]);
    expect(answer.map(({ eventID }) => eventID)).toEqual(['a', 'b']);
    expect(letters).toMatchObject([{ change: bad, code, source: 'dynamodb stream' }]);
    expect(letters[0]?.reason).toContain(reason);
  });

  test('fails the batch where nobody keeps it, or on request', async () => {
    const { letters, deadLetters } = letterBox();
    const reason = 'A record is poison, so that its batch fails: eventName';
    await expect(enrichment()([poison])).rejects.toThrow(reason);
    const throwing = enrichment({ deadLetters, onPoison: 'throw' });
    await expect(throwing([poison])).rejects.toThrow(reason);
    expect(letters).toEqual([]);
  });

  test('that cannot be parked fails the batch', async () => {
    const deadLetters = { park: () => Promise.reject(new Error('no queue')) };
    await expect(enrichment({ deadLetters })([poison])).rejects.toThrow('no queue');
  });
});

test.each([
  [{ capture: undefined }, 'capture must be'],
  [{ onPoison: 'park' }, "onPoison: 'park' needs deadLetters"],
  [{ onPoison: 'drop' }, "onPoison must be 'park' or 'throw', got 'drop'"],
  [{ producer: { service: '' } }, 'metadata.producer.service must be a string that is not empty'],
  [{ maxItems: 11 }, 'maxItems must be a whole number from 1 to 10, got 11'],
  [{ maxBytes: 0 }, 'maxBytes must be a whole number from 1 to 6000000, got 0'],
])('%j is refused', (options, message) => {
  expect(() => enrichment(options as never)).toThrow(message);
});

test('an event of something else is refused with a sentence', async () => {
  await expect(enrichment()({ Records: [] } as never)).rejects.toThrow('put streamHandler');
});
