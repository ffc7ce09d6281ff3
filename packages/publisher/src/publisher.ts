import {
  type AcceptedOutcome,
  type PublishableEvent,
  PublishError,
  type Publisher,
  type PublishOptions,
  type PublishOutcome,
  type PublishResult,
  type VerifyOptions,
} from '@tidings/contract';
import { busCheck, noBusCheck } from './bus-check.ts';
import { callbackGuard } from './callback-guard.ts';
import type { Timer } from './clock.ts';
import { ABORTED, createDispatcher, type Dispatched } from './dispatcher.ts';
import type { Entry } from './entry.ts';
import { publishStream, type StreamOptions, type StreamSummary } from './event-stream.ts';
import { type Invocation, invocationOf } from './invocation.ts';
import { decide, openLedger } from './ledger.ts';
import { prepareEvent } from './prepare-event.ts';
import {
  checkPublishOptions,
  type PublisherOptions,
  type PublisherSettings,
  resolvePublisherOptions,
} from './publisher-options.ts';
import type { Transport } from './transport.ts';
import { verifyAccess, verifyBusExists } from './verify.ts';

type Events = PublishableEvent | readonly PublishableEvent[];

/** A `Publisher` with what a program of its own needs beside the port. */
export interface EventBridgePublisher extends Publisher {
  /**
   * Publishes in the background: `flush` tells what became of it. Never throws and never
   * leaves a rejection unhandled.
   */
  add(events: Events, options?: PublishOptions): void;
  /**
   * Resolves when everything that was added since the last flush is accepted: within an
   * invocation, what was added in it. `publishingHandler` calls it before a Lambda handler
   * returns.
   * @throws PublishError with the outcome of each added event, in order, otherwise.
   */
  flush(): Promise<readonly AcceptedOutcome[]>;
  /**
   * Publishes events as they are read, in bounded memory: no more are read than the bus
   * takes.
   * @throws PublishError with the outcomes that were not accepted, where no `onFailure`
   * is given; what the source throws. What was read before is settled first.
   */
  publishStream(
    events: AsyncIterable<PublishableEvent> | Iterable<PublishableEvent>,
    options?: StreamOptions,
  ): Promise<StreamSummary>;
}

/**
 * A publisher over any transport. See `Publisher` for what it guarantees.
 * @throws RangeError where an option is unknown or out of its bounds.
 */
export function publisherOver(
  transport: Transport,
  options: PublisherOptions,
): EventBridgePublisher {
  return createPublisher(transport, resolvePublisherOptions(options));
}

