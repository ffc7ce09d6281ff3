import type { Clock } from '../clock.ts';
import { type CompiledPattern, compilePattern } from '../pattern/compile-pattern.ts';
import { seededRandom } from '../seeded-random.ts';
import type { DeliveryEffect } from './delivery-effect.ts';
import { drawDelay } from './draw-delay.ts';
import type { Fault, FaultAction, FaultMatch } from './fault.ts';
import { type RequestEffect, requestEffect } from './request-effect.ts';
import { type TokenBucket, tokenBucket } from './token-bucket.ts';

/** What a fault can look at in an entry of a request, or in a delivered event. */
export interface EventSubject {
  readonly bus: string;
  readonly source: string | undefined;
  readonly detailType: string | undefined;
  /** JSON text of the event, for `detailPattern`; undefined where it makes none. */
  readonly text: () => string | undefined;
}

/** What a fault can look at in a request. */
export interface RequestSubject {
  readonly op: string;
  readonly attempt: number;
  readonly invocation: string | undefined;
  /** Empty for every operation but PutEvents. */
  readonly entries: readonly EventSubject[];
}

/** What a fault can look at in a delivery. */
export interface DeliverySubject extends EventSubject {
  readonly rule: string;
  readonly target: string;
}

/** What the faults say of one request. */
export interface FaultVerdict {
  /** Of the fault that decided; of a latency where none did. */
  readonly faultId: string | undefined;
  readonly effect: RequestEffect | undefined;
  readonly delayBeforeMs: number;
  readonly delayAfterMs: number;
}

/** The faults in force, with their counters. */
export interface FaultPlan {
  /** True where nothing need be asked. */
  readonly isEmpty: boolean;
  /** Replaces all faults; counters begin anew. */
  set(faults: readonly Fault[]): void;
  list(): readonly FaultState[];
  decide(subject: RequestSubject): FaultVerdict;
  /** Asked once an attempt to deliver. */
  decideDelivery(subject: DeliverySubject): DeliveryEffect | undefined;
  /** Asked once an archived event; milliseconds. */
  archiveLag(): number;
  /** Asked once a replay; after how many events it fails. */
  replayInterrupt(): number | undefined;
}

/** A fault and how often it was looked at and hit. */
export interface FaultState extends Fault {
  readonly id: string;
  readonly seen: number;
  readonly hits: number;
}

interface ArmedFault {
  readonly fault: Fault;
  readonly id: string;
  readonly random: () => number;
  readonly bucket: TokenBucket | undefined;
  readonly pattern: CompiledPattern | undefined;
  seen: number;
  hits: number;
}

const elsewhere: readonly FaultAction['type'][] = ['deliver', 'archive-lag', 'replay-interrupt'];

