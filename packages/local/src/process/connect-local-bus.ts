import type { DeliveredEvent } from '../accepted-event.ts';
import type { Fault } from '../faults/fault.ts';
import type { BusSummary } from '../journal/bus-summary.ts';
import type { RequestRecord } from '../journal/request-record.ts';
import type { EventJson } from '../server/event-json.ts';

/** An accepted event, read from a bus in another process. */
export interface RemoteEvent extends Omit<EventJson, 'text'> {
  readonly envelope: DeliveredEvent;
}

/** A bus in another process, read and steered over HTTP. */
export interface RemoteBus {
  readonly url: string;
  summary(): Promise<BusSummary>;
  /**
   * Resolves when at least so many events were accepted, or so many different
   * `eventId`s.
   * @throws Error after `timeoutMs` (default 10,000).
   */
  waitFor(
    wanted: { readonly accepted: number } | { readonly distinct: number },
    options?: { readonly timeoutMs?: number },
  ): Promise<BusSummary>;
  /** Accepted events in order, from the one after `afterSeq` (default 0) on. */
  events(afterSeq?: number): Promise<readonly RemoteEvent[]>;
  requests(afterSeq?: number): Promise<readonly RequestRecord[]>;
  /** Replaces all faults. */
  setFaults(faults: readonly Fault[]): Promise<void>;
  /** Empties the journals and removes all faults. */
  reset(): Promise<void>;
}

/**
 * @param url Of the bus, for example `http://127.0.0.1:4010`.
 * @param options `token`: the bus's, where it has one.
 */
export function connectLocalBus(
  url: string,
  options: { readonly token?: string | undefined } = {},
): RemoteBus {
  const { token } = options;
  const headers = {
    'Content-Type': 'application/json',
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
  };
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(`${url}/_bus/${path}`, { ...init, headers });
    if (response.ok) return response;
    const { message } = (await response.json()) as { readonly message: string };
    throw new Error(`${path}: ${message}`);
  };
  const read = async <T>(path: string): Promise<T> => (await (await call(path)).json()) as T;
  const summary = (query = ''): Promise<BusSummary> => read<BusSummary>(`summary${query}`);
  return {
    url,
    summary: () => summary(),
    async waitFor(wanted, options = {}) {
      const timeoutMs = options.timeoutMs ?? 10_000;
      const name = 'accepted' in wanted ? 'accepted' : 'distinct';
      const count = 'accepted' in wanted ? wanted.accepted : wanted.distinct;
      const seen = await summary(`?${name}=${count}&waitMs=${timeoutMs}`);
      if (seen[name] >= count) return seen;
      throw new Error(
        `Waited ${timeoutMs} ms in vain for ${count} ${name} events, got ${seen[name]}.`,
      );
    },
    async events(afterSeq = 0) {
      type Page = { readonly events: readonly EventJson[]; readonly more: boolean };
      const found: RemoteEvent[] = [];
      for (let after = afterSeq, more = true; more; ) {
        const page: Page = await read<Page>(`events?after=${after}`);
        for (const { text, ...rest } of page.events) {
          found.push({ ...rest, envelope: JSON.parse(text) as DeliveredEvent });
        }
        after = page.events.at(-1)?.seq ?? after;
        more = page.more;
      }
      return found;
    },
    async requests(afterSeq = 0) {
      type Page = { readonly requests: readonly RequestRecord[]; readonly more: boolean };
      const found: RequestRecord[] = [];
      for (let after = afterSeq, more = true; more; ) {
        const page: Page = await read<Page>(`requests?after=${after}`);
        found.push(...page.requests);
        after = page.requests.at(-1)?.seq ?? after;
        more = page.more;
      }
      return found;
    },
    async setFaults(faults) {
      await call('faults', { method: 'PUT', body: JSON.stringify(faults) });
    },
    async reset() {
      await call('reset', { method: 'POST' });
    },
  };
}
