import type { AcceptedEvent } from './accepted-event.ts';
import type { Fault } from './faults/fault.ts';
import type { FaultState } from './faults/fault-plan.ts';
import type { BusSummary } from './journal/bus-summary.ts';
import type { LostEntry } from './journal/lost-entries.ts';
import type { RequestRecord } from './journal/request-record.ts';
import type { WaitOptions } from './journal/wait-for-event.ts';

/** A running bus. */
export interface LocalBus {
  /** For example `http://127.0.0.1:40123`: what the SDK takes as `endpoint`. */
  readonly url: string;
  readonly port: number;
  /** Accepted events in the order of acceptance. It grows; empty with `journal: 'counts'`. */
  readonly events: readonly AcceptedEvent[];
  /** Requests in the order of arrival. It grows; empty with `journal: 'counts'`. */
  readonly requests: readonly RequestRecord[];
  /** How often each `detail.metadata.eventId` was accepted. */
  readonly occurrences: ReadonlyMap<string, number>;
  summary(): BusSummary;
  /** Entries whose sender was told of a success and that no bus has. */
  lost(): readonly LostEntry[];
  /**
   * With a number: resolves with the events once so many were accepted. With a
   * function: resolves with the first event, past or future, that it says yes to; it is
   * called once an event, in order.
   * @throws Error after `timeoutMs` (default 10,000).
   */
  waitFor(count: number, options?: WaitOptions): Promise<readonly AcceptedEvent[]>;
  waitFor(found: (event: AcceptedEvent) => boolean, options?: WaitOptions): Promise<AcceptedEvent>;
  /**
   * Replaces all faults; their counters begin anew.
   * @throws Error that names the fault, the field, the bound and the value.
   */
  setFaults(faults: readonly Fault[]): void;
  /** The faults in force, with how often each was looked at and hit. */
  faults(): readonly FaultState[];
  /** Empties the journals and removes all faults. */
  reset(): void;
  /** Closes the server and every connection, also those that hang. */
  stop(): Promise<void>;
}
