export { AcceptedEvent, type AcceptedEventFields, type DeliveredEvent } from './accepted-event.ts';
export type { ReplayOrder } from './archive/replay-order.ts';
export { type Clock, type ManualClock, manualClock, systemClock } from './clock.ts';
export type { DeliveryRecord } from './delivery/delivery-record.ts';
export type { LogLine } from './delivery/log-groups.ts';
export type {
  PublishInput,
  PutRecordInput,
  StartExecutionInput,
} from './delivery/service-call.ts';
export type {
  ServiceHandler,
  StateMachineArn,
  StateMachineHandler,
  StreamArn,
  StreamHandler,
  TargetContext,
  TargetFunction,
  TargetHandler,
  TopicArn,
  TopicHandler,
} from './delivery/target-handlers.ts';
export type {
  Delay,
  EntryChoice,
  Fault,
  FaultAction,
  FaultMatch,
  FaultWhen,
  RequestFailPreset,
} from './faults/fault.ts';
export type { FaultState } from './faults/fault-plan.ts';
export type { BusSummary } from './journal/bus-summary.ts';
export type { DuplicateEntry, Occurrence } from './journal/duplicate-entries.ts';
export type { LostEntry } from './journal/lost-entries.ts';
export type { EntryRecord, RequestAnswer, RequestRecord } from './journal/request-record.ts';
export type { UnknownBus } from './journal/unknown-buses.ts';
export type { WaitOptions } from './journal/wait-for-event.ts';
export type { EventPattern, LocalBus } from './local-bus.ts';
export type { LocalBusOptions } from './local-bus-options.ts';
export {
  defineLocalRules,
  type LocalArchive,
  type LocalRule,
  type LocalRules,
  type LocalTarget,
} from './local-rules/local-rules.ts';
export type { RecordPages } from './pipe/batch-records.ts';
export { createPipe, type Pipe, type PipeCounts } from './pipe/create-pipe.ts';
export type {
  Enrichment,
  PipeDeadLetter,
  PipeOptions,
  PipeRecord,
  PipeTarget,
} from './pipe/pipe-options.ts';
export { connectLocalBus, type RemoteBus, type RemoteEvent } from './process/connect-local-bus.ts';
export {
  type SpawnedBus,
  type SpawnedBusOptions,
  spawnLocalBus,
} from './process/spawn-local-bus.ts';
export { startLocalBus } from './start-local-bus.ts';
