import { type BusDirectory, createBusDirectory } from './bus-directory.ts';
import { createFaultPlan, type FaultPlan } from './faults/fault-plan.ts';
import { type BusSummary, summarize } from './journal/bus-summary.ts';
import { createEventJournal, type EventJournal } from './journal/event-journal.ts';
import { createRequestJournal, type RequestJournal } from './journal/request-journal.ts';
import type { ResolvedBusOptions } from './local-bus-options.ts';
import type { PutEventsBus } from './protocol/put-events.ts';

/** The bus without its server: what requests and the control API work on. */
export interface BusCore extends PutEventsBus {
  readonly options: ResolvedBusOptions;
  readonly directory: BusDirectory;
  readonly faults: FaultPlan;
  readonly requests: RequestJournal;
  readonly events: EventJournal;
  summary(): BusSummary;
  /** Empties the journals and removes all faults. */
  reset(): void;
}

export function createBusCore(options: ResolvedBusOptions): BusCore {
  const keep = options.journal === 'full';
  const faults = createFaultPlan(options.seed, options.clock);
  const requests = createRequestJournal(keep);
  const events = createEventJournal(keep);
  faults.set(options.faults);
  return {
    options,
    directory: createBusDirectory(options.buses),
    faults,
    requests,
    events,
    now: options.clock.now,
    accept: (fields) => events.append(fields),
    summary: () => summarize(requests, events),
    reset() {
      faults.set([]);
      requests.clear();
      events.clear();
    },
  };
}
