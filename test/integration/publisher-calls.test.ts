import { type PublishableEvent, PublishError } from '@tidings/contract';
import { type PublisherOptions, publisherOver } from '@tidings/publisher';
import { describe, expect, it } from 'vitest';
import { type ModelBusOptions, modelBus } from '../support/model-bus.ts';
import { sealedOrder } from '../support/sealed-order.ts';
import { virtualClock } from '../support/virtual-clock.ts';

function setUp(
  options: Partial<PublisherOptions> = {},
  model: Partial<Omit<ModelBusOptions, 'clock'>> = {},
) {
  const clock = virtualClock();
  const bus = modelBus({ clock, latencyMs: 10, moves: [], ...model });
  const publisher = publisherOver(bus, { eventBusName: 'orders', clock, ...options });
  return { clock, bus, publisher };
}

const orders = (count: number, prefix = 'e') =>
  Array.from({ length: count }, (_, index) => sealedOrder(`${prefix}${index}`));

describe('coalescing', () => {
  it('shares requests between calls of one turn', async () => {
    const { clock, bus, publisher } = setUp();
    await clock.until(Promise.all(orders(95).map((event) => publisher.publish(event))));
    expect(bus.requests).toHaveLength(10);
  });

  it('waits lingerMs for company, and not where a request is full', async () => {
    const { clock, bus, publisher } = setUp({ lingerMs: 100 });
    const calls = [publisher.publish(orders(12, 'a'))];
    await clock.until(clock.sleep(50));
    expect(bus.requests.map(({ entries }) => entries.length)).toEqual([10]);
    calls.push(publisher.publish(orders(3, 'b')));
    await clock.until(Promise.all(calls));
    expect(bus.requests.map(({ entries }) => entries.length)).toEqual([10, 5]);
    expect(clock.now()).toBe(110);
  });
});

describe('add and flush', () => {
  it('collect what was added, in order', async () => {
    const { clock, publisher } = setUp();
    publisher.add(sealedOrder('e1'));
    publisher.add([sealedOrder('e2'), sealedOrder('e3')]);
    const outcomes = await clock.until(publisher.flush());
    expect(outcomes.map(({ eventId }) => eventId)).toEqual(['e1', 'e2', 'e3']);
    expect(await clock.until(publisher.flush())).toEqual([]);
  });

  it('do not wait for the linger', async () => {
    const { clock, publisher } = setUp({ lingerMs: 10_000 });
    publisher.add(sealedOrder('e1'));
    await clock.until(publisher.flush());
    expect(clock.now()).toBe(10);
    expect(clock.pending).toBe(0);
  });

  it('tell of each event that was not accepted', async () => {
    const codes = [undefined, 'MalformedDetail'];
    const { clock, publisher } = setUp({}, { moves: [{ kind: 'answer', codes }] });
    publisher.add(sealedOrder('e1'));
    publisher.add(sealedOrder('e2'));
    await expect(clock.until(publisher.flush())).rejects.toMatchObject({
      name: 'PublishError',
      outcomes: [{ status: 'accepted' }, { status: 'rejected', code: 'MalformedDetail' }],
    });
  });
});

describe('an abort', () => {
  it('gives up what is undecided, on its way or not, and nothing else', async () => {
    const { clock, bus, publisher } = setUp({ concurrency: 1 });
    const controller = new AbortController();
    const settled = publisher.publishSettled(orders(25), { signal: controller.signal });
    await clock.until(clock.sleep(15));
    controller.abort();
    const outcomes = await clock.until(settled);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...new Array(10).fill('accepted'),
      ...new Array(15).fill('undelivered'),
    ]);
    expect(
      outcomes.map((outcome) => outcome.status === 'undelivered' && outcome.possiblyAccepted),
    ).toEqual([
      ...new Array(10).fill(false),
      ...new Array(10).fill(true),
      ...new Array(5).fill(false),
    ]);
    expect(bus.requests).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it('that came before the call sends nothing', async () => {
    const { clock, bus, publisher } = setUp();
    const outcomes = await clock.until(
      publisher.publishSettled(orders(25), { signal: AbortSignal.abort() }),
    );
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'undelivered', code: 'Aborted', attempts: 0 });
    }
    expect(bus.requests).toHaveLength(0);
  });
});