/** @param seed Where the generators of faults without a seed of their own begin. */
export function createFaultPlan(seed: number, clock: Clock): FaultPlan {
  let armed: readonly ArmedFault[] = [];
  const first = <T extends FaultAction['type']>(
    type: T,
    agrees: (each: ArmedFault) => boolean,
  ): { action: Extract<FaultAction, { type: T }>; random: () => number } | undefined => {
    for (const each of armed) {
      if (each.fault.action.type !== type || !agrees(each)) continue;
      each.seen += 1;
      if (!due(each)) continue;
      each.hits += 1;
      return {
        action: each.fault.action as Extract<FaultAction, { type: T }>,
        random: each.random,
      };
    }
    return undefined;
  };
  return {
    get isEmpty() {
      return armed.length === 0;
    },
    set(faults) {
      armed = faults.map((fault, index) => {
        const pattern = fault.match?.detailPattern;
        return {
          fault,
          id: fault.id ?? `fault-${index + 1}`,
          random: seededRandom(ownSeed(fault) ?? seed + index),
          bucket:
            fault.action.type === 'token-bucket' ? tokenBucket(fault.action, clock) : undefined,
          pattern: pattern === undefined ? undefined : compilePattern(JSON.stringify(pattern)),
          seen: 0,
          hits: 0,
        };
      });
    },
    list: () => armed.map(({ fault, id, seen, hits }) => ({ ...fault, id, seen, hits })),
    decide(subject) {
      let faultId: string | undefined;
      let delayBeforeMs = 0;
      let delayAfterMs = 0;
      for (const each of armed) {
        const { action } = each.fault;
        if (elsewhere.includes(action.type)) continue;
        const chosen = agreeingEntries(each, subject);
        if (chosen === undefined) continue;
        each.seen += 1;
        if (!due(each)) continue;
        if (action.type === 'latency') {
          each.hits += 1;
          const ms = drawDelay(action.delay, each.random);
          if (action.phase === 'after-commit') delayAfterMs += ms;
          else delayBeforeMs += ms;
          faultId ??= each.id;
          continue;
        }
        const effect = requestEffect(action, {
          chosen,
          entryCount: subject.entries.length,
          random: each.random,
          bucket: each.bucket,
        });
        if (effect === undefined) continue;
        each.hits += 1;
        return { faultId: each.id, effect, delayBeforeMs, delayAfterMs };
      }
      return { faultId, effect: undefined, delayBeforeMs, delayAfterMs };
    },
    decideDelivery(subject) {
      const hit = first('deliver', (each) => {
        const { rule, target } = each.fault.match ?? {};
        if (rule !== undefined && rule !== subject.rule) return false;
        if (target !== undefined && target !== subject.target) return false;
        return agreesWithEvent(each, subject);
      });
      if (hit === undefined) return undefined;
      const { action } = hit;
      switch (action.effect) {
        case 'fail':
          return { effect: 'fail', code: action.code ?? 'ERROR_FROM_TARGET' };
        case 'delay':
          return { effect: 'delay', ms: drawDelay(action.delay, hit.random) };
        default:
          return { effect: action.effect };
      }
    },
    archiveLag: () => first('archive-lag', () => true)?.action.ms ?? 0,
    replayInterrupt: () => first('replay-interrupt', () => true)?.action.afterEvents,
  };
}

function ownSeed(fault: Fault): number | undefined {
  const when = fault.when;
  return when !== undefined && 'seed' in when ? when.seed : undefined;
}

/** Indices of the entries that agree, or undefined where the request does not. */
function agreeingEntries(each: ArmedFault, subject: RequestSubject): readonly number[] | undefined {
  const match = each.fault.match ?? {};
  const op = match.op ?? 'PutEvents';
  if (op !== '*' && op !== subject.op) return undefined;
  if (match.attempt !== undefined && match.attempt !== subject.attempt) return undefined;
  if (match.invocation !== undefined && match.invocation !== subject.invocation) return undefined;
  const chosen: number[] = [];
  for (const [index, entry] of subject.entries.entries()) {
    if (match.entryIndex !== undefined && match.entryIndex !== index) continue;
    if (agreesWithEvent(each, entry)) chosen.push(index);
  }
  return asksForEntries(match) && chosen.length === 0 ? undefined : chosen;
}

function asksForEntries(match: FaultMatch): boolean {
  const { bus, source, detailType, detailPattern, entryIndex } = match;
  return [bus, source, detailType, detailPattern, entryIndex].some((each) => each !== undefined);
}

function agreesWithEvent(each: ArmedFault, event: EventSubject): boolean {
  const match = each.fault.match ?? {};
  if (match.bus !== undefined && match.bus !== event.bus) return false;
  if (match.source !== undefined && match.source !== event.source) return false;
  if (match.detailType !== undefined && match.detailType !== event.detailType) return false;
  if (each.pattern === undefined) return true;
  const text = event.text();
  return text !== undefined && each.pattern.matches(text);
}

function due(each: ArmedFault): boolean {
  const when = each.fault.when;
  if (when === undefined) return true;
  if (when.times !== undefined && each.hits >= when.times) return false;
  if (when.nth !== undefined) return when.nth.includes(each.seen);
  if (when.every !== undefined) return each.seen % when.every === 0;
  if (when.first !== undefined) return each.seen <= when.first;
  if (when.probability !== undefined) return each.random() < when.probability;
  return true;
}
