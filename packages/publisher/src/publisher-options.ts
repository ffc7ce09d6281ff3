import {
  type Backoff,
  checkProducer,
  type DeadLetters,
  optionBounds,
  type Producer,
  type PublishOptions,
} from '@tidings/contract';
import { type Clock, systemClock } from './clock.ts';
import type { OversizePolicy } from './oversize.ts';
import { observeAll, type PublisherObserver } from './publisher-event.ts';

/** Settings of a publisher, whichever transport carries its requests. */
export interface PublisherOptions {
  /** Name or ARN of the bus. */
  readonly eventBusName: string;
  /** Written to the metadata of events that name no producer. */
  readonly producer?: Producer;
  /**
   * Requests in flight at most; further events wait in the publisher. Throttling lowers
   * it for a while. Default 16.
   */
  readonly concurrency?: number;
  /**
   * `key`: an event is sent only after those with the same `orderingKey` that were
   * published before it have been accepted or rejected. Where one of them is
   * `undelivered`, those behind it are as well (`PrecedingUndelivered`), so that they can
   * be published again in order. Default `none`.
   */
  readonly ordering?: 'none' | 'key';
  /**
   * Makes room in events that are larger than `maxEventBytes`, for example
   * `s3ClaimCheck`. Default: they are rejected.
   */
  readonly oversize?: OversizePolicy;
  /**
   * Keeps events that were rejected or not delivered; their outcomes then say `parked`.
   * What a call without a deadline (`Infinity`) gives up is not kept: such a caller, a relay
   * for example, has it and publishes it again. Default: they are with the caller only.
   */
  readonly deadLetters?: DeadLetters;
  /** Milliseconds that one attempt to write dead letters may take. Default 3,000. */
  readonly deadLetterTimeoutMs?: number;
  /**
   * Makes sure, once, before the first event is sent, that the bus exists. EventBridge
   * accepts and drops events for a bus that does not. Needs events:DescribeEventBus.
   * Default false.
   */
  readonly verifyBus?: boolean;
  /** Watch the publisher. Default: nobody. */
  readonly observers?: readonly PublisherObserver[];
  /**
   * Bytes a request, as EventBridge counts them. Default 1,048,576. Set
   * `REQUEST_BYTES_256_KIB` in regions and partitions that still have that limit:
   * there, larger requests are refused and sent again in halves.
   */
  readonly maxRequestBytes?: number;
  /**
   * Bytes an event; a larger one is rejected as `EventTooLarge` and never sent.
   * Default 1000/1024 of `maxRequestBytes`: EventBridge accepts an event of exactly
   * its limit, adds its own fields and then drops it before the target.
   */
  readonly maxEventBytes?: number;
  /**
   * Milliseconds that a request with free places waits for more events. Default 0:
   * until the end of this turn of the event loop.
   */
  readonly lingerMs?: number;
  /**
   * Milliseconds after which a call's undecided events are `undelivered`. Default
   * 30,000, and never longer than the invocation lasts where `publishingHandler` tells.
   * `Infinity` retries for as long as the failure is retryable.
   */
  readonly deadlineMs?: number;
  /** Attempts to send one event before it is `undelivered`. Default `Infinity`. */
  readonly maxAttempts?: number;
  /** Failures of uncertain kind (expired credentials, a code that Tidings does not know) before an
   * event is given up. Default 5. */
  readonly maxUncertainFailures?: number;
  /**
   * Milliseconds until a request without an answer is aborted. Default 5,000. Where less than
   * twice that is left until the deadline, half of what is left and at least 1,000, so that a
   * connection that died unnoticed leaves time for a second attempt.
   */
  readonly requestTimeoutMs?: number;
  /** Milliseconds that `close` waits for what is undecided. Default 30,000. */
  readonly closeTimeoutMs?: number;
  /**
   * Back-off after a failure that passes, and after throttled entries among accepted
   * ones. Default: base 50 ms, cap 10,000 ms.
   */
  readonly backoff?: Backoff;
  /** Back-off after throttled requests. Default: base 200 ms, cap 20,000 ms. */
  readonly throttledBackoff?: Backoff;
  /**
   * Milliseconds to wait, at most, where the service asks for a wait (`Retry-After`).
   * Default 120,000.
   */
  readonly maxRetryAfterMs?: number;
  /** Source of randomness in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
  /** Default: the process's monotonic clock. */
  readonly clock?: Clock;
}

