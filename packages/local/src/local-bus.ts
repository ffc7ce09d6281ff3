import type { AcceptedEvent } from './accepted-event.ts';
import type { DeliveryRecord } from './delivery/delivery-record.ts';
import type { LogLine } from './delivery/log-groups.ts';
import type {
  StateMachineArn,
  StateMachineHandler,
  StreamArn,
  StreamHandler,
  TargetHandler,
  TopicArn,
  TopicHandler,
} from './delivery/target-handlers.ts';
import type { Fault } from './faults/fault.ts';
import type { FaultState } from './faults/fault-plan.ts';
import type { BusSummary } from './journal/bus-summary.ts';
import type { DuplicateEntry } from './journal/duplicate-entries.ts';
import type { LostEntry } from './journal/lost-entries.ts';
import type { RequestRecord } from './journal/request-record.ts';
import type { UnknownBus } from './journal/unknown-buses.ts';
import type { WaitOptions } from './journal/wait-for-event.ts';
import type { LocalRules } from './local-rules/local-rules.ts';

/** An event pattern as an object: `{ source: ['com.acme.orders'] }`. */
export type EventPattern = Readonly<Record<string, unknown>>;

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
  /** What became of each event at each target. It grows; empty with `journal: 'counts'`. */
  readonly deliveries: readonly DeliveryRecord[];
  summary(): BusSummary;
  /** Entries whose sender was told of a success and that no bus has. */
  lost(): readonly LostEntry[];
  /** Buses that events were sent to and that did not exist, with how many they swallowed. */
  unknownBuses(): readonly UnknownBus[];
  /**
   * Calls `look` with the bus at each event that is dropped because its bus does not exist,
   * until the result is called.
   */
  watchUnknownBuses(look: (bus: UnknownBus) => void): () => void;
  /** Payloads that were committed more than once, and by whom. */
  duplicates(): readonly DuplicateEntry[];
  /**
   * With a number: resolves with the events once so many were accepted. With a
   * function: resolves with the first event, past or future, that it says yes to; it is
   * called once an event, in order. With an event pattern: likewise with the first event
   * that matches.
   * @throws Error after `timeoutMs` (default 10,000).
   */
  waitFor(count: number, options?: WaitOptions): Promise<readonly AcceptedEvent[]>;
  waitFor(pattern: EventPattern, options?: WaitOptions): Promise<AcceptedEvent>;
  waitFor(found: (event: AcceptedEvent) => boolean, options?: WaitOptions): Promise<AcceptedEvent>;
  /**
   * Replaces all faults; their counters begin anew.
   * @throws Error that names the fault, the field, the bound and the value.
   */
  setFaults(faults: readonly Fault[]): void;
  /** The faults in force, with how often each was looked at and hit. */
  faults(): readonly FaultState[];
  /**
   * Lets a function or a URL stand for a topic, a stream or a state machine. The function
   * takes the input of the service's call (`Publish`, `PutRecord`, `StartExecution`); the
   * URL is that of an endpoint which answers the call. Errors of the service count as in
   * EventBridge.
   */
  handle(targetArn: TopicArn, handler: TopicHandler): void;
  handle(targetArn: StreamArn, handler: StreamHandler): void;
  handle(targetArn: StateMachineArn, handler: StateMachineHandler): void;
  /**
   * Lets a function, or the URL that payloads are posted to, stand for the target of an
   * ARN.
   */
  handle(targetArn: string, handler: TargetHandler): void;
  /**
   * Makes the bus have these buses, queues, rules, archives and faults, and removes what
   * the call before this one made and this one does not declare.
   * @throws Error that names what is wrong; then nothing was changed.
   */
  applyRules(rules: LocalRules): void;
  /** Names of the rules that an event matched. */
  matchedBy(event: AcceptedEvent): readonly string[];
  /** What targets that are log groups received, oldest first. */
  logs(group: string): readonly LogLine[];
  /** Resolves when no delivery is under way; what waits for a retry does not count. */
  settled(): Promise<void>;
  /** Empties the journals and removes all faults. */
  reset(): void;
  /**
   * Closes the server and every connection, also those that hang. Schedules, replays and
   * retries end.
   */
  stop(): Promise<void>;
}
