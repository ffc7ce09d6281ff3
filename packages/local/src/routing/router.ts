import type { AcceptedEvent } from '../accepted-event.ts';
import type { Archive } from '../archive/archive.ts';
import type { Deliverer } from '../delivery/deliverer.ts';
import type { Estate, Region } from '../estate/estate.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import { type RuleIndex, ruleIndex } from '../pattern/rule-index.ts';

/** Sends each accepted event to the archives and targets that it is for. */
export interface Router {
  /** @param onlyRules ARNs of the only rules that get it. Default: all. */
  route(event: AcceptedEvent, bus: EventBus, onlyRules?: ReadonlySet<string>): void;
  /** Hands an event to the targets of one rule, whatever its pattern is. */
  deliverBy(rule: Rule, event: AcceptedEvent): void;
  /** To be called when rules of the bus came, went or changed. */
  rulesChanged(bus: EventBus): void;
  archivesChanged(region: Region): void;
  /** Names of the rules that an event matched; empty with `keep` false. */
  matchedBy(event: AcceptedEvent): readonly string[];
  clear(): void;
}

export interface RouterPorts {
  readonly estate: Estate;
  readonly deliverer: Deliverer;
  readonly archive: (archive: Archive, event: AcceptedEvent) => void;
  /** False remembers no matches. */
  readonly keep: boolean;
}

/** Where the events of a bus go, until its rules or archives change. */
interface Routes {
  readonly index: RuleIndex;
  /** By their ids in the index. */
  readonly rules: ReadonlyMap<string, Rule>;
  readonly archives: ReadonlyMap<string, Archive>;
  /** Archives without a pattern. */
  readonly archivesOfAll: readonly Archive[];
}

export function createRouter(ports: RouterPorts): Router {
  const { estate, deliverer } = ports;
  const routes = new Map<EventBus, Routes>();
  const matches = new Map<number, readonly string[]>();

  const routesOf = (bus: EventBus): Routes => {
    let found = routes.get(bus);
    if (found === undefined) {
      found = planRoutes(bus, estate.region(bus));
      routes.set(bus, found);
    }
    return found;
  };

  return {
    route(event, bus, onlyRules) {
      const { index, rules, archives, archivesOfAll } = routesOf(bus);
      // A replayed event is not archived a second time.
      const isArchived = event.replayName === undefined;
      if (isArchived) for (const archive of archivesOfAll) ports.archive(archive, event);
      if (index.size === 0) return;
      const { text } = event;
      const names: string[] = [];
      for (const id of index.match(text)) {
        const archive = archives.get(id);
        if (archive !== undefined && isArchived) ports.archive(archive, event);
        const rule = rules.get(id);
        if (rule === undefined || (onlyRules !== undefined && !onlyRules.has(rule.arn))) continue;
        names.push(rule.name);
        for (const target of rule.targets.values()) deliverer.deliver(event, rule, target, text);
      }
      if (ports.keep && names.length > 0) matches.set(event.seq, names);
    },
    deliverBy(rule, event) {
      if (ports.keep) matches.set(event.seq, [rule.name]);
      for (const target of rule.targets.values()) deliverer.deliver(event, rule, target);
    },
    rulesChanged: (bus) => routes.delete(bus),
    archivesChanged(region) {
      for (const bus of region.buses.values()) routes.delete(bus);
    },
    matchedBy: (event) => matches.get(event.seq) ?? [],
    clear: () => matches.clear(),
  };
}

function planRoutes(bus: EventBus, region: Region): Routes {
  const index = ruleIndex();
  const rules = new Map<string, Rule>();
  const archives = new Map<string, Archive>();
  const archivesOfAll: Archive[] = [];
  for (const archive of region.archives.values()) {
    if (archive.sourceArn !== bus.arn) continue;
    if (archive.compiled === undefined) {
      archivesOfAll.push(archive);
      continue;
    }
    const id = `archive ${archive.name}`;
    archives.set(id, archive);
    index.add(id, archive.compiled);
  }
  for (const rule of bus.rules.values()) {
    if (rule.state === 'DISABLED' || rule.compiled === undefined) continue;
    const id = `rule ${rule.name}`;
    rules.set(id, rule);
    index.add(id, rule.compiled);
  }
  return { index, rules, archives, archivesOfAll };
}
