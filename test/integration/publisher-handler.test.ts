import middy from '@middy/core';
import { type DeadLetter, defineEvent } from '@tidings/contract';
import { type PublisherOptions, publisherOver } from '@tidings/publisher';
import {
  type InvocationReport,
  publishingHandler,
  publishingMiddleware,
} from '@tidings/publisher/lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type ModelBusOptions, modelBus } from '../support/model-bus.ts';
import { sealedOrder } from '../support/sealed-order.ts';
import { virtualClock } from '../support/virtual-clock.ts';

afterEach(() => vi.restoreAllMocks());

const hangs = new Array(1_000).fill({ kind: 'hang', commits: false } as const);
const refusesFirst = [{ kind: 'answer', codes: ['MalformedDetail'] } as const];

function setUp(
  options: Partial<PublisherOptions> = {},
  model: Partial<Omit<ModelBusOptions, 'clock'>> = {},
) {
  const clock = virtualClock();
  const bus = modelBus({ clock, latencyMs: 10, moves: [], ...model });
  const random = (): number => 0.5;
  const publisher = publisherOver(bus, { eventBusName: 'orders', clock, random, ...options });
  /** A context of a function that is killed in `ms` of virtual time. */
  const contextOf = (ms: number) => {
    const killedAt = clock.now() + ms;
    return { getRemainingTimeInMillis: () => killedAt - clock.now() };
  };
  return { clock, bus, publisher, contextOf };
}

function reports() {
  const seen: InvocationReport[] = [];
  return { seen, report: (report: InvocationReport) => void seen.push(report) };
}