describe('close', () => {
  it('settles what is undecided and then takes no more', async () => {
    const { clock, publisher } = setUp({ lingerMs: 1_000 });
    const published = publisher.publish(orders(3));
    await clock.until(publisher.close());
    expect(await published).toHaveLength(3);
    await expect(publisher.publish(sealedOrder('late'))).rejects.toThrow(/closed/);
    expect(clock.pending).toBe(0);
  });

  it('gives up after closeTimeoutMs', async () => {
    const fails = { kind: 'fail', code: 'InternalException', status: 500 } as const;
    const { clock, publisher } = setUp(
      { closeTimeoutMs: 5_000 },
      { moves: new Array(1_000).fill(fails) },
    );
    const settled = publisher.publishSettled(orders(1), { deadlineMs: Number.POSITIVE_INFINITY });
    await clock.until(publisher.close());
    expect(await settled).toMatchObject([{ status: 'undelivered', code: 'InternalException' }]);
    expect(clock.now()).toBe(5_000);
    expect(clock.pending).toBe(0);
  });
});

describe('what is no event', () => {
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['a string', 'event'],
    ['an empty object', {}],
    ['a bare payload', { detail: { orderId: '7' } }],
    ['a sealed event whose detail is no JSON', { ...sealedOrder('e1'), detail: 'text' }],
    ['a sealed event from aws', { ...sealedOrder('e1'), source: 'aws.ec2' }],
  ])('is rejected and does not leave: %s', async (_, value) => {
    const { clock, bus, publisher } = setUp();
    const settled = publisher.publishSettled([value as PublishableEvent, sealedOrder('good')]);
    expect(await clock.until(settled)).toMatchObject([
      { status: 'rejected', code: 'MalformedEvent', attempts: 0 },
      { status: 'accepted', eventId: 'good' },
    ]);
    expect(bus.requests).toHaveLength(1);
  });
});

describe('ordering lanes', () => {
  it('hold back what is behind an event that was not delivered', async () => {
    const throttled = { kind: 'fail', code: 'ThrottlingException', status: 400 } as const;
    const { clock, bus, publisher } = setUp(
      { ordering: 'key', maxAttempts: 1 },
      { moves: [throttled] },
    );
    const events = ['e1', 'e2', 'e3'].map((id) => sealedOrder(id, 0, 'order-7'));
    const outcomes = await clock.until(publisher.publishSettled(events));
    expect(outcomes).toMatchObject([
      { status: 'undelivered', code: 'ThrottlingException' },
      { status: 'undelivered', code: 'PrecedingUndelivered', attempts: 0 },
      { status: 'undelivered', code: 'PrecedingUndelivered', attempts: 0 },
    ]);
    expect(bus.requests).toHaveLength(1);
    await clock.until(publisher.publish(events));
    expect(bus.acceptedByKey.get('order-7')).toEqual(['e1', 'e2', 'e3']);
  });
});

describe('throttling', () => {
  it('is answered with fewer requests, not with more', async () => {
    const clock = virtualClock();
    const bus = modelBus({ clock, latencyMs: 10, moves: [], requestsPerSecond: 50 });
    const publisher = publisherOver(bus, {
      eventBusName: 'orders',
      clock,
      deadlineMs: Number.POSITIVE_INFINITY,
    });
    await clock.until(publisher.publish(orders(3_000)));
    // 300 requests are needed; the bus lets 50 a second in, and 16 at a time would be 1,600.
    expect(bus.requests.length).toBeLessThan(600);
    expect(clock.now()).toBeLessThan(20_000);
    expect(bus.sentAfterAccepted).toEqual([]);
  });
});