/** A publisher whose options have been checked. */
export function createPublisher(
  transport: Transport,
  settings: PublisherSettings,
): EventBridgePublisher {
  const { clock, producer, eventBusName } = settings;
  const dispatcher = createDispatcher(settings, transport);
  const check = settings.verifyBus ? busCheck(settings, transport, dispatcher) : noBusCheck;
  const callbacks = callbackGuard();
  /** What was added outside of any invocation. */
  const outside: Pick<Invocation, 'added'> = { added: [] };
  let closing: Promise<void> | undefined;

  function guarded<Arguments extends readonly unknown[]>(
    name: string,
    callback: ((...given: Arguments) => void) | undefined,
  ): ((...given: Arguments) => void) | undefined {
    return callback === undefined ? undefined : callbacks.guard(name, callback);
  }

  function publishSettled(
    events: Events,
    publishOptions: PublishOptions = {},
  ): Promise<PublishResult> {
    const invocation = invocationOf(publisher);
    if (invocation === undefined) return decideAll(events, publishOptions, settings.deadlineMs);
    // Longer than the invocation lasts, nobody is there to be told.
    const leftMs = Math.max(1, Math.min(settings.deadlineMs, invocation.leftMs()));
    const call = decideAll(events, publishOptions, leftMs);
    const { calls, flushers } = invocation;
    calls.add(call);
    flushers.add(dispatcher.flush);
    const decided = (): void => void calls.delete(call);
    call.then(decided, decided);
    return call;
  }

  function decideAll(
    events: Events,
    publishOptions: PublishOptions,
    defaultDeadlineMs: number,
  ): Promise<PublishResult> {
    if (closing !== undefined) {
      return Promise.reject(new Error('This publisher is closed; create another one.'));
    }
    try {
      checkPublishOptions(publishOptions);
    } catch (error) {
      return Promise.reject(error);
    }
    const { signal, deadlineMs = defaultDeadlineMs } = publishOptions;
    const told = {
      onOutcome: guarded('onOutcome', publishOptions.onOutcome),
      onRetry: guarded('onRetry', publishOptions.onRetry),
    };
    const list = isList(events) ? events : [events];
    if (list.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      let dispatched: Dispatched | undefined;
      const onAbort = (): void => dispatched?.giveUp('Aborted', ABORTED);
      const ledger = openLedger(list.length, told, (result) => {
        if (timer !== undefined) clock.clearTimer(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      });
      const entries: Entry[] = [];
      const indexes: number[] = [];
      for (let index = 0; index < list.length; index += 1) {
        const prepared = prepareEvent(list[index] as PublishableEvent, eventBusName, producer);
        if (prepared.kind === 'rejected') {
          decide(ledger, index, prepared.outcome);
        } else {
          entries.push(prepared.entry);
          indexes.push(index);
        }
      }
      if (entries.length === 0) return;
      check.begin();
      const isAborted = signal?.aborted === true;
      dispatched = dispatcher.dispatch({ entries, indexes, ledger, deadlineMs, isAborted });
      if (ledger.undecided === 0) return;
      if (deadlineMs !== Number.POSITIVE_INFINITY) {
        timer = clock.setTimer(expire, deadlineMs, { dispatched, deadlineMs });
      }
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  async function publish(
    events: Events,
    publishOptions?: PublishOptions,
  ): Promise<readonly AcceptedOutcome[]> {
    return allAccepted(await publishSettled(events, publishOptions));
  }

  async function flush(): Promise<readonly AcceptedOutcome[]> {
    dispatcher.flush();
    const scope = invocationOf(publisher) ?? outside;
    const taken = scope.added;
    scope.added = [];
    const results = await Promise.all(taken);
    return allAccepted(results.flat());
  }

  async function settleAndRelease(): Promise<void> {
    dispatcher.flush();
    const timer = clock.setTimer(
      () => dispatcher.giveUpAll('PublisherClosed', 'The publisher was closed; publish it again.'),
      settings.closeTimeoutMs,
      undefined,
    );
    await dispatcher.idle();
    clock.clearTimer(timer);
    transport.close();
  }

  async function verify({ bus = settings.verifyBus, signal }: VerifyOptions = {}): Promise<void> {
    const wait = { timeoutMs: settings.requestTimeoutMs, signal };
    await verifyAccess(transport, wait);
    if (bus) await verifyBusExists(transport, eventBusName, wait);
  }

  const publisher: EventBridgePublisher = {
    publish,
    publishSettled,
    add(events, publishOptions) {
      const result = publishSettled(events, publishOptions);
      // `flush` reports it; until then it must not count as unhandled.
      result.catch(() => {});
      (invocationOf(publisher) ?? outside).added.push(result);
    },
    flush,
    publishStream: (events, streamOptions = {}) => {
      const maxUndecided = settings.concurrency * settings.maxRequestEntries * 3;
      return publishStream(publisher, clock, events, { maxUndecided, ...streamOptions });
    },
    verify,
    close: () => {
      closing ??= settleAndRelease();
      return closing;
    },
  };
  return publisher;
}

function expire(call: { readonly dispatched: Dispatched; readonly deadlineMs: number }): void {
  const { dispatched, deadlineMs } = call;
  const message = `The event was not accepted within ${deadlineMs} ms; publish it again.`;
  dispatched.giveUp('DeadlineExceeded', message);
}

function allAccepted(outcomes: PublishResult): readonly AcceptedOutcome[] {
  if (outcomes.every(isAccepted)) return outcomes;
  throw new PublishError(outcomes);
}

function isList(events: Events): events is readonly PublishableEvent[] {
  return Array.isArray(events);
}

function isAccepted(outcome: PublishOutcome): outcome is AcceptedOutcome {
  return outcome.status === 'accepted';
}
