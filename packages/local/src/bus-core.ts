import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyEventContract } from '@tidings/contract';
import type { AcceptedEvent, NewEvent } from './accepted-event.ts';
import { runReplay } from './archive/run-replay.ts';
import { stoppableClock } from './clock.ts';
import { type ArchiveFiles, createArchiveFiles } from './data/archive-files.ts';
import {
  createOperationLog,
  type LoggedOperation,
  type OperationLog,
} from './data/operation-log.ts';
import { createAccessTokens } from './delivery/access-tokens.ts';
import { authorizeConnection } from './delivery/authorize-connection.ts';
import { sendDeadLetter } from './delivery/dead-letter.ts';
import { createDeliverer, type Deliverer } from './delivery/deliverer.ts';
import { createLogGroups, type LogGroups } from './delivery/log-groups.ts';
import { sendToTarget } from './delivery/send-to-target.ts';
import type { AnyHandler } from './delivery/target-handlers.ts';
import { createEstate, type Estate } from './estate/estate.ts';
import type { EventBus } from './estate/event-bus.ts';
import { createFaultPlan, type FaultPlan } from './faults/fault-plan.ts';
import { type BusSummary, summarize } from './journal/bus-summary.ts';
import { createEventJournal, type EventJournal } from './journal/event-journal.ts';
import { createRequestJournal, type RequestJournal } from './journal/request-journal.ts';
import { createUnknownBuses, type UnknownBuses } from './journal/unknown-buses.ts';
import type { ResolvedBusOptions } from './local-bus-options.ts';
import { apiDestinationOperations } from './operations/api-destination-operations.ts';
import { archiveOperations } from './operations/archive-operations.ts';
import { connectionOperations } from './operations/connection-operations.ts';
import { eventBusOperations } from './operations/event-bus-operations.ts';
import { permissionOperations } from './operations/permission-operations.ts';
import { replayOperations } from './operations/replay-operations.ts';
import { ruleOperations } from './operations/rule-operations.ts';
import { tagOperations } from './operations/tag-operations.ts';
import { targetOperations } from './operations/target-operations.ts';
import { testEventPattern } from './operations/test-event-pattern.ts';
import type { Operations, Origin } from './protocol/operation.ts';
import type { PutEventsBus } from './protocol/put-events.ts';
import { ServiceError } from './protocol/service-error.ts';
import { forwardEvent } from './routing/forward-event.ts';
import { createRouter, type Router } from './routing/router.ts';
import { createScheduler } from './schedule/scheduler.ts';
import { seededRandom } from './seeded-random.ts';
import { createQueues, type Queues } from './sqs/queues.ts';
import { sqsOperations } from './sqs/sqs-operations.ts';

/** The services that the bus answers for. */
export type Service = 'events' | 'sqs';

/** The bus without its server: what requests, the control API and the page work on. */
export interface BusCore extends PutEventsBus {
  readonly options: ResolvedBusOptions;
  readonly estate: Estate;
  readonly faults: FaultPlan;
  readonly requests: RequestJournal;
  readonly events: EventJournal;
  readonly unknownBuses: UnknownBuses;
  readonly deliverer: Deliverer;
  readonly router: Router;
  readonly queues: Queues;
  readonly logs: LogGroups;
  /** Contracts whose events can be sent by hand. */
  contracts: readonly AnyEventContract[];
  /** What stands for targets, by ARN. */
  readonly handlers: Map<string, AnyHandler>;
  /**
   * @param isDeclared True where the caller brings the operation again after a restart, so
   * that it need not be remembered.
   * @throws ServiceError in the service's words.
   */
  perform(
    service: Service,
    op: string,
    input: unknown,
    origin: Origin,
    isDeclared?: boolean,
  ): object | Promise<object>;
  /** To be called once it is known where the bus listens. */
  listensOn(url: string): void;
  summary(): BusSummary;
  /** Empties the journals and removes all faults; what exists stays. */
  reset(): void;
  /** Ends all that waits: schedules, replays, retries. */
  stop(): void;
  /** Calls `look` after each reset, until the result is called. */
  watchResets(look: () => void): () => void;
}

