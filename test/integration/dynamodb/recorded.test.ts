import { readFileSync } from 'node:fs';
import { type DeadLetter, defineEvent } from '@tidings/contract';
import {
  captureItems,
  pipeEnrichment,
  rowEntity,
  type StreamEvent,
  type StreamRecord,
  streamHandler,
} from '@tidings/dynamodb';
import { type LocalBus, startLocalBus } from '@tidings/local';
import { type EventBridgePublisher, eventBridgePublisher } from '@tidings/publisher';
import { silentLogger } from '@tidings/relay';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';

function recorded<Payload>(file: string): Payload {
  const path = new URL(`../../recorded/dynamodb/${file}`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')) as Payload;
}

const ItemSaid = defineEvent({
  source: 'com.acme.items',
  detailType: 'ItemSaid',
  version: '1.0',
  data: z.object({ what: z.string(), message: z.string() }),
  factName: 'not-a-verb',
});
const said = (what: string, { Message: message }: { Message: string }, idempotencyKey: string) =>
  ItemSaid.create({ what, message }, { idempotencyKey });
const capture = captureItems({
  entity: rowEntity({
    name: 'example',
    schema: z.object({ Id: z.number(), Message: z.string() }),
    match: { table: 'ExampleTableWithStream' },
  }),
  insert: (now, { id }) => said('insert', now, id),
  modify: (now, before, { id, changedPaths }) =>
    said(`modify ${changedPaths} from ${before.Message}`, now, id),
  remove: (before, { id }) => said('remove', before, id),
  expire: (before, { id }) => said('expire', before, id),
});
const expected = [
  { what: 'insert', message: 'New item!' },
  { what: 'modify Message from New item!', message: 'This item has changed' },
  { what: 'remove', message: 'This item has changed' },
];

/** The documented examples lack what every real record has. */
function dated(records: readonly StreamRecord[]): readonly StreamRecord[] {
  return records.map((record) => ({
    ...record,
    dynamodb: { ...record.dynamodb, ApproximateCreationDateTime: 1_693_997_155 },
  }));
}

let bus: LocalBus;
let publisher: EventBridgePublisher;
const letters: DeadLetter[] = [];
beforeEach(async () => {
  letters.length = 0;
  bus = await startLocalBus();
  publisher = eventBridgePublisher({
    eventBusName: 'default',
    endpoint: bus.url,
    region: 'us-west-2',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterEach(async () => {
  await publisher.close();
  await bus.stop();
});
const handler = (event: StreamEvent) =>
  streamHandler({
    capture,
    publisher,
    logger: silentLogger,
    deadLetters: { park: async (more) => void letters.push(...more) },
  })(event);
const dataOnBus = () => bus.events.map(({ detail }) => JSON.parse(detail).data);

test('an event of Lambda', async () => {
  const { Records } = recorded<StreamEvent>('lambda-event.json');
  expect(await handler({ Records: dated(Records) })).toEqual({ batchItemFailures: [] });
  expect(dataOnBus()).toEqual(expected);
});

test('without a time, a record is poison with a sentence', async () => {
  expect(await handler(recorded('lambda-event.json'))).toEqual({ batchItemFailures: [] });
  expect(letters).toHaveLength(3);
  expect(letters[0]?.reason).toContain('must have dynamodb.ApproximateCreationDateTime');
});

test('the records of a Pipe give the same events', async () => {
  const enrich = pipeEnrichment({ capture });
  const items = await enrich(dated(recorded<StreamRecord[]>('pipes-records.json')));
  expect(items.map(({ data }) => data)).toEqual(expected);
  await handler({ Records: dated(recorded<StreamEvent>('lambda-event.json').Records) });
  expect(bus.events.map(({ eventId }) => eventId)).toEqual(
    items.map(({ metadata }) => metadata.eventId),
  );
});

test('what the time to live removed is an expiry', async () => {
  await handler(recorded('ttl-removal.json'));
  expect(dataOnBus()).toEqual([{ what: 'expire', message: 'New item!' }]);
  expect(bus.events[0]?.envelope).toMatchObject({ time: '2023-09-06T10:45:55Z' });
});
