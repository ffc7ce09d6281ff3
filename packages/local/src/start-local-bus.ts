import type { AcceptedEvent } from './accepted-event.ts';
import { createBusCore } from './bus-core.ts';
import type { AnyHandler } from './delivery/target-handlers.ts';
import { parseFaults } from './faults/parse-faults.ts';
import { duplicateEntries } from './journal/duplicate-entries.ts';
import { lostEntries } from './journal/lost-entries.ts';
import { type WaitOptions, waitForEvent } from './journal/wait-for-event.ts';
import type { EventPattern, LocalBus } from './local-bus.ts';
import { type LocalBusOptions, resolveBusOptions } from './local-bus-options.ts';
import { type AppliedRules, applyLocalRules } from './local-rules/apply-local-rules.ts';
import { compilePattern } from './pattern/compile-pattern.ts';
import { listen } from './server/bus-server.ts';

/**
 * Starts a bus that real AWS clients take for EventBridge.
 * @throws Error when an option is out of bounds or the port is taken; then its `cause` has the
 * code `EADDRINUSE`.
 */
export async function startLocalBus(options: LocalBusOptions = {}): Promise<LocalBus> {
  const bus = createBusCore(await resolveBusOptions(options));
  const server = await listen(bus);
  const host = bus.options.host.includes(':') ? `[${bus.options.host}]` : bus.options.host;
  const url = `http://${host}:${server.port}`;
  try {
    bus.listensOn(url);
  } catch (error) {
    await server.close();
    throw error;
  }
  const { events } = bus;
  let applied: AppliedRules | undefined;

  function waitFor(count: number, wait?: WaitOptions): Promise<readonly AcceptedEvent[]>;
  function waitFor(pattern: EventPattern, wait?: WaitOptions): Promise<AcceptedEvent>;
  function waitFor(
    found: (event: AcceptedEvent) => boolean,
    wait?: WaitOptions,
  ): Promise<AcceptedEvent>;
  async function waitFor(
    wanted: number | EventPattern | ((event: AcceptedEvent) => boolean),
    wait?: WaitOptions,
  ): Promise<AcceptedEvent | readonly AcceptedEvent[]> {
    if (typeof wanted === 'function') {
      return await waitForEvent(events, wanted, 'an event that the function accepts', wait);
    }
    if (typeof wanted === 'object') {
      const text = JSON.stringify(wanted);
      const pattern = compilePattern(text);
      const matches = (event: AcceptedEvent): boolean => pattern.matches(event.text);
      return await waitForEvent(events, matches, `an event that matches ${text}`, wait);
    }
    if (events.accepted < wanted) {
      await waitForEvent(events, () => events.accepted >= wanted, `${wanted} events`, wait);
    }
    return events.events;
  }

  return {
    url,
    port: server.port,
    events: events.events,
    requests: bus.requests.records,
    occurrences: events.occurrences,
    deliveries: bus.deliverer.records,
    summary: bus.summary,
    lost: () => lostEntries(bus.requests.records),
    unknownBuses: bus.unknownBuses.list,
    watchUnknownBuses: bus.unknownBuses.watch,
    duplicates: () => duplicateEntries(bus.requests.records),
    waitFor,
    setFaults: (faults) => bus.faults.set(parseFaults(faults)),
    faults: bus.faults.list,
    handle: (arn: string, handler: AnyHandler) => void bus.handlers.set(arn, handler),
    applyRules(rules) {
      applied = applyLocalRules(bus, rules, applied);
    },
    matchedBy: bus.router.matchedBy,
    logs: bus.logs.read,
    settled: bus.deliverer.settled,
    reset: bus.reset,
    stop() {
      bus.stop();
      return server.close();
    },
  };
}
