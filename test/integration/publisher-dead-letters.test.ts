import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLetter } from '@tidings/contract';
import { type Fault, startLocalBus } from '@tidings/local';
import {
  type DeadLetterStore,
  eventBridgePublisher,
  fileDeadLetters,
  type PublisherEvent,
  redrive,
} from '@tidings/publisher';
import { sqsDeadLetters } from '@tidings/publisher/sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sealedOrder } from '../support/sealed-order.ts';

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const region = 'eu-west-1';
let bus: Awaited<ReturnType<typeof startLocalBus>>;
let sqs: SQSClient;
let folder: string;
let queues = 0;

beforeAll(async () => {
  bus = await startLocalBus({ buses: ['orders'], region });
  sqs = new SQSClient({ region, endpoint: bus.url, credentials });
  folder = await mkdtemp(join(tmpdir(), 'tidings-dead-letters-'));
});
afterAll(async () => {
  sqs.destroy();
  await bus.stop();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  bus.reset();
});

async function newQueue(suffix = ''): Promise<string> {
  const { CreateQueueCommand } = await import('@aws-sdk/client-sqs');
  queues += 1;
  const created = await sqs.send(
    new CreateQueueCommand({
      QueueName: `letters-${queues}${suffix}`,
      ...(suffix !== '' && { Attributes: { FifoQueue: 'true' } }),
    }),
  );
  return String(created.QueueUrl);
}

const stores: readonly [string, () => Promise<DeadLetterStore>][] = [
  [
    'a file',
    async () => {
      queues += 1;
      return fileDeadLetters(join(folder, `letters-${queues}.jsonl`));
    },
  ],
  ['SQS', async () => sqsDeadLetters({ queueUrl: await newQueue(), client: sqs })],
  ['SQS FIFO', async () => sqsDeadLetters({ queueUrl: await newQueue('.fifo'), client: sqs })],
];

function publisherWith(deadLetters?: DeadLetterStore, events: PublisherEvent[] = []) {
  return eventBridgePublisher({
    eventBusName: 'orders',
    region,
    endpoint: bus.url,
    credentials,
    backoff: { baseMs: 1, capMs: 2 },
    throttledBackoff: { baseMs: 1, capMs: 2 },
    maxAttempts: 2,
    observers: [(event) => events.push(event)],
    ...(deadLetters !== undefined && { deadLetters }),
  });
}

function letterOf(eventId: string, detailBytes = 0): DeadLetter {
  const event = sealedOrder(eventId, detailBytes);
  return { event, code: 'InternalFailure', reason: 'scripted', source: 'publisher' };
}

async function lettersIn(store: DeadLetterStore): Promise<string[]> {
  const codes: string[] = [];
  await store.takeUp(async (letters) => {
    for (const { letter } of letters) {
      const { event } = letter;
      codes.push(
        `${event !== undefined && 'eventId' in event ? event.eventId : '-'} ${letter.code}`,
      );
    }
    return letters.map(() => false);
  });
  return codes.toSorted();
}

const refuse = (code: string): Fault => ({ action: { type: 'entry-fail', code } });

describe.each(stores)('dead letters in %s', (_, open) => {
  it('hold what was rejected and what was not delivered, before the caller is told', async () => {
    const store = await open();
    const publisher = publisherWith(store);
    bus.setFaults([refuse('MalformedDetail')]);
    const [rejected] = await publisher.publishSettled(sealedOrder('e1'));
    bus.setFaults([refuse('ThrottlingException')]);
    const [undelivered] = await publisher.publishSettled(sealedOrder('e2'));
    expect(rejected).toMatchObject({ status: 'rejected', parked: true });
    expect(undelivered).toMatchObject({ status: 'undelivered', parked: true });
    expect(await lettersIn(store)).toEqual(['e1 MalformedDetail', 'e2 ThrottlingException']);
  });

  it('are delivered again as they were, and leave', async () => {
    const store = await open();
    const ids = Array.from({ length: 23 }, (__, index) => `e${index}`);
    await store.park(ids.map((id) => letterOf(id)));
    expect(await redrive(store, publisherWith())).toEqual({ delivered: 23, kept: 0 });
    const delivered = bus.events.map(({ detail }) => JSON.parse(detail).metadata.eventId);
    expect(delivered.toSorted()).toEqual(ids.toSorted());
    expect(await lettersIn(store)).toEqual([]);
  });

  it('stay where they are not accepted', async () => {
    const store = await open();
    await store.park([
      letterOf('good'),
      letterOf('bad'),
      { ...letterOf('x'), event: sealedOrder('skipped') },
    ]);
    bus.setFaults([
      {
        match: { detailPattern: { detail: { metadata: { eventId: ['bad'] } } } },
        action: { type: 'entry-fail', code: 'MalformedDetail' },
      },
    ]);
    const accept = ({ letter }: { letter: DeadLetter }) =>
      letter.event === undefined ||
      !('eventId' in letter.event) ||
      letter.event.eventId !== 'skipped';
    expect(await redrive(store, publisherWith(), { accept })).toEqual({ delivered: 1, kept: 2 });
    expect(await lettersIn(store)).toEqual(['bad InternalFailure', 'skipped InternalFailure']);
  });
});

