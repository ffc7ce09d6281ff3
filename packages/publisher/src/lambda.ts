import { optionBounds } from '@tidings/contract';
import { callbackGuard } from './callback-guard.ts';
import { enter, type Invocation, openInvocation, runWithin } from './invocation.ts';
import {
  answer,
  type InvocationEnd,
  type InvocationReport,
  type ReportSettings,
  reportOn,
  reportOnConsole,
  settle,
} from './invocation-end.ts';
import { timeLeft } from './lambda-context.ts';
import type { EventBridgePublisher } from './publisher.ts';

export type { InvocationReport } from './invocation-end.ts';

/** Settings of `publishingHandler` and `publishingMiddleware`. */
export interface PublishingOptions {
  /**
   * Milliseconds before the function's time-out at which the last event must be decided: time
   * for dead letters and the answer. Default 1,000, and never more than half of what is left.
   */
  readonly reserveMs?: number;
  /**
   * What to do where events that were added were not accepted, and no dead letter holds them.
   * `throw` fails the invocation with a PublishError, so that whoever invoked it may try again;
   * `report` only reports. Default `throw`.
   */
  readonly onUndelivered?: 'throw' | 'report';
  /** Default: one line of JSON on standard error, with ids and codes. */
  readonly report?: (report: InvocationReport) => void;
}

const NAMES: Record<keyof PublishingOptions, true> = {
  reserveMs: true,
  onUndelivered: true,
  report: true,
};

const { known, oneOf, within } = optionBounds(RangeError);

/** Lambda's longest time-out. */
const LONGEST_MS = 900_000;

/**
 * Wraps a Lambda handler, so that nothing is on its way any more when the environment is frozen:
 *
 * ```ts
 * export const handler = publishingHandler(publisher, async (order) => {
 *   publisher.add(OrderPlaced.create(order));
 *   return { statusCode: 202 };
 * });
 * ```
 *
 * - The default deadline of everything that is published in it, through any publisher, is what
 *   is left of the invocation, less `reserveMs`.
 * - When the handler has ended, also with an error, what was added is flushed and every call
 *   is waited for.
 * - What was not accepted is reported; `onUndelivered` says whether it fails the invocation.
 *   An error of the handler's own goes before.
 *
 * Several invocations may run in one process at the same time. Handlers with a callback, and
 * those that stream their answer, are wrapped as well; inside of a durable function wrap what
 * is given to `withDurableExecution`.
 *
 * @throws RangeError where an option is unknown or out of its bounds.
 */
export function publishingHandler<Arguments extends readonly unknown[], Result>(
  publisher: EventBridgePublisher,
  handler: (...given: Arguments) => Promise<Result> | Result,
  options: PublishingOptions = {},
): (...given: Arguments) => Promise<Result> {
  checkPublisher(publisher);
  if (typeof handler !== 'function') throw new RangeError('handler must be a function');
  const settings = resolveOptions(options);
  return async (...given) => {
    const invocation = openInvocation(timeLeft(given, settings.reserveMs));
    let result: Result;
    try {
      result = await runWithin(invocation, () => callHandler(handler, given));
    } catch (error) {
      reportOn(await settle(invocation, given), settings);
      throw error;
    }
    answer(await settle(invocation, given), settings);
    return result;
  };
}

/** The request that Middy, and what works like it, hands from hook to hook. */
export interface MiddlewareRequest {
  readonly context: unknown;
}

/** `publishingHandler` for Middy: `middy(handler).use(publishingMiddleware(publisher))`. */
export interface PublishingMiddleware {
  before(request: MiddlewareRequest): void;
  after(request: MiddlewareRequest): Promise<void>;
  onError(request: MiddlewareRequest): Promise<void>;
}

/**
 * The same as a middleware of Middy; use it first, so that it ends last. It speaks of the
 * publisher that it is given, and of one invocation at a time: where several run in one
 * process (`publishingHandler` serves them), the deadline is that of the youngest.
 * @throws RangeError where an option is unknown or out of its bounds.
 */
export function publishingMiddleware(
  publisher: EventBridgePublisher,
  options: PublishingOptions = {},
): PublishingMiddleware {
  checkPublisher(publisher);
  const settings = resolveOptions(options);
  const open = new WeakMap<object, Invocation>();

  async function end(request: MiddlewareRequest): Promise<InvocationEnd | undefined> {
    const invocation = open.get(request);
    // `onError` follows an `after` that has thrown.
    if (invocation === undefined) return undefined;
    open.delete(request);
    return settle(invocation, [request.context]);
  }

  return {
    before(request) {
      const invocation = openInvocation(timeLeft([request.context], settings.reserveMs));
      open.set(request, invocation);
      enter(publisher, invocation);
    },
    async after(request) {
      const ended = await end(request);
      if (ended !== undefined) answer(ended, settings);
    },
    async onError(request) {
      const ended = await end(request);
      if (ended !== undefined) reportOn(ended, settings);
    },
  };
}

interface Settings extends ReportSettings {
  readonly reserveMs: number;
}

function resolveOptions(options: PublishingOptions): Settings {
  known('publishingHandler', options, NAMES);
  const { reserveMs = 1_000, onUndelivered = 'throw', report = reportOnConsole } = options;
  if (typeof report !== 'function') throw new RangeError('report must be a function');
  const guarded = callbackGuard().guard('report', report);
  return {
    reserveMs: within('reserveMs', reserveMs, 0, LONGEST_MS),
    onUndelivered: oneOf('onUndelivered', onUndelivered, ['throw', 'report']),
    report: guarded,
  };
}

function checkPublisher(publisher: unknown): void {
  const { add, flush } = (publisher ?? {}) as Partial<EventBridgePublisher>;
  if (typeof add !== 'function' || typeof flush !== 'function') {
    throw new RangeError('publisher must be one such as leanPublisher({ … })');
  }
}

function callHandler<Arguments extends readonly unknown[], Result>(
  handler: (...given: Arguments) => Promise<Result> | Result,
  given: Arguments,
): Promise<Result> {
  const callback = given.at(-1);
  if (typeof callback !== 'function' || handler.length < given.length) {
    return (async (): Promise<Result> => handler(...given))();
  }
  // A handler that takes a callback answers by it, or by a promise.
  return new Promise((resolve, reject) => {
    const answered = (error: unknown, result: Result): void =>
      error === null || error === undefined ? resolve(result) : reject(error as Error);
    const returned: unknown = handler(...([...given.slice(0, -1), answered] as never));
    if (returned instanceof Promise) returned.then(resolve, reject);
  });
}
