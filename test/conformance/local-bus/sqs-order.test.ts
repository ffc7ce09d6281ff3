import { manualClock } from '@tidings/local';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import {
  contentBased,
  fifo,
  perGroup,
  type SqsFixture,
  sqsFixture,
} from '../../support/sqs-fixture.ts';

// FIFO queues, as SQS was seen to hand out and to drop.

const clock = manualClock();
let at: SqsFixture;
beforeEach(async () => {
  at = await sqsFixture({ clock });
});
afterEach(() => at.end());

/** Sends `g1-m1` and the like, each in the group that its name begins with. */
const sendAll = async (url: string, ...bodies: readonly string[]) => {
  for (const body of bodies) await at.send(url, body, { MessageGroupId: body.split('-')[0] ?? '' });
};

describe('groups', () => {
  test('a receiver gets all of the first group before the next, which then goes to the end', async () => {
    const q = await at.queue('q.fifo', contentBased);
    await sendAll(q, 'g1-m1', 'g2-m1', 'g2-m2', 'g3-m1', 'g1-m2');
    const now = { VisibilityTimeout: 0 };
    expect(await at.bodies(q, { ...now, MaxNumberOfMessages: 3 })).toEqual([
      'g1-m1',
      'g1-m2',
      'g2-m1',
    ]);
    expect(await at.bodies(q, now)).toEqual(['g3-m1', 'g1-m1', 'g1-m2', 'g2-m1', 'g2-m2']);
  });

  test('what follows a message that is out waits for it', async () => {
    const q = await at.queue('q.fifo', { ...contentBased, VisibilityTimeout: '1' });
    await sendAll(q, 'g1-m1', 'g1-m2', 'g1-m3', 'g1-m4', 'g2-m1', 'g3-m1');
    expect(await at.bodies(q, { MaxNumberOfMessages: 2 })).toEqual(['g1-m1', 'g1-m2']);
    expect(await at.bodies(q, { MaxNumberOfMessages: 1 })).toEqual(['g2-m1']);
    expect(await at.attributes(q)).toMatchObject({
      ApproximateNumberOfMessages: '3',
      ApproximateNumberOfMessagesNotVisible: '3',
      ApproximateNumberOfMessagesDelayed: '0',
    });
    await clock.advance(2_000);
    expect(await at.bodies(q)).toEqual(['g3-m1', 'g1-m1', 'g1-m2', 'g1-m3', 'g1-m4', 'g2-m1']);
  });

  test.each([
    [0, []],
    [1, ['g-0']],
    [2, ['g-0', 'g-1']],
  ] as const)(
    'while message %i stays hidden longer, those before it come again',
    async (held, seen) => {
      const q = await at.queue('q.fifo', { ...contentBased, VisibilityTimeout: '1' });
      await sendAll(q, 'g-0', 'g-1', 'g-2');
      const messages = await at.receive(q);
      expect(messages).toHaveLength(3);
      await at.hide(q, messages[held], 4);
      await clock.advance(2_500);
      expect(await at.bodies(q)).toEqual(seen);
    },
  );

  test('one whose time was ended comes again, without those that are still out', async () => {
    const q = await at.queue('q.fifo', contentBased);
    await sendAll(q, 'g1-m1', 'g1-m2', 'g2-m1');
    const [first] = await at.receive(q, { MaxNumberOfMessages: 2 });
    await at.hide(q, first, 0);
    expect(await at.bodies(q)).toEqual(['g2-m1', 'g1-m1']);
  });

  test('a group with one of two deleted waits for the other', async () => {
    const q = await at.queue('q.fifo', contentBased);
    await sendAll(q, 'g1-m1', 'g2-m1', 'g1-m2', 'g2-m2', 'g1-m3', 'g3-m1');
    const [first, second] = await at.receive(q, { MaxNumberOfMessages: 2 });
    await at.delete(q, first);
    expect(await at.bodies(q)).toEqual(['g2-m1', 'g2-m2', 'g3-m1']);
    await at.delete(q, second);
    expect(await at.bodies(q)).toEqual(['g1-m3']);
  });

  test('receivers that wait get one message each, and the next when its group is free', async () => {
    const q = await at.queue('q.fifo', contentBased);
    const got: (string | undefined)[] = [];
    const handles: (string | undefined)[] = [];
    const workers = Array.from({ length: 3 }, async () => {
      const [message] = await at.receive(q, { MaxNumberOfMessages: 1, WaitTimeSeconds: 20 });
      got.push(message?.Body);
      handles.push(message?.ReceiptHandle);
    });
    await eventually(
      () => at.on.bus.requests.filter(({ op }) => op === 'ReceiveMessage').length,
    ).toBe(3);
    await sendAll(q, 'g-1');
    await eventually(() => got).toEqual(['g-1']);
    await sendAll(q, 'g-2');
    expect(got).toEqual(['g-1']);
    await at.sqs.deleteMessage({ QueueUrl: q, ReceiptHandle: handles[0] });
    await eventually(() => got).toEqual(['g-1', 'g-2']);
    await clock.advance(20_000);
    await Promise.all(workers);
    expect(got).toEqual(['g-1', 'g-2', undefined]);
  });

  test('a delay of 0 means that of the queue', async () => {
    const q = await at.queue('q.fifo', { ...contentBased, DelaySeconds: '2' });
    await at.send(q, 'message-1', { MessageGroupId: '1', DelaySeconds: 0 });
    expect(await at.bodies(q)).toEqual([]);
    await clock.advance(2_000);
    expect(await at.bodies(q)).toEqual(['message-1']);
  });
});