describe('dead letters in SQS', () => {
  it('are compressed where they are too large, and told to the caller where that does not help', async () => {
    const queueUrl = await newQueue();
    const store = sqsDeadLetters({ queueUrl, client: sqs, maxMessageBytes: 4_000 });
    await store.park([letterOf('large', 50_000)]);
    expect(await lettersIn(store)).toEqual(['large InternalFailure']);

    const events: PublisherEvent[] = [];
    const publisher = publisherWith(store, events);
    bus.setFaults([refuse('MalformedDetail')]);
    const incompressible = sealedOrder('huge');
    const noise = Array.from({ length: 20_000 }, (__, index) => Math.sin(index)).join('');
    const detail = incompressible.detail.replace('"pad":""', `"pad":"${noise}"`);
    const outcomes = await publisher.publishSettled([
      { ...incompressible, detail },
      sealedOrder('small'),
    ]);
    expect(outcomes.map((outcome) => 'parked' in outcome)).toEqual([false, true]);
    expect(events).toContainEqual({
      type: 'parking-failed',
      eventIds: ['huge'],
      reason: expect.stringContaining('compressed'),
    });
  });
});

describe('dead letters in a file', () => {
  const path = (name: string) => join(folder, `${name}.jsonl`);

  it('survive a crash in the middle of a redrive', async () => {
    const store = fileDeadLetters(path('crash'));
    await store.park([letterOf('e1'), letterOf('e2')]);
    await expect(
      store.takeUp(async () => {
        throw new Error('crash');
      }),
    ).rejects.toThrow('crash');
    await store.park([letterOf('e3')]);
    expect(await lettersIn(fileDeadLetters(path('crash')))).toEqual([
      'e1 InternalFailure',
      'e2 InternalFailure',
    ]);
    expect(await lettersIn(store)).toEqual([
      'e1 InternalFailure',
      'e2 InternalFailure',
      'e3 InternalFailure',
    ]);
  });

  it('keep a line that a crash has cut off, and the letters after it', async () => {
    const store = fileDeadLetters(path('torn'));
    await store.park([letterOf('e1')]);
    await appendFile(path('torn'), '{"parkedAt":"2026-');
    await store.park([letterOf('e2')]);
    expect(await redrive(store, publisherWith())).toEqual({ delivered: 2, kept: 0 });
    expect(await readFile(path('torn'), 'utf8')).toBe('{"parkedAt":"2026-\n');
  });

  it('are redriven by one process at a time; the lock of one that is gone is taken over', async () => {
    const store = fileDeadLetters(path('lock'));
    await store.park([letterOf('e1')]);
    await writeFile(`${path('lock')}.lock`, String(process.pid));
    await expect(lettersIn(store)).rejects.toThrow(/Another redrive/);
    // No process has this id: it is beyond the largest that Linux gives.
    await writeFile(`${path('lock')}.lock`, '4194305');
    expect(await lettersIn(store)).toEqual(['e1 InternalFailure']);
  });

  it('lose nothing when several park while one redrives', async () => {
    const file = path('busy');
    const stores = Array.from({ length: 4 }, () => fileDeadLetters(file));
    const seen = new Set<string>();
    const take = async () => {
      await stores[0]?.takeUp(async (letters) => {
        for (const { letter } of letters) {
          if (letter.event !== undefined && 'eventId' in letter.event)
            seen.add(letter.event.eventId);
        }
        return letters.map(() => true);
      });
    };
    const parks = stores.slice(1).map(async (store, writer) => {
      for (let index = 0; index < 25; index += 1)
        await store.park([letterOf(`${writer}-${index}`)]);
    });
    for (let turn = 0; turn < 10; turn += 1) await take();
    await Promise.all(parks);
    await take();
    expect(seen.size).toBe(75);
  });
});