describe('publishStream', () => {
  it('reads no further than maxUndecided ahead of the bus', async () => {
    const { clock, publisher } = setUp({ concurrency: 2 });
    let read = 0;
    let decided = 0;
    let ahead = 0;
    const observed = publisherOver(modelBus({ clock, latencyMs: 10, moves: [] }), {
      eventBusName: 'orders',
      clock,
      concurrency: 2,
      observers: [
        (event) => {
          if (event.type === 'event-decided') decided += 1;
        },
      ],
    });
    async function* source() {
      for (const event of orders(2_000)) {
        read += 1;
        ahead = Math.max(ahead, read - decided);
        yield event;
      }
    }
    const summary = await clock.until(observed.publishStream(source(), { maxUndecided: 300 }));
    expect(summary).toEqual({ accepted: 2_000, failed: 0 });
    expect(ahead).toBeLessThanOrEqual(301);
    await publisher.close();
  });

  it('ends with the first event that is not accepted, and tells which', async () => {
    const poison = new Set(['e5']);
    const { clock, publisher } = setUp({ concurrency: 1 }, { poison });
    let read = 0;
    function* source() {
      for (const event of orders(5_000)) {
        read += 1;
        yield event;
      }
    }
    const failed = clock.until(publisher.publishStream(source(), { maxUndecided: 200 }));
    await expect(failed).rejects.toBeInstanceOf(PublishError);
    await expect(failed).rejects.toMatchObject({
      outcomes: [{ eventId: 'e5', status: 'rejected' }],
    });
    expect(read).toBeLessThan(1_000);
  });

  it('goes on past failures where somebody takes them', async () => {
    const poison = new Set(['e5', 'e17']);
    const { clock, publisher } = setUp({}, { poison });
    const failures: string[] = [];
    const summary = await clock.until(
      publisher.publishStream(orders(40), {
        onFailure: (outcome, event, index) =>
          failures.push(`${index} ${outcome.eventId} ${'eventId' in event && event.eventId}`),
      }),
    );
    expect(summary).toEqual({ accepted: 38, failed: 2 });
    expect(failures.toSorted()).toEqual(['17 e17 e17', '5 e5 e5']);
  });

  it('does not wait for a source that is slow', async () => {
    const { clock, bus, publisher } = setUp();
    async function* source() {
      yield sealedOrder('e1');
      await clock.sleep(1_000);
      yield sealedOrder('e2');
    }
    const done = publisher.publishStream(source());
    await clock.until(clock.sleep(500));
    expect(bus.told.has('e1')).toBe(true);
    await clock.until(done);
  });

  it('settles what was read before it passes on what the source threw', async () => {
    const { clock, bus, publisher } = setUp();
    async function* source() {
      yield sealedOrder('e1');
      throw new Error('source is broken');
    }
    await expect(clock.until(publisher.publishStream(source()))).rejects.toThrow(
      'source is broken',
    );
    expect(bus.told.has('e1')).toBe(true);
  });
});