export function createBusCore(options: ResolvedBusOptions): BusCore {
  const clock = stoppableClock(options.clock);
  const keep = options.journal === 'full';
  let url = '';
  let replays = 0;
  let isRepeating = false;
  const resetWatchers = new Set<() => void>();
  const faults = createFaultPlan(options.seed, clock);
  const requests = createRequestJournal(keep);
  const events = createEventJournal(keep);
  const estate = createEstate(options.buses, clock.now);
  const unknownBuses = createUnknownBuses(estate);
  const queues = createQueues(clock, () => url);
  const logs = createLogGroups();
  const tokens = createAccessTokens(clock);
  const handlers = new Map<string, AnyHandler>(Object.entries(options.targets));
  const files = options.data === undefined ? undefined : openData(options.data);

  const accept = (
    fields: NewEvent,
    bus: EventBus,
    onlyRules?: ReadonlySet<string>,
  ): AcceptedEvent => {
    const event = events.append(fields);
    router.route(event, bus, onlyRules);
    return event;
  };
  const deliverer = createDeliverer({
    clock,
    keep,
    random: seededRandom(options.seed),
    send: sendToTarget({
      clock,
      estate,
      queues,
      logs,
      tokens,
      handlers,
      forward: (event, rule, target) =>
        forwardEvent(
          { estate, organization: options.organization, now: clock.now, accept },
          event,
          rule,
          target,
        ),
    }),
    faults: (event, rule, target) =>
      faults.isEmpty
        ? undefined
        : faults.decideDelivery({
            rule,
            target,
            bus: event.bus,
            source: event.source,
            detailType: event.detailType,
            text: () => event.text,
          }),
    deadLetter: (letter) => sendDeadLetter(queues, letter),
  });
  const router: Router = createRouter({
    estate,
    deliverer,
    keep,
    archive(archive, event) {
      const archivedAt = clock.now();
      const archived = { archivedAt, visibleAt: archivedAt + faults.archiveLag(), event };
      archive.events.push(archived);
      files?.archives.append(archive, archived);
    },
  });
  const scheduler = createScheduler({
    clock,
    send: (fields, rule) => router.deliverBy(rule, events.append(fields)),
  });
  const operations: Readonly<Record<Service, Operations>> = {
    events: {
      ...eventBusOperations(estate),
      ...permissionOperations(estate),
      ...ruleOperations(estate, (bus) => {
        router.rulesChanged(bus);
        scheduler.rulesChanged(bus);
      }),
      ...targetOperations(estate),
      ...testEventPattern,
      ...archiveOperations(estate, (region, { created, removed }) => {
        router.archivesChanged(region);
        // While the log is repeated, a later line may make an archive of this name again.
        if (isRepeating) return;
        if (created !== undefined) files?.archives.load(created);
        if (removed !== undefined) files?.archives.remove(removed);
      }),
      ...replayOperations(estate, (archive, replay, bus) => {
        replays += 1;
        const interruptAfter = faults.replayInterrupt();
        const random = seededRandom(options.seed + replays);
        const order = options.replayOrder;
        const acceptAgain = (fields: NewEvent, onlyRules?: ReadonlySet<string>): void => {
          accept(fields, bus, onlyRules);
        };
        runReplay({ clock, accept: acceptAgain, interruptAfter, order, random }, archive, replay);
      }),
      ...connectionOperations(estate, (region, connection) =>
        authorizeConnection({ clock, tokens }, region, connection),
      ),
      ...apiDestinationOperations(estate),
      ...tagOperations(estate),
    },
    sqs: sqsOperations(queues, clock),
  };
  faults.set(options.faults);

  const core: BusCore = {
    options,
    estate,
    faults,
    requests,
    events,
    unknownBuses,
    deliverer,
    router,
    queues,
    logs,
    handlers,
    contracts: [],
    now: clock.now,
    accept,
    perform(service, op, input, origin, isDeclared = false) {
      const operation = Object.hasOwn(operations[service], op)
        ? operations[service][op]
        : undefined;
      if (operation === undefined) {
        throw new ServiceError('UnknownOperationException', `${op} is not an operation here.`);
      }
      const at = clock.now();
      const { account, region } = origin;
      const output = operation.run(input, { ...origin, now: at });
      if (operation.mutates && !isDeclared) {
        files?.log.append({ at, service, op, account, region, input });
      }
      return output;
    },
    listensOn(baseUrl) {
      url = baseUrl;
      isRepeating = true;
      for (const logged of files?.log.read() ?? []) repeat(operations, logged);
      isRepeating = false;
      for (const region of estate.regions()) {
        for (const archive of region.archives.values()) {
          files?.archives.load(archive);
          files?.archives.compact(archive, clock.now());
        }
      }
      const home = { account: options.account, region: options.region };
      for (const name of options.queues) {
        if (queues.find(name, home) === undefined) queues.create(name, home);
      }
    },
    summary: () => summarize(requests, events),
    reset() {
      faults.set([]);
      requests.clear();
      events.clear();
      unknownBuses.clear();
      deliverer.clear();
      router.clear();
      logs.clear();
      for (const look of resetWatchers) look();
    },
    stop: clock.stop,
    watchResets(look) {
      resetWatchers.add(look);
      return () => resetWatchers.delete(look);
    },
  };
  return core;
}

/** What is there already, because an option made it, stays as it is. */
function repeat(operations: Readonly<Record<string, Operations>>, logged: LoggedOperation): void {
  const { service, op, input, account, region, at } = logged;
  try {
    void operations[service]?.[op]?.run(input, { account, region, now: at });
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
  }
}

function openData(folder: string): { readonly log: OperationLog; readonly archives: ArchiveFiles } {
  mkdirSync(folder, { recursive: true });
  return {
    log: createOperationLog(join(folder, 'operations.jsonl')),
    archives: createArchiveFiles(join(folder, 'archives')),
  };
}