describe('publishingHandler', () => {
  it('answers once everything that was added is decided', async () => {
    const { clock, bus, publisher, contextOf } = setUp({ lingerMs: 10_000 });
    const handler = publishingHandler(publisher, async (order: string, _context: unknown) => {
      publisher.add(sealedOrder(order));
      return `placed ${order}`;
    });
    expect(await clock.until(handler('e1', contextOf(3_000)))).toBe('placed e1');
    expect([...bus.told.keys()]).toEqual(['e1']);
    expect(await clock.until(publisher.flush())).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it.each([
    [20_000, {}, 19_000],
    [20_000, { reserveMs: 500 }, 19_500],
    [800, {}, 400],
    [900_000, {}, 30_000],
  ])(
    'of a function with %i ms, options %o, tells what a hanging bus did not take after %i ms',
    async (leftMs, options, toldAt) => {
      const { clock, publisher, contextOf } = setUp({}, { moves: hangs });
      const { seen, report } = reports();
      const handler = publishingHandler(
        publisher,
        async (_context: unknown) => publisher.add(sealedOrder('e1')),
        { ...options, report },
      );
      await expect(clock.until(handler(contextOf(leftMs)))).rejects.toMatchObject({
        name: 'PublishError',
        outcomes: [{ eventId: 'e1', status: 'undelivered' }],
      });
      expect(clock.now()).toBe(toldAt);
      expect(seen).toMatchObject([{ failed: [{ eventId: 'e1' }], undecidedCalls: 0 }]);
    },
  );

  it('leaves time for a second attempt where a connection died unnoticed', async () => {
    const { clock, bus, publisher, contextOf } = setUp(
      {},
      { moves: [{ kind: 'hang', commits: false }] },
    );
    const handler = publishingHandler(publisher, async (_context: unknown) => {
      publisher.add(sealedOrder('e1'));
    });
    // Lambda's default.
    await clock.until(handler(contextOf(3_000)));
    expect([...bus.told.keys()]).toEqual(['e1']);
  });

  it('follows the invocation for every publisher in it, and not after it', async () => {
    const { clock, publisher, contextOf } = setUp({}, { moves: hangs });
    const other = setUp({}, { moves: hangs });
    const second = publisherOver(other.bus, { eventBusName: 'orders', clock, random: () => 0.5 });
    let later: Promise<unknown> = Promise.resolve();
    const handler = publishingHandler(
      publisher,
      async (_context: unknown) => {
        second.add(sealedOrder('e2'));
        later = clock.sleep(60_000).then(() => publisher.publishSettled(sealedOrder('late')));
      },
      { onUndelivered: 'report', report: () => {} },
    );
    await clock.until(handler(contextOf(10_000)));
    expect(clock.now()).toBe(9_000);
    await clock.until(later);
    expect(clock.now()).toBe(90_000);
  });

  it('keeps invocations apart that run at the same time', async () => {
    const { clock, publisher, contextOf } = setUp({}, { poison: new Set(['bad']) });
    const handler = publishingHandler(
      publisher,
      async (id: string, _context: unknown) => {
        publisher.add(sealedOrder(id));
        await clock.sleep(5);
        return publisher.flush();
      },
      { report: () => {} },
    );
    const results = await clock.until(
      Promise.allSettled(['e1', 'bad', 'e2'].map((id) => handler(id, contextOf(5_000)))),
    );
    expect(results).toMatchObject([
      { status: 'fulfilled', value: [{ eventId: 'e1' }] },
      { status: 'rejected', reason: { outcomes: [{ eventId: 'bad', status: 'rejected' }] } },
      { status: 'fulfilled', value: [{ eventId: 'e2' }] },
    ]);
  });

  it('passes on the error of its handler, after what was added before it is decided', async () => {
    const { clock, bus, publisher, contextOf } = setUp({}, { moves: refusesFirst });
    const { seen, report } = reports();
    const handler = publishingHandler(
      publisher,
      async (_context: unknown) => {
        publisher.add([sealedOrder('e1'), sealedOrder('e2')]);
        throw new Error('no stock');
      },
      { report },
    );
    await expect(clock.until(handler(contextOf(3_000)))).rejects.toThrow('no stock');
    expect([...bus.told.keys()]).toEqual(['e2']);
    expect(seen).toMatchObject([{ failed: [{ eventId: 'e1', code: 'MalformedDetail' }] }]);
  });

  it('does not fail for events that a dead letter holds', async () => {
    const parked: DeadLetter[] = [];
    const deadLetters = {
      park: async (letters: readonly DeadLetter[]) => void parked.push(...letters),
    };
    const { clock, publisher, contextOf } = setUp({ deadLetters }, { moves: refusesFirst });
    const { seen, report } = reports();
    const handler = publishingHandler(
      publisher,
      async (_context: unknown) => {
        publisher.add(sealedOrder('e1'));
        return 'done';
      },
      { report },
    );
    expect(await clock.until(handler(contextOf(3_000)))).toBe('done');
    expect(parked).toHaveLength(1);
    expect(seen).toMatchObject([{ failed: [{ eventId: 'e1', parked: true }] }]);
  });

  it('reports on the console with ids and codes, and no data', async () => {
    const lines: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((line: unknown) => void lines.push(String(line)));
    const { clock, publisher, contextOf } = setUp({}, { moves: refusesFirst });
    const handler = publishingHandler(
      publisher,
      async (_context: unknown) => publisher.add(sealedOrder('e1', 50)),
      { onUndelivered: 'report' },
    );
    await clock.until(handler(contextOf(3_000)));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        level: 'ERROR',
        message: 'events were not delivered when the invocation ended',
        failed: 1,
        undecidedCalls: 0,
        events: [
          {
            eventId: 'e1',
            status: 'rejected',
            code: 'MalformedDetail',
            attempts: 1,
            parked: false,
          },
        ],
      },
    ]);
  });

  it('survives a report that throws', async () => {
    const { clock, publisher, contextOf } = setUp({}, { moves: refusesFirst });
    const report = (): void => {
      throw new Error('no console');
    };
    const handler = publishingHandler(
      publisher,
      async (_context: unknown) => {
        publisher.add(sealedOrder('e1'));
        return 'done';
      },
      { onUndelivered: 'report', report },
    );
    expect(await clock.until(handler(contextOf(3_000)))).toBe('done');
  });

  it('tells of calls with deadlines of their own that are undecided when its time is up', async () => {
    const { clock, publisher } = setUp({}, { moves: hangs });
    const { seen, report } = reports();
    const options = { deadlineMs: Number.POSITIVE_INFINITY };
    const handler = publishingHandler(
      publisher,
      async (_context: unknown) => publisher.add(sealedOrder('e1'), options),
      { report },
    );
    // The end of an invocation is not waited for by the publisher's clock.
    await expect(handler({ getRemainingTimeInMillis: () => 120 })).rejects.toThrow(
      '1 calls of publish were undecided when the time of the invocation was up',
    );
    expect(seen).toEqual([{ failed: [], undecidedCalls: 1 }]);
    await clock.until(publisher.close());
  });

  it('fails where its publisher is closed', async () => {
    const { clock, publisher, contextOf } = setUp();
    await clock.until(publisher.close());
    const handler = publishingHandler(publisher, (_context: unknown) =>
      publisher.add(sealedOrder('e1')),
    );
    await expect(clock.until(handler(contextOf(3_000)))).rejects.toThrow('is closed');
  });

  type Callback = (error: Error | null, result?: string) => void;
  it('wraps a handler with a callback', async () => {
    const { clock, bus, publisher, contextOf } = setUp();
    const handler = publishingHandler(
      publisher,
      (id: string, _context: unknown, callback: Callback) => {
        publisher.add(sealedOrder(id));
        if (id === 'bad') callback(new Error('no stock'));
        else callback(null, `placed ${id}`);
      },
    );
    const ignored: Callback = () => {};
    expect(await clock.until(handler('e1', contextOf(3_000), ignored))).toBe('placed e1');
    await expect(clock.until(handler('bad', contextOf(3_000), ignored))).rejects.toThrow(
      'no stock',
    );
    expect([...bus.told.keys()]).toEqual(['e1', 'bad']);
  });

  it('wraps a handler that streams its answer', async () => {
    const { clock, publisher, contextOf } = setUp({}, { moves: hangs });
    const written: string[] = [];
    const stream = { write: (text: string) => void written.push(text), end: () => {} };
    const handler = publishingHandler(
      publisher,
      async (id: string, out: typeof stream, _context: unknown) => {
        publisher.add(sealedOrder(id));
        out.write('placed');
      },
      { onUndelivered: 'report', report: () => {} },
    );
    await clock.until(handler('e1', stream, contextOf(3_000)));
    expect(written).toEqual(['placed']);
    expect(clock.now()).toBe(2_000);
  });

  it('works without a context, as in a test', async () => {
    const { clock, bus, publisher } = setUp();
    const handler = publishingHandler(publisher, async () => publisher.add(sealedOrder('e1')));
    await clock.until(handler());
    expect([...bus.told.keys()]).toEqual(['e1']);
  });

  it.each([
    [{ reserve: 5 }, 'publishingHandler has no option "reserve"; did you mean reserveMs?'],
    [{ reserveMs: -1 }, 'reserveMs must be 0 to 900000, got -1'],
    [{ onUndelivered: 'ignore' }, "onUndelivered must be 'throw' or 'report', got 'ignore'"],
    [{ report: 'console' }, 'report must be a function'],
  ])('refuses %o', (options, sentence) => {
    const { publisher } = setUp();
    expect(() => publishingHandler(publisher, () => {}, options as never)).toThrow(sentence);
    expect(() => publishingMiddleware(publisher, options as never)).toThrow(sentence);
  });

  it('refuses what is no publisher and no handler', () => {
    const { publisher } = setUp();
    expect(() => publishingHandler({} as never, () => {})).toThrow('publisher must be one such as');
    expect(() => publishingHandler(publisher, undefined as never)).toThrow('handler must be');
  });
});

