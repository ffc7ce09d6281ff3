import {
  type AcceptedOutcome,
  type PublishableEvent,
  PublishError,
  type Publisher,
  type PublishOptions,
  type PublishOutcome,
  type PublishResult,
  type SealedEvent,
  seal,
} from '@tidings/contract';
import type { Timer } from './clock.ts';
import { createDispatcher, type Dispatched } from './dispatcher.ts';
import { type Entry, entryOf } from './entry.ts';
import { decide, openLedger } from './ledger.ts';
import {
  deadlineWithin,
  type PublisherOptions,
  resolvePublisherOptions,
} from './publisher-options.ts';
import type { Transport } from './transport.ts';
import { verifyTransport } from './verify-transport.ts';

/**
 * A publisher over any transport. See `Publisher` for what it guarantees.
 * @throws RangeError where an option is out of its bounds.
 */
export function publisherOver(transport: Transport, options: PublisherOptions): Publisher {
  const settings = resolvePublisherOptions(options);
  const { clock, producer, eventBusName, maxEventBytes } = settings;
  const sealOptions = producer === undefined ? {} : { producer };
  const dispatcher = createDispatcher(settings, transport);
  let closing: Promise<void> | undefined;

  function prepare(event: PublishableEvent): Entry | PublishOutcome {
    let sealed: SealedEvent;
    try {
      sealed = isSealed(event) ? event : seal(event, sealOptions);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return rejected(
        eventIdOf(event),
        'NotSerializable',
        `The event cannot be written as JSON (${reason}); keep to strings, numbers, booleans, null, arrays and plain objects.`,
      );
    }
    const entry = entryOf(sealed, eventBusName);
    if (entry.bytes <= maxEventBytes) return entry;
    return rejected(
      sealed.eventId,
      'EventTooLarge',
      `The event has ${entry.bytes} bytes and the bus takes ${maxEventBytes}; put the large part elsewhere and publish a reference to it.`,
    );
  }

  function publishSettled(
    events: PublishableEvent | readonly PublishableEvent[],
    { signal, deadlineMs = settings.deadlineMs, onOutcome }: PublishOptions = {},
  ): Promise<PublishResult> {
    if (closing !== undefined) {
      return Promise.reject(new Error('This publisher is closed; create another one.'));
    }
    try {
      deadlineWithin('deadlineMs', deadlineMs);
    } catch (error) {
      return Promise.reject(error);
    }
    const list = isList(events) ? events : [events];
    if (list.length === 0) return Promise.resolve([]);
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      let dispatched: Dispatched | undefined;
      const onAbort = (): void =>
        dispatched?.giveUp('Aborted', 'The caller gave the event up before it was accepted.');
      const ledger = openLedger(list.length, onOutcome, (result) => {
        if (timer !== undefined) clock.clearTimer(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve(result);
      });
      const entries: Entry[] = [];
      const indexes: number[] = [];
      for (const [index, event] of list.entries()) {
        const prepared = prepare(event);
        if ('status' in prepared) {
          decide(ledger, index, prepared);
        } else {
          entries.push(prepared);
          indexes.push(index);
        }
      }
      if (entries.length === 0) return;
      dispatched = dispatcher.dispatch({ entries, indexes, ledger, deadlineMs });
      if (deadlineMs !== Number.POSITIVE_INFINITY) {
        timer = clock.setTimer(expire, deadlineMs, { dispatched, deadlineMs });
      }
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) onAbort();
    });
  }

  async function publish(
    events: PublishableEvent | readonly PublishableEvent[],
    publishOptions?: PublishOptions,
  ): Promise<readonly AcceptedOutcome[]> {
    const outcomes = await publishSettled(events, publishOptions);
    if (outcomes.every(isAccepted)) return outcomes;
    throw new PublishError(outcomes);
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

  return {
    publish,
    publishSettled,
    verify: () => verifyTransport(transport, settings.requestTimeoutMs),
    close: () => {
      closing ??= settleAndRelease();
      return closing;
    },
  };
}

function expire(call: { readonly dispatched: Dispatched; readonly deadlineMs: number }): void {
  call.dispatched.giveUp(
    'DeadlineExceeded',
    `The event was not accepted within ${call.deadlineMs} ms; publish it again.`,
  );
}

function isSealed(event: PublishableEvent): event is SealedEvent {
  return typeof event.detail === 'string';
}

function isList(
  events: PublishableEvent | readonly PublishableEvent[],
): events is readonly PublishableEvent[] {
  return Array.isArray(events);
}

function isAccepted(outcome: PublishOutcome): outcome is AcceptedOutcome {
  return outcome.status === 'accepted';
}

function eventIdOf(event: PublishableEvent): string {
  return isSealed(event) ? event.eventId : event.detail.metadata.eventId;
}

function rejected(eventId: string, code: string, message: string): PublishOutcome {
  return { status: 'rejected', eventId, attempts: 0, code, message };
}
