import type { Backoff } from '@tidings/contract';
import type { AcceptedEvent } from '../accepted-event.ts';
import type { Clock } from '../clock.ts';
import type { Rule } from '../estate/event-bus.ts';
import type { Target } from '../estate/target.ts';
import type { DeliveryEffect } from '../faults/delivery-effect.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { DeliveryRecord } from './delivery-record.ts';
import { failed, refused, type SendResult } from './send-result.ts';
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
  readonly faults: (subject: {
    readonly event: AcceptedEvent;
    readonly rule: string;
    readonly target: string;
  }) => DeliveryEffect | undefined;
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
  deliver(event: AcceptedEvent, rule: Rule, target: Target): void;
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

export function createDeliverer(ports: DelivererPorts): Deliverer {
  const { clock } = ports;
  const records: OpenRecord[] = [];
  const watchers = new Set<(record: DeliveryRecord) => void>();
  const idle = new Set<() => void>();
  const queue: (() => Promise<void>)[] = [];
  const heldBack = new Map<string, () => void>();
  let sending = 0;
  let seq = 0;

  const tell = (record: OpenRecord, change: Partial<OpenRecord>): void => {
    Object.assign(record, change);
    for (const look of watchers) look(record);
  };

  const start = (run: () => Promise<void>): void => {
    queue.push(run);
    pump();
  };
  const pump = (): void => {
    while (sending < maxSending) {
      const run = queue.shift();
      if (run === undefined) break;
      sending += 1;
      void run().finally(() => {
        sending -= 1;
        pump();
        if (sending === 0 && queue.length === 0) {
          for (const resolve of idle) resolve();
          idle.clear();
        }
      });
    }
  };

  const attempt = async (
    record: OpenRecord,
    event: AcceptedEvent,
    rule: Rule,
    target: Target,
    effect: DeliveryEffect | undefined,
  ): Promise<void> => {
    tell(record, { state: 'sending', attempts: record.attempts + 1 });
    const result = await send(event, rule, target, effect);
    if (result.ok) return tell(record, { state: 'delivered' });
    tell(record, { errorCode: result.code, errorMessage: result.message });
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
      tell(record, { state: 'waiting' });
      clock.after(wait, () => begin(record, event, rule, target));
      return;
    }
    const kept = ports.deadLetter({ event, rule, target, result, retries, exhausted });
    tell(record, { state: kept ? 'dead-lettered' : 'dropped' });
  };
  /** A delivery that fails where none should is told as one, and ends nothing else. */
  const attemptSafely: typeof attempt = async (record, ...rest) => {
    try {
      await attempt(record, ...rest);
    } catch (error) {
      tell(record, {
        state: 'dropped',
        errorCode: 'INTERNAL_ERROR',
        errorMessage: messageOf(error),
      });
    }
  };

  const send = async (
    event: AcceptedEvent,
    rule: Rule,
    target: Target,
    effect: DeliveryEffect | undefined,
  ): Promise<SendResult> => {
    if (effect?.effect === 'fail') {
      return failed(effect.code, 'A fault failed the delivery.');
    }
    if (effect?.effect === 'drop') return { ok: true };
    let payload: string;
    try {
      payload = targetPayload(target, rule, event);
    } catch (error) {
      const code = error instanceof InvalidPayloadError ? 'INVALID_JSON' : 'INVALID_PARAMETER';
      return refused(code, messageOf(error));
    }
    try {
      const result = await ports.send(payload, { event, rule, target });
      return effect?.effect === 'duplicate'
        ? await ports.send(payload, { event, rule, target })
        : result;
    } catch (error) {
      return failed('ERROR_FROM_TARGET', messageOf(error));
    }
  };

  const begin = (record: OpenRecord, event: AcceptedEvent, rule: Rule, target: Target): void => {
    const effect = ports.faults({ event, rule: rule.name, target: target.Id });
    const run = (): void => start(() => attemptSafely(record, event, rule, target, effect));
    const key = `${rule.arn} ${target.Id}`;
    if (effect?.effect === 'delay') return void clock.after(effect.ms, run);
    // The one after it goes first.
    if (effect?.effect === 'reorder' && !heldBack.has(key)) {
      heldBack.set(key, run);
      clock.after(maxHeldBackMs, () => release(key, run));
      return;
    }
    run();
    release(key, heldBack.get(key));
  };
  const release = (key: string, held: (() => void) | undefined): void => {
    if (held === undefined || heldBack.get(key) !== held) return;
    heldBack.delete(key);
    held();
  };

  return {
    records,
    deliver(event, rule, target) {
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
      begin(record, event, rule, target);
    },
    watch(look) {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    settled: () =>
      sending === 0 && queue.length === 0
        ? Promise.resolve()
        : new Promise((resolve) => idle.add(resolve)),
    clear() {
      records.length = 0;
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