describe('a durable function', () => {
  const OrderPlaced = defineEvent({
    source: 'com.acme.orders',
    detailType: 'OrderPlaced',
    version: '1.0',
    data: z.object({ orderId: z.string() }),
    idempotencyKey: ({ orderId }) => `order-${orderId}`,
  });

  /** Runs steps as a durable execution does: the results of an earlier run are read from its log. */
  function durable(log: Map<string, string>) {
    return {
      lambdaContext: { getRemainingTimeInMillis: () => 5_000 },
      async step<Result>(name: string, run: () => Result | Promise<Result>): Promise<Result> {
        const known = log.get(name);
        if (known !== undefined) return JSON.parse(known);
        const result = await run();
        log.set(name, JSON.stringify(result ?? null));
        return result;
      },
    };
  }

  it('publishes the same event again where it is replayed after it published', async () => {
    const { clock, bus, publisher } = setUp();
    const log = new Map<string, string>();
    const handler = publishingHandler(
      publisher,
      async (order: { readonly orderId: string }, context: ReturnType<typeof durable>) => {
        const event = await context.step('order placed', () => OrderPlaced.create(order));
        return context.step('publish', () => publisher.publish(event));
      },
    );
    await clock.until(handler({ orderId: '7' }, durable(log)));
    // The environment ended before its last step was saved.
    log.delete('publish');
    await clock.until(handler({ orderId: '7' }, durable(log)));
    const details = bus.requests.flatMap(({ entries }) => entries.map(({ event }) => event.detail));
    expect(details).toHaveLength(2);
    expect(new Set(details).size).toBe(1);
  });
});

describe('publishingMiddleware in Middy', () => {
  it('answers once everything that was added is decided, invocation after invocation', async () => {
    const { clock, bus, publisher, contextOf } = setUp({ lingerMs: 10_000 });
    const handler = middy<string>()
      .use(publishingMiddleware(publisher))
      .handler(async (id: string) => {
        await clock.sleep(1);
        publisher.add(sealedOrder(id));
        return `placed ${id}`;
      });
    for (const id of ['e1', 'e2']) {
      expect(await clock.until(handler(id, contextOf(3_000) as never))).toBe(`placed ${id}`);
      expect(bus.told.has(id)).toBe(true);
    }
  });

  it('ends within the invocation, reports once, and fails it', async () => {
    const { clock, publisher, contextOf } = setUp({}, { moves: hangs });
    const { seen, report } = reports();
    const handler = middy<string>()
      .use(publishingMiddleware(publisher, { report }))
      .handler(async (id: string) => publisher.add(sealedOrder(id)));
    const answered = clock.until(handler('e1', contextOf(20_000) as never));
    await expect(answered).rejects.toMatchObject({ name: 'PublishError' });
    expect(clock.now()).toBe(19_000);
    expect(seen).toHaveLength(1);
  });

  it('passes on the error of the handler', async () => {
    const { clock, bus, publisher, contextOf } = setUp();
    const handler = middy<string>()
      .use(publishingMiddleware(publisher))
      .handler(async (id: string) => {
        publisher.add(sealedOrder(id));
        throw new Error('no stock');
      });
    await expect(clock.until(handler('e1', contextOf(3_000) as never))).rejects.toThrow('no stock');
    expect(bus.told.has('e1')).toBe(true);
  });
});
