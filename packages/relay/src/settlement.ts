import type { DeadLetter, PublishableEvent, PublishOutcome } from '@tidings/contract';

/**
 * What an outcome means for the record behind the event: it is settled, it must be
 * parked first, or it is still owed to the bus.
 */
export type Settlement =
  | { readonly kind: 'settled' }
  | { readonly kind: 'park'; readonly letter: DeadLetter }
  | { readonly kind: 'owed'; readonly code: string; readonly reason: string };

const settled: Settlement = { kind: 'settled' };

/**
 * Reads one outcome. Only `accepted` settles by itself, and what was rejected and is
 * parked already: a publisher may have dead letters of its own.
 */
export function settlementOf(
  outcome: PublishOutcome,
  event: PublishableEvent,
  source: string,
): Settlement {
  switch (outcome.status) {
    case 'accepted':
      return settled;
    case 'rejected':
      if (outcome.parked === true) return settled;
      return {
        kind: 'park',
        letter: { event, code: outcome.code, reason: outcome.message, source },
      };
    case 'undelivered':
      return { kind: 'owed', code: outcome.code, reason: outcome.message };
  }
}
