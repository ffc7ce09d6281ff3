import type { Backoff, DeadLetters, Producer } from '@tidings/contract';
import { type Clock, MAX_TIMER_MS, systemClock } from './clock.ts';
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
   * Default: they are with the caller only.
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
   * 30,000. `Infinity` retries for as long as the failure is retryable.
   */
  readonly deadlineMs?: number;
  /** Requests that may carry one event before it is `undelivered`. Default `Infinity`. */
  readonly maxAttempts?: number;
  /** Failures of uncertain kind (expired credentials, a code that Tidings does not know) before an
   * event is given up. Default 5. */
  readonly maxUncertainFailures?: number;
  /** Milliseconds until a request without an answer is aborted. Default 5,000. */
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

/**
 * Checks options and fills in defaults.
 * @throws RangeError that names the option, its bound and the value given.
 */
export function resolvePublisherOptions(options: PublisherOptions): PublisherSettings {
  const maxRequestBytes = options.maxRequestBytes ?? REQUEST_BYTES_1_MIB;
  const settings: PublisherSettings = {
    eventBusName: options.eventBusName,
    producer: options.producer,
    concurrency: options.concurrency ?? 16,
    ordering: options.ordering ?? 'none',
    oversize: options.oversize,
    deadLetters: options.deadLetters,
    deadLetterTimeoutMs: options.deadLetterTimeoutMs ?? 3_000,
    verifyBus: options.verifyBus ?? false,
    observe: observeAll(options.observers ?? []),
    maxRequestEntries: MAX_REQUEST_ENTRIES,
    maxRequestBytes,
    maxEventBytes: options.maxEventBytes ?? Math.floor((maxRequestBytes * 1000) / 1024),
    lingerMs: options.lingerMs ?? 0,
    deadlineMs: options.deadlineMs ?? 30_000,
    maxAttempts: options.maxAttempts ?? Number.POSITIVE_INFINITY,
    maxUncertainFailures: options.maxUncertainFailures ?? 5,
    requestTimeoutMs: options.requestTimeoutMs ?? 5_000,
    closeTimeoutMs: options.closeTimeoutMs ?? 30_000,
    backoff: options.backoff ?? { baseMs: 50, capMs: 10_000 },
    throttledBackoff: options.throttledBackoff ?? { baseMs: 200, capMs: 20_000 },
    random: options.random ?? Math.random,
    clock: options.clock ?? systemClock,
  };
  if (typeof settings.eventBusName !== 'string' || !BUS_NAME.test(settings.eventBusName)) {
    throw new RangeError(
      `eventBusName must be the name or the ARN of an event bus, got ${JSON.stringify(settings.eventBusName)}`,
    );
  }
  if (settings.ordering !== 'none' && settings.ordering !== 'key') {
    throw new RangeError(`ordering must be 'none' or 'key', got ${String(settings.ordering)}`);
  }
  whole('concurrency', settings.concurrency, 1, 10_000);
  within('deadLetterTimeoutMs', settings.deadLetterTimeoutMs, 1, MAX_TIMER_MS);
  whole('maxRequestBytes', settings.maxRequestBytes, 1024, 64 * 1024 * 1024);
  whole('maxEventBytes', settings.maxEventBytes, 1, settings.maxRequestBytes);
  within('lingerMs', settings.lingerMs, 0, MAX_TIMER_MS);
  deadlineWithin('deadlineMs', settings.deadlineMs);
  if (settings.maxAttempts !== Number.POSITIVE_INFINITY) {
    whole('maxAttempts', settings.maxAttempts, 1, Number.MAX_SAFE_INTEGER);
  }
  whole('maxUncertainFailures', settings.maxUncertainFailures, 1, Number.MAX_SAFE_INTEGER);
  within('requestTimeoutMs', settings.requestTimeoutMs, 1, MAX_TIMER_MS);
  within('closeTimeoutMs', settings.closeTimeoutMs, 0, MAX_TIMER_MS);
  for (const name of ['backoff', 'throttledBackoff'] as const) {
    const { baseMs, capMs } = settings[name];
    within(`${name}.baseMs`, baseMs, 1, MAX_TIMER_MS);
    within(`${name}.capMs`, capMs, baseMs, MAX_TIMER_MS);
  }
  return Object.freeze(settings);
}

/**
 * Checks a deadline, of a publisher or of one call.
 * @throws RangeError that names the option, its bound and the value given.
 */
export function deadlineWithin(name: string, value: number): void {
  if (value !== Number.POSITIVE_INFINITY) within(name, value, 1, MAX_TIMER_MS);
}

function within(name: string, value: number, least: number, most: number): void {
  // The negation also refuses NaN and what is no number.
  if (!(typeof value === 'number' && value >= least && value <= most)) {
    throw new RangeError(`${name} must be ${least} to ${most}, got ${String(value)}`);
  }
}

function whole(name: string, value: number, least: number, most: number): void {
  within(name, value, least, most);
  if (!Number.isInteger(value)) {
    throw new RangeError(`${name} must be a whole number, got ${value}`);
  }
}
