import type { Clock } from '../clock.ts';
import type { EntryError } from '../protocol/put-events-entry.ts';
import { seededRandom } from '../seeded-random.ts';
import type { Delay, EntryChoice, Fault, FaultAction, FaultMatch } from './fault.ts';
import { type RequestFailure, requestFailure } from './request-failure.ts';
import { type TokenBucket, tokenBucket } from './token-bucket.ts';

/** What a fault can look at in a request. */
export interface FaultSubject {
  readonly op: string;
  readonly attempt: number;
  readonly invocation: string | undefined;
  /** Empty for every operation but PutEvents. */
  readonly entries: readonly {
    readonly bus: string;
    readonly source: string | undefined;
    readonly detailType: string | undefined;
  }[];
}

/** What a fault makes of a request. */
export type FaultEffect =
  | { readonly type: 'refuse'; readonly failure: RequestFailure }
  | { readonly type: 'fail-entries'; readonly errors: ReadonlyMap<number, EntryError> }
  | { readonly type: 'drop-entries'; readonly dropped: ReadonlySet<number> }
  | Extract<FaultAction, { type: 'commit-then' | 'before-commit' | 'bad-response' }>;

/** What the faults say of one request. */
export interface FaultVerdict {
  /** Of the fault that decided; of a latency where none did. */
  readonly faultId: string | undefined;
  readonly effect: FaultEffect | undefined;
  readonly delayBeforeMs: number;
  readonly delayAfterMs: number;
}

/** The faults in force, with their counters. */
export interface FaultPlan {
  /** Replaces all faults; counters begin anew. */
  set(faults: readonly Fault[]): void;
  list(): readonly FaultState[];
  decide(subject: FaultSubject): FaultVerdict;
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
  seen: number;
  hits: number;
}

/** @param seed Where the generators of faults without a seed of their own begin. */
export function createFaultPlan(seed: number, clock: Clock): FaultPlan {
  let armed: readonly ArmedFault[] = [];
  return {
    set(faults) {
      armed = faults.map((fault, index) => ({
        fault,
        id: fault.id ?? `fault-${index + 1}`,
        random: seededRandom(ownSeed(fault) ?? seed + index),
        bucket: fault.action.type === 'token-bucket' ? tokenBucket(fault.action, clock) : undefined,
        seen: 0,
        hits: 0,
      }));
    },
    list: () => armed.map(({ fault, id, seen, hits }) => ({ ...fault, id, seen, hits })),
    decide(subject) {
      let faultId: string | undefined;
      let delayBeforeMs = 0;
      let delayAfterMs = 0;
      for (const each of armed) {
        const chosen = agreeing(each.fault.match, subject);
        if (chosen === undefined) continue;
        each.seen += 1;
        if (!due(each)) continue;
        const { action } = each.fault;
        if (action.type === 'latency') {
          each.hits += 1;
          const ms = draw(action.delay, each.random);
          if (action.phase === 'after-commit') delayAfterMs += ms;
          else delayBeforeMs += ms;
          faultId ??= each.id;
          continue;
        }
        const effect = effectOf(each, action, chosen, subject.entries.length);
        if (effect === undefined) continue;
        each.hits += 1;
        return { faultId: each.id, effect, delayBeforeMs, delayAfterMs };
      }
      return { faultId, effect: undefined, delayBeforeMs, delayAfterMs };
    },
  };
}

function ownSeed(fault: Fault): number | undefined {
  const when = fault.when;
  return when !== undefined && 'seed' in when ? when.seed : undefined;
}

/** Indices of the entries that agree, or undefined where the request does not. */
function agreeing(
  match: FaultMatch | undefined,
  subject: FaultSubject,
): readonly number[] | undefined {
  const op = match?.op ?? 'PutEvents';
  if (op !== '*' && op !== subject.op) return undefined;
  if (match?.attempt !== undefined && match.attempt !== subject.attempt) return undefined;
  if (match?.invocation !== undefined && match.invocation !== subject.invocation) return undefined;
  const asksForEntries =
    match?.bus !== undefined ||
    match?.source !== undefined ||
    match?.detailType !== undefined ||
    match?.entryIndex !== undefined;
  const chosen: number[] = [];
  for (const [index, entry] of subject.entries.entries()) {
    if (match?.bus !== undefined && match.bus !== entry.bus) continue;
    if (match?.source !== undefined && match.source !== entry.source) continue;
    if (match?.detailType !== undefined && match.detailType !== entry.detailType) continue;
    if (match?.entryIndex !== undefined && match.entryIndex !== index) continue;
    chosen.push(index);
  }
  return asksForEntries && chosen.length === 0 ? undefined : chosen;
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

function effectOf(
  each: ArmedFault,
  action: Exclude<FaultAction, { type: 'latency' }>,
  chosen: readonly number[],
  entryCount: number,
): FaultEffect | undefined {
  switch (action.type) {
    case 'entry-fail': {
      const error = { code: action.code, message: action.message ?? `${action.code} (a fault)` };
      const failed = choose(action, chosen, each.random);
      if (failed.length === 0) return undefined;
      return { type: 'fail-entries', errors: new Map(failed.map((index) => [index, error])) };
    }
    case 'silent-drop': {
      const dropped = choose(action, chosen, each.random);
      return dropped.length === 0 ? undefined : { type: 'drop-entries', dropped: new Set(dropped) };
    }
    case 'request-fail':
      return { type: 'refuse', failure: requestFailure(action) };
    case 'token-bucket': {
      const over = each.bucket?.take(entryCount) ?? [];
      if (over.length === 0) return undefined;
      if (action.scope === 'request') {
        return {
          type: 'refuse',
          failure: requestFailure({ type: 'request-fail', preset: 'throttle' }),
        };
      }
      const error = { code: 'ThrottlingException', message: 'Rate exceeded' };
      return { type: 'fail-entries', errors: new Map(over.map((index) => [index, error])) };
    }
    default:
      return action;
  }
}

function choose(
  choice: EntryChoice,
  chosen: readonly number[],
  random: () => number,
): readonly number[] {
  if (choice.indices !== undefined) {
    const { indices } = choice;
    return chosen.filter((index) => indices.includes(index));
  }
  if (choice.fraction === undefined) return chosen;
  const pool = [...chosen];
  const picked: number[] = [];
  for (let left = Math.ceil(choice.fraction * chosen.length); left > 0; left -= 1) {
    picked.push(...pool.splice(Math.floor(random() * pool.length), 1));
  }
  return picked;
}

function draw(delay: Delay, random: () => number): number {
  if ('fixed' in delay) return delay.fixed;
  if ('uniform' in delay)
    return delay.uniform[0] + random() * (delay.uniform[1] - delay.uniform[0]);
  // Box-Muller; 1 - random() keeps the logarithm finite.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return delay.lognormal.median * Math.exp(delay.lognormal.sigma * normal);
}
