import fc from 'fast-check';
import { expect, test } from 'vitest';
import { manualClock } from '../clock.ts';
import type { Message } from './message.ts';
import { createQueues } from './queues.ts';

type Step =
  | { readonly kind: 'send'; readonly group: string }
  | { readonly kind: 'receive'; readonly max: number; readonly seconds: number }
  | { readonly kind: 'delete'; readonly nth: number }
  | { readonly kind: 'hide'; readonly nth: number; readonly seconds: number }
  | { readonly kind: 'wait'; readonly seconds: number };

const seconds = fc.constantFrom(0, 1, 2, 5);
const nth = fc.nat({ max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), group: fc.constantFrom('a', 'b', 'c') }),
  fc.record({ kind: fc.constant('send' as const), group: fc.constantFrom('a', 'b', 'c') }),
  fc.record({
    kind: fc.constant('receive' as const),
    max: fc.integer({ min: 1, max: 4 }),
    seconds,
  }),
  fc.record({ kind: fc.constant('delete' as const), nth }),
  fc.record({ kind: fc.constant('hide' as const), nth, seconds }),
  fc.record({ kind: fc.constant('wait' as const), seconds }),
);
const steps = fc.array(step, { maxLength: 60 });
const scope = { account: '000000000000', region: 'us-east-1' };

/** Plays steps on a queue, and shows every hand-out to `look` before it counts. */
const play = async (
  name: string,
  given: readonly Step[],
  look: (
    batch: readonly Message[],
    queue: ReturnType<typeof queueOf>['queue'],
    now: number,
  ) => void,
) => {
  const { queue, queues, clock } = queueOf(name);
  const sent: string[] = [];
  const deleted = new Set<string>();
  /** Those that were handed out last, by id. */
  const out = new Map<string, Message>();
  const nthOut = (n: number): Message | undefined => [...out.values()][n];
  for (const each of given) {
    switch (each.kind) {
      case 'send':
        sent.push(queue.send({ body: `${sent.length}`, attributes: {}, groupId: each.group }).id);
        break;
      case 'receive': {
        const hidden = new Set(queue.messages().filter(queue.isHidden));
        const options = { max: each.max, waitMs: 0, visibilityMs: each.seconds * 1_000 };
        const batch = await queue.receive(options);
        expect(batch.length).toBeLessThanOrEqual(each.max);
        expect(new Set(batch).size).toBe(batch.length);
        for (const message of batch) expect(hidden.has(message)).toBe(false);
        look(batch, queue, clock.now());
        for (const message of batch) out.set(message.id, message);
        break;
      }
      case 'delete': {
        const message = nthOut(each.nth);
        if (message === undefined) break;
        queue.take(message);
        deleted.add(message.id);
        out.delete(message.id);
        break;
      }
      case 'hide': {
        const message = nthOut(each.nth);
        if (message !== undefined) queue.hide(message, each.seconds * 1_000);
        break;
      }
      case 'wait':
        await clock.advance(each.seconds * 1_000);
    }
  }
  return { queue, queues, clock, remaining: sent.filter((id) => !deleted.has(id)) };
};

function queueOf(name: string) {
  const clock = manualClock();
  const queues = createQueues(clock, () => 'http://bus');
  return { clock, queues, queue: queues.create(name, scope) };
}

/** Receives until nothing is left to see. */
const drain = async (queue: ReturnType<typeof queueOf>['queue']): Promise<readonly string[]> => {
  const ids: string[] = [];
  for (;;) {
    const batch = await queue.receive({ max: 10, waitMs: 0, visibilityMs: 60_000 });
    if (batch.length === 0) return ids;
    ids.push(...batch.map(({ id }) => id));
  }
};

test('every message that was not deleted comes again once its time is over, and none else', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('q', 'q.fifo'), async (given, name) => {
      const { queue, clock, remaining } = await play(name, given, () => undefined);
      await clock.advance(10_000);
      expect([...(await drain(queue))].sort()).toEqual([...remaining].sort());
    }),
  );
});

test('a FIFO queue hands out the first messages of a group that are left, in order, and no later ones', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      await play('q.fifo', given, (batch, queue) => {
        for (const group of ['a', 'b', 'c']) {
          const handed = batch.filter(({ groupId }) => groupId === group);
          const left = queue.messages().filter(({ groupId }) => groupId === group);
          expect(handed).toEqual(left.slice(0, handed.length));
        }
      });
    }),
  );
});

test('with a redrive policy a message is in one of the two queues, or was deleted', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('q', 'q.fifo'), async (given, name) => {
      const { clock, queue, queues, remaining } = await play(name, given, () => undefined);
      const dead = queues.create(name.replace('q', 'dlq'), scope);
      queue.setAttributes(
        {
          RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 1 }),
        },
        clock.now(),
      );
      await clock.advance(10_000);
      await drain(queue);
      await clock.advance(60_000);
      expect(await drain(queue)).toEqual([]);
      const moved = await drain(dead);
      expect([...moved].sort()).toEqual([...remaining].sort());
    }),
  );
});
