import { describe, expect, it } from 'vitest';
import { type PublisherOptions, resolvePublisherOptions } from './publisher-options.ts';

describe('resolvePublisherOptions', () => {
  it('fills in every default', () => {
    expect(resolvePublisherOptions({ eventBusName: 'orders' })).toMatchObject({
      concurrency: 16,
      ordering: 'none',
      maxRequestEntries: 10,
      maxRequestBytes: 1_048_576,
      maxEventBytes: 1_024_000,
      lingerMs: 0,
      deadlineMs: 30_000,
      maxAttempts: Number.POSITIVE_INFINITY,
      requestTimeoutMs: 5_000,
      verifyBus: false,
    });
  });

  it.each([
    'orders',
    'a.b-c_D9',
    'arn:aws:events:eu-west-1:123456789012:event-bus/orders',
    'arn:aws-us-gov:events:us-gov-west-1:123456789012:event-bus/orders',
  ])('takes the bus %s', (eventBusName) => {
    expect(() => resolvePublisherOptions({ eventBusName })).not.toThrow();
  });

  it.each<[Partial<PublisherOptions>, string]>([
    [{ eventBusName: '' }, 'eventBusName must be the name or the ARN of an event bus, got ""'],
    [{ eventBusName: 'my bus' }, 'got "my bus"'],
    [{ concurrency: 0 }, 'concurrency must be a whole number from 1 to 10000, got 0'],
    [{ concurrency: 1.5 }, 'concurrency must be a whole number from 1 to 10000, got 1.5'],
    [{ lingerMs: -5 }, 'lingerMs must be 0 to 2147483647, got -5'],
    [{ deadlineMs: 0 }, 'deadlineMs must be 1 to 2147483647, got 0'],
    [{ deadlineMs: Number.NaN }, 'got NaN'],
    [{ maxAttempts: 0 }, 'maxAttempts must be a whole number from 1 to'],
    [{ requestTimeoutMs: '5' as never }, 'requestTimeoutMs must be'],
    [{ maxRequestBytes: 10 }, 'maxRequestBytes must be a whole number from 1024 to'],
    [
      { maxEventBytes: 2_000_000 },
      'maxEventBytes must be a whole number from 1 to 1048576, got 2000000',
    ],
    [{ backoff: { baseMs: 100, capMs: 50 } }, 'backoff.capMs must be 100 to'],
    [{ maxRetryAfterMs: 3e9 }, 'maxRetryAfterMs must be 0 to 2147483647, got 3000000000'],
    [{ closeTimeoutMs: 3e9 }, 'closeTimeoutMs must be 0 to 2147483647, got 3000000000'],
    [{ verifyBus: 'false' as never }, "verifyBus must be true or false, got 'false'"],
    [{ observers: {} as never }, 'observers must be a list of functions'],
    [{ deadLetters: {} as never }, 'deadLetters must be a store such as fileDeadLetters(path)'],
    [{ backoff: { base: 5 } as never }, 'backoff has no option "base"; did you mean baseMs?'],
    [
      { eventBusNmae: 'orders' } as never,
      'a publisher has no option "eventBusNmae"; did you mean eventBusName?',
    ],
    [{ producer: { service: '' } }, 'producer cannot be used: metadata.producer.service must be'],
    [{ producer: {} as never }, 'producer cannot be used: metadata.producer.service must be'],
    [{ producer: null as never }, 'producer cannot be used: metadata.producer must be'],
    [{ producer: 'x' as never }, 'producer cannot be used: metadata.producer must be'],
    [{ producer: { service: 'x', build: 5 as never } }, 'metadata.producer.build must be'],
    [{ random: 0.5 as never }, 'random must be a function'],
    [{ clock: Date as never }, 'clock must have now, setTimer, clearTimer and afterTurn'],
    [{ ordering: 'fifo' as never }, "ordering must be 'none' or 'key', got 'fifo'"],
  ])('refuses %o', (options, message) => {
    const given = { eventBusName: 'orders', ...options };
    expect(() => resolvePublisherOptions(given)).toThrow(message);
  });
});