/** `PublisherOptions` with every field present. */
export interface PublisherSettings {
  readonly eventBusName: string;
  readonly producer: Producer | undefined;
  readonly concurrency: number;
  readonly ordering: 'none' | 'key';
  readonly oversize: OversizePolicy | undefined;
  readonly deadLetters: DeadLetters | undefined;
  readonly deadLetterTimeoutMs: number;
  readonly verifyBus: boolean;
  readonly observe: PublisherObserver | undefined;
  readonly maxRequestEntries: number;
  readonly maxRequestBytes: number;
  readonly maxEventBytes: number;
  readonly lingerMs: number;
  readonly deadlineMs: number;
  readonly maxAttempts: number;
  readonly maxUncertainFailures: number;
  readonly requestTimeoutMs: number;
  readonly closeTimeoutMs: number;
  readonly backoff: Backoff;
  readonly throttledBackoff: Backoff;
  readonly maxRetryAfterMs: number;
  readonly random: () => number;
  readonly clock: Clock;
}

/** The documented limit of a PutEvents request, in most regions since January 2026. */
export const REQUEST_BYTES_1_MIB: number = 1024 * 1024;
/** The limit in the regions and partitions that still have the old one. */
export const REQUEST_BYTES_256_KIB: number = 256 * 1024;

/** Entries that one PutEvents request takes. */
const MAX_REQUEST_ENTRIES = 10;

/** PutEventsRequestEntry.EventBusName in the service model. */
const BUS_NAME =
  /^(arn:aws[\w-]*:events:[a-z]+-[a-z0-9-]+-\d+:\d{12}:event-bus\/)?[.\-_A-Za-z0-9]+$/;

const NAMES: Record<keyof PublisherOptions, true> = {
  eventBusName: true,
  producer: true,
  concurrency: true,
  ordering: true,
  oversize: true,
  deadLetters: true,
  deadLetterTimeoutMs: true,
  verifyBus: true,
  observers: true,
  maxRequestBytes: true,
  maxEventBytes: true,
  lingerMs: true,
  deadlineMs: true,
  maxAttempts: true,
  maxUncertainFailures: true,
  requestTimeoutMs: true,
  closeTimeoutMs: true,
  backoff: true,
  throttledBackoff: true,
  maxRetryAfterMs: true,
  random: true,
  clock: true,
};

const { backoff, flag, known, milliseconds, oneOf, whole } = optionBounds(RangeError);

/**
 * Checks options and fills in defaults.
 * @param transportNames Names of the transport's options, where they are given together.
 * @throws RangeError that names the option, its bound and the value given.
 */
