import type { AcceptedEvent } from '../accepted-event.ts';
import type { Archive } from '../archive/archive.ts';
import type { Deliverer } from '../delivery/deliverer.ts';
import type { Estate, Region } from '../estate/estate.ts';
import type { EventBus, Rule } from '../estate/event-bus.ts';
import { type RuleIndex, ruleIndex } from '../pattern/rule-index.ts';
import { busAddress } from '../protocol/bus-address.ts';

/** Sends each accepted event to the archives and targets that it is for. */
export interface Router {
  /** @param onlyRules ARNs of the only rules that get it. Default: all. */
  route(event: AcceptedEvent, onlyRules?: ReadonlySet<string>): void;
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

export function createRouter(ports: RouterPorts): Router {
  const { estate, deliverer } = ports;
  const indexes = new Map<EventBus, RuleIndex>();
  const matches = new Map<number, readonly string[]>();

  const indexOf = (bus: EventBus): RuleIndex => {
    let index = indexes.get(bus);
    if (index === undefined) {
      index = ruleIndex();
      for (const rule of bus.rules.values()) {
        if (rule.state === 'DISABLED' || rule.compiled === undefined) continue;
        index.add(`rule ${rule.name}`, rule.compiled);
      }
      for (const archive of archivesOf(bus)) {
        if (archive.compiled !== undefined) index.add(`archive ${archive.name}`, archive.compiled);
      }
      indexes.set(bus, index);
    }
    return index;
  };
  const archivesOf = (bus: EventBus): readonly Archive[] =>
    [...estate.region(bus).archives.values()].filter((each) => each.sourceArn === bus.arn);

  return {
    route(event, onlyRules) {
      const bus = estate.bus(busAddress(event.busArn, event));
      if (bus === undefined) return;
      const index = indexOf(bus);
      const found = index.size === 0 ? [] : index.match(event.text);
      if (event.replayName === undefined && estate.region(bus).archives.size > 0) {
        const matched = new Set(found);
        for (const archive of archivesOf(bus)) {
          if (archive.compiled === undefined || matched.has(`archive ${archive.name}`)) {
            ports.archive(archive, event);
          }
        }
      }
      const names: string[] = [];
      for (const id of found) {
        const rule = id.startsWith('rule ') ? bus.rules.get(id.slice(5)) : undefined;
        if (rule === undefined || (onlyRules !== undefined && !onlyRules.has(rule.arn))) continue;
        names.push(rule.name);
        for (const target of rule.targets.values()) deliverer.deliver(event, rule, target);
      }
      if (ports.keep && names.length > 0) matches.set(event.seq, names);
    },
    deliverBy(rule, event) {
      if (ports.keep) matches.set(event.seq, [rule.name]);
      for (const target of rule.targets.values()) deliverer.deliver(event, rule, target);
    },
    rulesChanged: (bus) => indexes.delete(bus),
    archivesChanged(region) {
      for (const bus of region.buses.values()) indexes.delete(bus);
    },
    matchedBy: (event) => matches.get(event.seq) ?? [],
    clear: () => matches.clear(),
  };
}
