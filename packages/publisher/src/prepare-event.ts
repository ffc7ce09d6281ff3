import {
  ContractError,
  checkSealed,
  describeThrown,
  type Producer,
  type PublishableEvent,
  type RejectedOutcome,
  type SealedEvent,
  seal,
} from '@tidings/contract';
import { type Entry, entryOf } from './entry.ts';

/** An event that is ready to be sent, or the reason why it never will be. */
export type Prepared =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'rejected'; readonly outcome: RejectedOutcome };

/** Checks, seals and measures one event. What is malformed never reaches the bus. */
export function prepareEvent(
  event: PublishableEvent,
  eventBusName: string,
  producer: Producer | undefined,
): Prepared {
  try {
    return { kind: 'entry', entry: entryOf(sealedOf(event, producer), eventBusName) };
  } catch (error) {
    const code = error instanceof ContractError ? 'MalformedEvent' : 'NotSerializable';
    // What a `toJSON` or a getter of the data threw may quote it.
    const message =
      error instanceof ContractError ? error.message : `The event ${describeThrown(error)}.`;
    const eventId = eventIdOf(event);
    return {
      kind: 'rejected',
      outcome: { status: 'rejected', eventId, attempts: 0, code, message },
    };
  }
}

function sealedOf(event: PublishableEvent, producer: Producer | undefined): SealedEvent {
  if (typeof event?.detail !== 'string') {
    return seal(
      event as Exclude<PublishableEvent, SealedEvent>,
      producer === undefined ? {} : { producer },
    );
  }
  const sealed = event as SealedEvent;
  checkSealed(sealed);
  return sealed;
}

/** The id of an event that may lack everything. */
function eventIdOf(event: unknown): string {
  const { eventId, detail } = (event ?? {}) as {
    readonly eventId?: unknown;
    readonly detail?: { readonly metadata?: { readonly eventId?: unknown } };
  };
  const id = eventId ?? detail?.metadata?.eventId;
  return typeof id === 'string' ? id : '';
}
