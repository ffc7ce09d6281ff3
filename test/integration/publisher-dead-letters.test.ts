import { appendFile, chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

/** A local queue answers with what it has; the service may need to be waited for. */
function sqsStore(queueUrl: string): DeadLetterStore {
  return sqsDeadLetters({ queueUrl, client: sqs, waitTimeSeconds: 0 });
}

const stores: readonly [string, () => Promise<DeadLetterStore>][] = [
  [
    'a file',
    async () => {
      queues += 1;
      return fileDeadLetters(join(folder, `letters-${queues}.jsonl`));
    },
  ],
  ['SQS', async () => sqsStore(await newQueue())],
  ['SQS FIFO', async () => sqsStore(await newQueue('.fifo'))],
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

describe.each(stores)('dead letters in %s', (_, open) => {
  async function taken(store: DeadLetterStore): Promise<readonly DeadLetter[]> {
    const found: DeadLetter[] = [];
    await store.takeUp(async (letters) => {
      found.push(...letters.map(({ letter }) => letter));
      return letters.map(() => false);
    });
    return found;
  }

  it('hold any change', async () => {
    const store = await open();
    const row: Record<string, unknown> = {
      tags: new Set(['a', 'b']),
      prices: new Map([['eur', 12.5]]),
      bytes: new Uint8Array([0, 255]),
      total: 2n ** 64n,
      at: new Date('2026-06-07T02:00:00.123Z'),
      missing: undefined,
      nothing: Number.NaN,
      text: 'a\u0000b\uFFFF\uD800',
    };
    row.self = row;
    await store.park([{ change: row, code: 'CaptureFailed', reason: 'no', source: 'orders' }]);
    const [letter] = await taken(store);
    expect(letter?.change).toStrictEqual(row);
  });

  it('hold what is no event, which a redrive leaves there', async () => {
    const store = await open();
    const cycle: object = Object.assign({ ...sealedOrder('e1') }, { detail: undefined });
    const malformed: readonly unknown[] = [
      { source: 'com.acme.orders', detail: { orderId: '7' } },
      Object.assign(cycle, { self: cycle }),
      'order 7',
      null,
      { ...sealedOrder('e1'), time: new Date(Number.NaN) },
      { ...sealedOrder('e1'), resources: new Set(['arn']) },
    ];
    await store.park(malformed.map((event) => ({ ...letterOf('x'), event: event as never })));
    expect(await redrive(store, publisherWith())).toEqual({ delivered: 0, kept: 6 });
    const events = (await taken(store)).map(({ event }) => event);
    expect(events).toHaveLength(6);
    for (const event of malformed) expect(events).toContainEqual(event);
  });

  it('are taken up once by two redrives at the same time', async () => {
    const store = await open();
    const ids = Array.from({ length: 40 }, (__, index) => `e${index}`);
    await store.park(ids.map((id) => letterOf(id)));
    const publisher = publisherWith();
    const results = await Promise.allSettled([
      redrive(store, publisher),
      redrive(store, publisher),
    ]);
    for (const result of results) {
      // A file is redriven by one at a time.
      if (result.status === 'rejected') expect(String(result.reason)).toMatch(/Another redrive/);
    }
    const delivered = bus.events.map(({ eventId }) => eventId);
    expect(delivered.toSorted()).toEqual(ids.toSorted());
  });

  it('keep two letters of one event apart, also where one failed again at once', async () => {
    const store = await open();
    // Both majors of a migration have the eventId of one event.
    const { event } = letterOf('e1');
    const newer = { ...event, detail: String(event?.detail).replace('"1.0"', '"2.0"') } as never;
    await store.park([letterOf('e1'), { ...letterOf('e1'), event: newer }]);
    bus.setFaults([{ ...refuse('MalformedDetail'), when: { first: 1 } }]);
    // It is parked anew by the publisher, and only then leaves its old place.
    const first = await redrive(store, publisherWith(store), {
      accept: ({ letter }) => String(letter.event?.detail).includes('"2.0"'),
    });
    expect(first).toEqual({ delivered: 0, kept: 2 });
    const versions = (await taken(store)).map(({ event: each, code }) => {
      const { metadata } = JSON.parse(String(each?.detail));
      return `${metadata.version} ${code}`;
    });
    expect(versions.toSorted()).toEqual(['1.0 InternalFailure', '2.0 MalformedDetail']);
  });
});

describe('dead letters in SQS', () => {
  it.each([
    [{ queueUrl: 'letters' }, 'queueUrl must be the URL of an SQS queue'],
    [{ queueURL: 'x' }, 'sqsDeadLetters has no option "queueURL"; did you mean queueUrl?'],
    [{ queueUrl: 'http://x/q', maxMessageBytes: 3e9 }, 'maxMessageBytes must be a whole number'],
    [
      { queueUrl: 'http://x/q', visibilityTimeoutSeconds: 0 },
      'visibilityTimeoutSeconds must be a whole number from 1 to 43200, got 0',
    ],
    [null, 'sqsDeadLetters must be an object, got null'],
  ])('refuse %o', (options, sentence) => {
    expect(() => sqsDeadLetters(options as never)).toThrow(sentence);
  });

  it('stay hidden for as long as a redrive takes', async () => {
    const queueUrl = await newQueue();
    const store = sqsDeadLetters({ queueUrl, client: sqs, visibilityTimeoutSeconds: 1 });
    await store.park([letterOf('e1')]);
    const seen: (readonly string[])[] = [];
    await store.takeUp(async (letters) => {
      // Each of these waits a second for letters, longer than one stays hidden by itself.
      seen.push(await lettersIn(store), await lettersIn(store));
      return letters.map(() => true);
    });
    expect(seen).toEqual([[], []]);
    expect(await lettersIn(sqsStore(queueUrl))).toEqual([]);
  });

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

  it.each(['', undefined, 5])('need a path, which %o is not', (given) => {
    expect(() => fileDeadLetters(given as never)).toThrow('fileDeadLetters needs the path');
  });

  it('are for their owner only, in a new file and after a redrive', async () => {
    const store = fileDeadLetters(path('private'));
    await store.park([letterOf('e1')]);
    const modes = [(await stat(path('private'))).mode & 0o777];
    await lettersIn(store);
    modes.push((await stat(path('private'))).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600]);
  });

  it('warn once of a file that others may read', async () => {
    await writeFile(path('open'), '');
    await chmod(path('open'), 0o644);
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    const store = fileDeadLetters(path('open'));
    await store.park([letterOf('e1')]);
    await store.park([letterOf('e2')]);
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(warnings).toEqual([
      `Others may read the dead letters in ${path('open')} (mode 644); run chmod 600 ${path('open')}`,
    ]);
  });

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

  it.runIf(process.platform === 'linux').each([
    ['whose process is gone', '4194305'],
    ['whose process number another one has now', `${process.pid} 1`],
  ])('are redriven once by many that find a lock %s', async (_, owner) => {
    const file = path(`stale-${owner.length}`);
    await fileDeadLetters(file).park([letterOf('e1'), letterOf('e2')]);
    await writeFile(`${file}.lock`, owner);
    const publisher = publisherWith();
    const redrives = Array.from({ length: 8 }, () => redrive(fileDeadLetters(file), publisher));
    const results = await Promise.allSettled(redrives);
    const delivered = results.map((each) =>
      each.status === 'fulfilled' ? each.value.delivered : 0,
    );
    expect(delivered.reduce((sum, each) => sum + each, 0)).toBe(2);
    expect(bus.events.map(({ eventId }) => eventId).toSorted()).toEqual(['e1', 'e2']);
    expect(await readFile(`${file}.lock`, 'utf8').catch(() => 'released')).toBe('released');
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
