import type { Backoff } from '@tidings/contract';
import type { AcceptedEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import type { DeliveryEffect } from '../faults/delivery-effect.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import { failed, refused, type SendFailure, type SendResult, sent } from './send-result.ts';
import { InvalidPayloadError, targetPayload } from './target-payload.ts';

/** Hands a payload to a target. */
export type Send = (
  payload: string,
  context: { readonly event: AcceptedEvent; readonly rule: Rule; readonly target: Target },
) => Promise<SendResult> | SendResult;

export interface DelivererPorts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly send: Send;
  readonly faults: (
    event: AcceptedEvent,
    rule: string,
    target: string,
  ) => DeliveryEffect | undefined;
  /** False where there is no such queue. */
  readonly deadLetter: (letter: DeadLetter) => boolean;
  /** False keeps no records. */
  readonly keep: boolean;
}

/**
 * Delivers events to targets:
 *
 *     sending -> delivered
 *     sending -> waiting -> sending ...
 *     sending -> dead-lettered | dropped
 *
 * A failure that the target may recover from is tried again with back-off and full
 * jitter, until the target's retry policy is used up; any other goes to the
 * dead-letter queue at once.
 */
export interface Deliverer {
  readonly records: readonly DeliveryRecord[];
  /** @param text The event's, where it is known already. */
  deliver(event: AcceptedEvent, rule: Rule, target: Target, text?: string): void;
  /** Called with each record as it changes, until the result is called. */
  watch(look: (record: DeliveryRecord) => void): () => void;
  /** Resolves when nothing is being sent; what waits for a retry does not count. */
  settled(): Promise<void>;
  clear(): void;
}

const backoff: Backoff = { baseMs: 1_000, capMs: 600_000 };
const defaultAttempts = 185;
const defaultAgeSeconds = 86_400;
/** A delivery that a fault put behind the next one waits no longer for it than this. */
const maxHeldBackMs = 1_000;
/** Attempts under way at once; more wait their turn. */
const maxSending = 256;

type OpenRecord = { -readonly [K in keyof DeliveryRecord]: DeliveryRecord[K] };

/** One attempt to hand an event to a target. */
interface Attempt {
  readonly record: OpenRecord;
  readonly event: AcceptedEvent;
  readonly rule: Rule;
  readonly target: Target;
  readonly effect: DeliveryEffect | undefined;
  /** The event's, where it is known already. */
  readonly text: string | undefined;
}

