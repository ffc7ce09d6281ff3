import type { Entry, Reply, Transport } from '@tidings/publisher';
import type { VirtualClock } from './virtual-clock.ts';

/** What the model does with one request. */
export type Move =
  | { readonly kind: 'answer'; readonly codes: readonly (string | undefined)[] }
  | {
      readonly kind: 'fail';
      readonly code: string;
      readonly status: number | undefined;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'commit, then fail'; readonly code: string; readonly status?: number }
  | { readonly kind: 'hang'; readonly commits: boolean }
  | { readonly kind: 'nonsense'; readonly body: unknown; readonly commits: boolean }
  | { readonly kind: 'short answer' }
  | { readonly kind: 'throw' };

export interface SentRequest {
  readonly entries: readonly Entry[];
  readonly bytes: number;
}

/** A model of PutEvents that keeps a journal of everything. */
export interface ModelBus extends Transport {
  readonly requests: readonly SentRequest[];
  /** Event ids that the bus holds, with the number of copies. */
  readonly held: ReadonlyMap<string, number>;
  /** Event ids that were sent again after an answer had called them accepted. */
  readonly sentAfterAccepted: readonly string[];
  /** Bus event ids that answers named, by event id. */
  readonly told: ReadonlyMap<string, string>;
  readonly mostInFlight: number;
  /** Ordering keys of which two events were on their way at the same time. */
  readonly crowdedKeys: readonly string[];
  /** Event ids in the order in which answers called them accepted, by ordering key. */
  readonly acceptedByKey: ReadonlyMap<string, readonly string[]>;
}

export interface ModelBusOptions {
  readonly clock: VirtualClock;
  readonly latencyMs: number;
  /** The moves, one a request; when they run out, every request is accepted. */
  readonly moves: readonly Move[];
  /** A request that carries one of these is refused whole, as invalid. */
  readonly poison?: ReadonlySet<string>;
  /** Requests beyond this rate are throttled. Default: none is. */
  readonly requestsPerSecond?: number;
}

export function modelBus(options: ModelBusOptions): ModelBus {
  const { clock, latencyMs, moves, poison, requestsPerSecond = Number.POSITIVE_INFINITY } = options;
  const requests: SentRequest[] = [];
  const held = new Map<string, number>();
  const told = new Map<string, string>();
  const sentAfterAccepted: string[] = [];
  const keysInFlight = new Map<string, number>();
  const crowdedKeys: string[] = [];
  const acceptedByKey = new Map<string, string[]>();
  let inFlight = 0;
  let mostInFlight = 0;
  let busEventIds = 0;
  /** A bucket that holds what one second lets in. */
  let tokens = requestsPerSecond;
  let filledAt = 0;

  function commit(entry: Entry): string {
    held.set(entry.event.eventId, (held.get(entry.event.eventId) ?? 0) + 1);
    busEventIds += 1;
    return `bus-${busEventIds}`;
  }

  function accept(entry: Entry): { EventId: string } {
    const id = commit(entry);
    const { eventId, orderingKey } = entry.event;
    told.set(eventId, id);
    if (orderingKey !== undefined) {
      acceptedByKey.set(orderingKey, [...(acceptedByKey.get(orderingKey) ?? []), eventId]);
    }
    return { EventId: id };
  }

  function takeToken(): boolean {
    if (requestsPerSecond === Number.POSITIVE_INFINITY) return true;
    const now = clock.now();
    tokens = Math.min(requestsPerSecond, tokens + ((now - filledAt) * requestsPerSecond) / 1000);
    filledAt = now;
    if (!(tokens >= 1)) return false;
    tokens -= 1;
    return true;
  }

  function countKeys(entries: readonly Entry[], by: 1 | -1): void {
    for (const { event } of entries) {
      if (event.orderingKey === undefined) continue;
      const count = (keysInFlight.get(event.orderingKey) ?? 0) + by;
      keysInFlight.set(event.orderingKey, count);
      if (count > 1) crowdedKeys.push(event.orderingKey);
    }
  }

  async function reply(entries: readonly Entry[], move: Move, signal: AbortSignal): Promise<Reply> {
    await clock.sleep(latencyMs, signal);
    if (signal.aborted) return abandoned(signal);
    if (!takeToken()) return failure('ThrottlingException', 400);
    if (entries.some(({ event }) => poison?.has(event.eventId))) {
      return failure('ValidationException', 400);
    }
    switch (move.kind) {
      case 'answer': {
        const results = entries.map((entry, place) => {
          const code = move.codes[place];
          return code === undefined ? accept(entry) : { ErrorCode: code, ErrorMessage: 'scripted' };
        });
        return { ok: true, body: { FailedEntryCount: 0, Entries: results } };
      }
      case 'fail':
        return failure(move.code, move.status, move.retryAfterMs);
      case 'commit, then fail':
        for (const entry of entries) commit(entry);
        return failure(move.code, move.status);
      case 'hang':
        if (move.commits) for (const entry of entries) commit(entry);
        await aborted(signal);
        return abandoned(signal);
      case 'nonsense':
        if (move.commits) for (const entry of entries) commit(entry);
        return { ok: true, body: move.body };
      case 'short answer': {
        const ids = entries.map((entry) => ({ EventId: commit(entry) }));
        return { ok: true, body: { FailedEntryCount: 0, Entries: ids.slice(1) } };
      }
      case 'throw':
        throw new Error('scripted');
    }
  }

  return {
    requests,
    held,
    told,
    sentAfterAccepted,
    crowdedKeys,
    acceptedByKey,
    get mostInFlight() {
      return mostInFlight;
    },
    async send(entries, signal) {
      const move = moves[requests.length] ?? { kind: 'answer', codes: [] };
      const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
      requests.push({ entries, bytes });
      for (const { event } of entries) {
        if (told.has(event.eventId)) sentAfterAccepted.push(event.eventId);
      }
      countKeys(entries, 1);
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      try {
        return await reply(entries, move, signal);
      } finally {
        inFlight -= 1;
        countKeys(entries, -1);
      }
    },
    describeBus: async () => ({ ok: true, body: {} }),
    close() {},
  };
}

function failure(code: string, status: number | undefined, retryAfterMs?: number): Reply {
  const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
  return { ok: false, failure: { code, status, message: 'scripted', ...asked } };
}

function abandoned(signal: AbortSignal): Reply {
  return failure(signal.reason === 'Timeout' ? 'Timeout' : 'Abandoned', undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