export function resolvePublisherOptions(
  options: PublisherOptions,
  transportNames: Readonly<Record<string, true>> = {},
): PublisherSettings {
  known('a publisher', options, { ...NAMES, ...transportNames });
  const { eventBusName, producer, oversize, deadLetters, observers = [] } = options;
  if (typeof eventBusName !== 'string' || !BUS_NAME.test(eventBusName)) {
    const got =
      typeof eventBusName === 'string' ? JSON.stringify(eventBusName) : typeof eventBusName;
    throw new RangeError(`eventBusName must be the name or the ARN of an event bus, got ${got}`);
  }
  if (oversize !== undefined && typeof oversize?.shrink !== 'function') {
    throw new RangeError('oversize must be a policy such as s3ClaimCheck({ … })');
  }
  if (deadLetters !== undefined && typeof deadLetters?.park !== 'function') {
    throw new RangeError('deadLetters must be a store such as fileDeadLetters(path)');
  }
  if (!Array.isArray(observers) || !observers.every((each) => typeof each === 'function')) {
    throw new RangeError('observers must be a list of functions');
  }
  const { maxRequestBytes = REQUEST_BYTES_1_MIB, maxAttempts = Number.POSITIVE_INFINITY } = options;
  const { random = Math.random, clock = systemClock } = options;
  if (typeof random !== 'function') throw new RangeError('random must be a function');
  if (!isClock(clock)) {
    throw new RangeError('clock must have now, setTimer, clearTimer and afterTurn');
  }
  whole('maxRequestBytes', maxRequestBytes, 1024, 64 * 1024 * 1024);
  const { maxEventBytes = Math.floor((maxRequestBytes * 1000) / 1024) } = options;
  if (maxAttempts !== Number.POSITIVE_INFINITY) {
    whole('maxAttempts', maxAttempts, 1, Number.MAX_SAFE_INTEGER);
  }
  return Object.freeze({
    eventBusName,
    producer: checkedProducer(producer),
    concurrency: whole('concurrency', options.concurrency ?? 16, 1, 10_000),
    ordering: oneOf('ordering', options.ordering ?? 'none', ['none', 'key']),
    oversize,
    deadLetters,
    deadLetterTimeoutMs: milliseconds(
      'deadLetterTimeoutMs',
      options.deadLetterTimeoutMs ?? 3_000,
      1,
    ),
    verifyBus: flag('verifyBus', options.verifyBus ?? false),
    observe: observeAll(observers),
    maxRequestEntries: MAX_REQUEST_ENTRIES,
    maxRequestBytes,
    maxEventBytes: whole('maxEventBytes', maxEventBytes, 1, maxRequestBytes),
    lingerMs: milliseconds('lingerMs', options.lingerMs ?? 0, 0),
    deadlineMs: deadlineWithin('deadlineMs', options.deadlineMs ?? 30_000),
    maxAttempts,
    maxUncertainFailures: whole(
      'maxUncertainFailures',
      options.maxUncertainFailures ?? 5,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    requestTimeoutMs: milliseconds('requestTimeoutMs', options.requestTimeoutMs ?? 5_000, 1),
    closeTimeoutMs: milliseconds('closeTimeoutMs', options.closeTimeoutMs ?? 30_000, 0),
    backoff: backoff('backoff', options.backoff, { baseMs: 50, capMs: 10_000 }),
    throttledBackoff: backoff('throttledBackoff', options.throttledBackoff, {
      baseMs: 200,
      capMs: 20_000,
    }),
    maxRetryAfterMs: milliseconds('maxRetryAfterMs', options.maxRetryAfterMs ?? 120_000, 0),
    random,
    clock,
  });
}

function isClock(value: unknown): boolean {
  const clock = (value ?? {}) as Readonly<Record<string, unknown>>;
  const names: readonly (keyof Clock)[] = ['now', 'setTimer', 'clearTimer', 'afterTurn'];
  return names.every((name) => typeof clock[name] === 'function');
}

function checkedProducer(producer: Producer | undefined): Producer | undefined {
  if (producer === undefined) return undefined;
  try {
    checkProducer(producer);
  } catch (error) {
    throw new RangeError(`producer cannot be used: ${(error as Error).message}`);
  }
  // A copy, so that what happens to the caller's object later changes no event.
  const { service, build } = producer;
  return Object.freeze(build === undefined ? { service } : { service, build });
}

const CALL_NAMES: Record<keyof PublishOptions, true> = {
  signal: true,
  deadlineMs: true,
  onOutcome: true,
  onRetry: true,
};

/**
 * Checks the options of one call.
 * @throws RangeError that names the option, its bound and the value given.
 */
export function checkPublishOptions(options: PublishOptions): void {
  known('a call of publish', options, CALL_NAMES);
  const { signal, deadlineMs, onOutcome, onRetry } = options;
  if (deadlineMs !== undefined) deadlineWithin('deadlineMs', deadlineMs);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new RangeError('signal must be an AbortSignal');
  }
  for (const [name, callback] of Object.entries({ onOutcome, onRetry })) {
    if (callback !== undefined && typeof callback !== 'function') {
      throw new RangeError(`${name} must be a function`);
    }
  }
}

function deadlineWithin(name: string, value: number): number {
  return value === Number.POSITIVE_INFINITY ? value : milliseconds(name, value, 1);
}