export function createDeliverer(ports: DelivererPorts): Deliverer {
  const { clock } = ports;
  const records: OpenRecord[] = [];
  const watchers = new Set<(record: DeliveryRecord) => void>();
  const idle = new Set<() => void>();
  const waiting = fifo<Attempt>();
  const heldBack = new Map<string, () => void>();
  let sending = 0;
  let seq = 0;

  const tell = (
    record: OpenRecord,
    state: DeliveryRecord['state'],
    failure?: SendFailure,
  ): void => {
    record.state = state;
    if (failure !== undefined) {
      record.errorCode = failure.code;
      record.errorMessage = failure.message;
    }
    for (const look of watchers) look(record);
  };

  const start = (attempt: Attempt): void => {
    if (sending < maxSending) void run(attempt);
    // Many may wait, and each would keep a second copy of its event.
    else waiting.push({ ...attempt, text: undefined });
  };
  const run = async (attempt: Attempt): Promise<void> => {
    sending += 1;
    try {
      attempt.record.attempts += 1;
      tell(attempt.record, 'sending');
      const result = await handOver(attempt);
      if (result.ok) tell(attempt.record, 'delivered');
      else await conclude(attempt, result);
    } catch (error) {
      // A delivery that fails where none should is told as one, and ends nothing else.
      tell(attempt.record, 'dropped', refused('INTERNAL_ERROR', messageOf(error)));
    }
    sending -= 1;
    const next = waiting.shift();
    if (next !== undefined) start(next);
    else if (sending === 0) {
      for (const resolve of idle) resolve();
      idle.clear();
    }
  };

  const handOver = (attempt: Attempt): Promise<SendResult> | SendResult => {
    const { event, rule, target, effect, text } = attempt;
    if (effect?.effect === 'fail') return failed(effect.code, 'A fault failed the delivery.');
    if (effect?.effect === 'drop') return sent;
    let payload: string;
    try {
      payload = targetPayload(target, rule, event, text);
    } catch (error) {
      const code = error instanceof InvalidPayloadError ? 'INVALID_JSON' : 'INVALID_PARAMETER';
      return refused(code, messageOf(error));
    }
    return send(payload, attempt);
  };
  const send = async (payload: string, attempt: Attempt): Promise<SendResult> => {
    try {
      const result = await ports.send(payload, attempt);
      return attempt.effect?.effect === 'duplicate' ? await ports.send(payload, attempt) : result;
    } catch (error) {
      return failed('ERROR_FROM_TARGET', messageOf(error));
    }
  };

  /** Waits for the next attempt, or gives up. */
  const conclude = async (attempt: Attempt, result: SendFailure): Promise<void> => {
    const { record, event, rule, target } = attempt;
    tell(record, record.state, result);
    const policy = target.RetryPolicy ?? {};
    const maxRetries = policy.MaximumRetryAttempts ?? defaultAttempts;
    const maxAgeMs = (policy.MaximumEventAgeInSeconds ?? defaultAgeSeconds) * 1000;
    const retries = record.attempts - 1;
    const wait = result.retriable
      ? Math.max(result.retryAfterMs ?? 0, await jitter(retries + 1, ports.random))
      : 0;
    const exhausted = !result.retriable
      ? undefined
      : retries >= maxRetries
        ? 'MaximumRetryAttempts'
        : clock.now() + wait - event.acceptedAt > maxAgeMs
          ? 'MaximumEventAgeInSeconds'
          : undefined;
    if (result.retriable && exhausted === undefined) {
      tell(record, 'waiting');
      clock.after(wait, () => begin(record, event, rule, target));
      return;
    }
    const kept = ports.deadLetter({ event, rule, target, result, retries, exhausted });
    tell(record, kept ? 'dead-lettered' : 'dropped');
  };

  const begin = (
    record: OpenRecord,
    event: AcceptedEvent,
    rule: Rule,
    target: Target,
    text?: string,
  ): void => {
    const effect = ports.faults(event, rule.name, target.Id);
    const attempt: Attempt = { record, event, rule, target, effect, text };
    if (effect?.effect === 'delay') {
      clock.after(effect.ms, () => start(attempt));
      return;
    }
    if (effect?.effect !== 'reorder' && heldBack.size === 0) {
      start(attempt);
      return;
    }
    const key = `${rule.arn} ${target.Id}`;
    // The one after it goes first.
    if (effect?.effect === 'reorder' && !heldBack.has(key)) {
      const held = (): void => start(attempt);
      heldBack.set(key, held);
      clock.after(maxHeldBackMs, () => release(key, held));
      return;
    }
    start(attempt);
    release(key, heldBack.get(key));
  };
  const release = (key: string, held: (() => void) | undefined): void => {
    if (held === undefined || heldBack.get(key) !== held) return;
    heldBack.delete(key);
    held();
  };

  return {
    records,
    deliver(event, rule, target, text) {
      seq += 1;
      const record: OpenRecord = {
        seq,
        eventSeq: event.seq,
        bus: event.bus,
        rule: rule.name,
        ruleArn: rule.arn,
        targetId: target.Id,
        targetArn: target.Arn,
        state: 'waiting',
        attempts: 0,
        errorCode: undefined,
        errorMessage: undefined,
      };
      if (ports.keep) records.push(record);
      begin(record, event, rule, target, text);
    },
    watch(look) {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    settled: () =>
      sending === 0 ? Promise.resolve() : new Promise((resolve) => idle.add(resolve)),
    clear() {
      records.length = 0;
    },
  };
}

/** A queue whose `shift` costs the same, however long it is. */
function fifo<T>(): { push(item: T): void; shift(): T | undefined } {
  let items: T[] = [];
  let taken = 0;
  return {
    push: (item) => items.push(item),
    shift() {
      const item = items[taken];
      if (item !== undefined) taken += 1;
      if (taken > 1_024 && taken * 2 > items.length) {
        items = items.slice(taken);
        taken = 0;
      }
      return item;
    },
  };
}

async function jitter(attempt: number, random: () => number): Promise<number> {
  // Loaded at the first retry: it is a third of what a bus that starts would load.
  const { fullJitter } = await import('@tidings/contract');
  return fullJitter(backoff, attempt, random);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