describe('deduplication', () => {
  const scopes = [
    ['in the whole queue', {}, false],
    ['in its group', perGroup, true],
    ['in its group, at the normal rate', { DeduplicationScope: 'messageGroup' }, true],
  ] as const;
  test.each(scopes)('an id counts %s', async (_, scope, isTaken) => {
    const q = await at.queue('q.fifo', { ...fifo, ...scope });
    const send = (body: string, MessageGroupId: string) =>
      at.send(q, body, { MessageGroupId, MessageDeduplicationId: 'same' });
    const first = await send('Test1', 'group1');
    await at.delete(q, ...(await at.receive(q)));
    await send('Test2', 'group2');
    expect(await at.bodies(q)).toEqual(isTaken ? ['Test2'] : []);
    const again = await send('Test3', 'group1');
    expect(again).toMatchObject({
      MessageId: first.MessageId,
      SequenceNumber: first.SequenceNumber,
    });
    await clock.advance(300_000);
    await send('Test4', 'group1');
    expect(await at.bodies(q)).toContain('Test4');
  });

  test('by content where the queue says so', async () => {
    const q = await at.queue('q.fifo', contentBased);
    await at.send(q, 'same', { MessageGroupId: 'group-1' });
    await at.send(q, 'same', { MessageGroupId: 'group-2' });
    expect(await at.bodies(q)).toEqual(['same']);
  });

  test.each([
    ['group', { ...perGroup }, { DeduplicationScope: 'queue', FifoThroughputLimit: 'perQueue' }],
    ['queue', {}, perGroup],
  ] as const)(
    'a scope of the %s holds for a minute after it was changed',
    async (was, before, after) => {
      const q = await at.queue('q.fifo', { ...fifo, ...before });
      const send = (MessageGroupId: string) =>
        at.send(q, MessageGroupId, { MessageGroupId, MessageDeduplicationId: 'same' });
      await send('g1');
      await at.sqs.setQueueAttributes({ QueueUrl: q, Attributes: after });
      await send('g2');
      const isTaken = was === 'group';
      expect(await at.bodies(q)).toEqual(isTaken ? ['g1', 'g2'] : ['g1']);
      await clock.advance(60_000);
      await send('g3');
      expect(await at.bodies(q)).toEqual(isTaken ? ['g1', 'g2'] : ['g1', 'g3']);
    },
  );

  test('the high rate needs the scope of the group', async () => {
    await expect(
      at.queue('q.fifo', { ...fifo, FifoThroughputLimit: 'perMessageGroupId' }),
    ).rejects.toThrow(
      'Invalid value for the parameter FifoThroughputLimit. Reason: The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.',
    );
  });
});