describe('what a caller passes in', () => {
  /** Messages of the process's warnings while `work` runs. */
  async function warningsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', onWarning);
    await work();
    // A warning is told in the next turn.
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    return warnings;
  }

  const broken: readonly [string, () => void][] = [
    [
      'throws',
      () => {
        throw new TypeError('card-4111');
      },
    ],
    ['rejects', (async () => Promise.reject(new TypeError('card-4111'))) as () => void],
  ];

  it.each(broken)('cannot lose an outcome where onOutcome %s', async (_, onOutcome) => {
    const { clock, publisher } = setUp();
    const warnings = await warningsOf(async () => {
      const results = await clock.until(
        Promise.all([
          publisher.publishSettled(orders(12), { onOutcome }),
          publisher.publishSettled(orders(3, 'f'), { onOutcome }),
        ]),
      );
      expect(results.flat().map(({ status }) => status)).toEqual(new Array(15).fill('accepted'));
    });
    expect(warnings).toEqual([
      expect.stringMatching(/^onOutcome of a publisher threw TypeError at .*calls\.test\.ts/),
    ]);
    expect(warnings.join()).not.toContain('card-4111');
  });

  it.each(broken)('cannot end a stream where onFailure %s', async (_, onFailure) => {
    const { clock, publisher } = setUp({ concurrency: 1 }, { poison: new Set(['e5', 'e250']) });
    const warnings = await warningsOf(async () => {
      const summary = publisher.publishStream(orders(300), { onFailure, maxUndecided: 100 });
      expect(await clock.until(summary)).toEqual({ accepted: 298, failed: 2 });
    });
    expect(warnings).toEqual([expect.stringMatching(/^onFailure of a publisher threw TypeError/)]);
  });

  it.each(broken)('cannot keep an event back where onRetry %s', async (_, onRetry) => {
    const throttled = { kind: 'fail', code: 'ThrottlingException', status: 400 } as const;
    const { clock, publisher } = setUp({}, { moves: [throttled] });
    const warnings = await warningsOf(async () => {
      const [outcome] = await clock.until(publisher.publishSettled(orders(1), { onRetry }));
      expect(outcome).toMatchObject({ status: 'accepted', attempts: 2 });
    });
    expect(warnings).toHaveLength(1);
  });

  it.each(broken)('cannot lose an event where its oversize policy %s', async (_, fail) => {
    const shrink = fail as unknown as () => Promise<never>;
    const { clock, publisher } = setUp({ oversize: { shrink }, maxRequestBytes: 2_000 });
    const [outcome] = await clock.until(publisher.publishSettled(sealedOrder('e1', 5_000)));
    expect(outcome).toMatchObject({
      status: 'undelivered',
      code: 'OversizePolicyError',
      possiblyAccepted: false,
    });
    expect(JSON.stringify(outcome)).not.toContain('card-4111');
  });

  it.each(broken)('cannot lose an event where its dead-letter store %s', async (_, fail) => {
    const park = fail as unknown as () => Promise<never>;
    const { clock, publisher } = setUp({ deadLetters: { park } }, { poison: new Set(['e0']) });
    const [outcome] = await clock.until(publisher.publishSettled(orders(1)));
    expect(outcome).toMatchObject({ status: 'rejected', code: 'ValidationException' });
    expect(outcome).not.toHaveProperty('parked');
  });

  it.each([
    [{ deadline: 5 }, 'a call of publish has no option "deadline"; did you mean deadlineMs?'],
    [{ deadlineMs: 3e9 }, 'deadlineMs must be 1 to 2147483647, got 3000000000'],
    [{ signal: {} }, 'signal must be an AbortSignal'],
    [{ onOutcome: 'log' }, 'onOutcome must be a function'],
    [null, 'a call of publish must be an object, got null'],
  ])('is refused where it is %o', async (options, sentence) => {
    const { publisher } = setUp();
    await expect(publisher.publish(orders(1), options as never)).rejects.toThrow(sentence);
    await expect(publisher.publishSettled(orders(1), options as never)).rejects.toThrow(sentence);
  });

  it('is refused by publishStream too', async () => {
    const { publisher } = setUp();
    const stream = publisher.publishStream(orders(1), { maxUndecidd: 5 } as never);
    await expect(stream).rejects.toThrow('did you mean maxUndecided?');
  });
});

describe('a transport that tells when it begins to send', () => {
  const silent = { ok: false, failure: { code: 'ENOENT', status: undefined, message: 'no file' } };

  it('is believed that it never sent: nothing is possibly accepted, and no attempt is counted', async () => {
    const clock = virtualClock();
    const publisher = publisherOver(
      {
        send: async () => silent as never,
        reportsSending: true,
        describeBus: async () => silent as never,
        close() {},
      },
      { eventBusName: 'orders', clock },
    );
    const [outcome] = await clock.until(publisher.publishSettled(orders(1)));
    expect(outcome).toMatchObject({
      status: 'undelivered',
      code: 'ENOENT',
      attempts: 0,
      possiblyAccepted: false,
    });
  });

  it('is believed where a deadline comes while it looks for credentials', async () => {
    const clock = virtualClock();
    const publisher = publisherOver(
      {
        send: (_, signal) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => resolve(silent as never)),
          ),
        reportsSending: true,
        describeBus: async () => silent as never,
        close() {},
      },
      { eventBusName: 'orders', clock },
    );
    const outcomes = await clock.until(publisher.publishSettled(orders(12), { deadlineMs: 100 }));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ code: 'DeadlineExceeded', possiblyAccepted: false });
    }
  });
});
