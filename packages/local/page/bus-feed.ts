import type { UnknownBusTold } from './unknown-buses.ts';

/** An accepted event, as the bus streams it. */
export interface FeedEvent {
  readonly seq: number;
  readonly bus: string;
  readonly busArn: string;
  readonly acceptedAt: number;
  readonly rules: readonly string[];
  readonly text: string;
}

/** An event with what the list shows of it. */
export interface ListedEvent extends FeedEvent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly replayName: string | undefined;
  /** Of the metadata of a Tidings event. */
  readonly eventId: string | undefined;
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  /** Lower case, for the search. */
  readonly haystack: string;
}

/** What became of an event at one target. */
export interface FeedDelivery {
  readonly seq: number;
  readonly eventSeq: number;
  readonly rule: string;
  readonly targetId: string;
  readonly targetArn: string;
  readonly state: string;
  readonly attempts: number;
  readonly errorCode?: string;
  readonly errorMessage?: string;
}

/** Everything the bus has told so far. */
export interface BusFeed {
  readonly events: readonly ListedEvent[];
  /** Buses that do not exist and that events were sent to. */
  readonly unknownBuses: readonly UnknownBusTold[];
  deliveriesOf(event: ListedEvent): readonly FeedDelivery[];
  /** Events with this correlation id, oldest first. */
  correlated(correlationId: string): readonly ListedEvent[];
  /** Called after each piece of news. */
  watch(
    look: (news: { readonly events: readonly ListedEvent[]; readonly isReset: boolean }) => void,
  ): void;
  watchConnection(look: (isLive: boolean) => void): void;
}

/** More than this would only fill the browser's memory. */
const maxEvents = 100_000;

export function openFeed(): BusFeed {
  let events: ListedEvent[] = [];
  let unknownBuses: readonly UnknownBusTold[] = [];
  const deliveries = new Map<number, Map<number, FeedDelivery>>();
  const byCorrelation = new Map<string, ListedEvent[]>();
  const watchers: Parameters<BusFeed['watch']>[0][] = [];
  const connectionWatchers: ((isLive: boolean) => void)[] = [];
  const tell = (news: readonly ListedEvent[], isReset = false): void => {
    for (const look of watchers) look({ events: news, isReset });
  };
  const source = new EventSource('/_bus/stream');
  source.addEventListener('open', () => {
    for (const look of connectionWatchers) look(true);
  });
  source.addEventListener('error', () => {
    for (const look of connectionWatchers) look(false);
  });
  source.addEventListener('reset', () => {
    events = [];
    deliveries.clear();
    byCorrelation.clear();
    unknownBuses = [];
    tell([], true);
  });
  source.addEventListener('events', ({ data }) => {
    const news = (JSON.parse(data) as readonly FeedEvent[]).map(listed);
    events.push(...news);
    for (const event of news) {
      const { correlationId } = event;
      if (correlationId === undefined) continue;
      const others = byCorrelation.get(correlationId);
      if (others === undefined) byCorrelation.set(correlationId, [event]);
      else others.push(event);
    }
    for (const { seq, correlationId } of events.splice(0, Math.max(0, events.length - maxEvents))) {
      deliveries.delete(seq);
      // The oldest of all is the oldest of its correlation.
      if (correlationId === undefined) continue;
      const others = byCorrelation.get(correlationId);
      others?.shift();
      if (others?.length === 0) byCorrelation.delete(correlationId);
    }
    tell(news);
  });
  source.addEventListener('deliveries', ({ data }) => {
    for (const delivery of JSON.parse(data) as readonly FeedDelivery[]) {
      const known = deliveries.get(delivery.eventSeq) ?? new Map<number, FeedDelivery>();
      known.set(delivery.seq, delivery);
      deliveries.set(delivery.eventSeq, known);
    }
    tell([]);
  });
  source.addEventListener('unknown-buses', ({ data }) => {
    unknownBuses = JSON.parse(data) as readonly UnknownBusTold[];
    tell([]);
  });
  return {
    get events() {
      return events;
    },
    get unknownBuses() {
      return unknownBuses;
    },
    deliveriesOf: (event) => [...(deliveries.get(event.seq)?.values() ?? [])],
    correlated: (correlationId) => byCorrelation.get(correlationId) ?? [],
    watch: (look) => watchers.push(look),
    watchConnection: (look) => connectionWatchers.push(look),
  };
}

function listed(event: FeedEvent): ListedEvent {
  const parsed = JSON.parse(event.text) as Record<string, string> & {
    readonly resources: readonly string[];
    readonly detail?: { readonly metadata?: unknown };
  };
  const metadata = parsed.detail?.metadata;
  return {
    ...event,
    source: parsed.source ?? '',
    detailType: parsed['detail-type'] ?? '',
    resources: parsed.resources,
    replayName: parsed['replay-name'],
    eventId: textIn(metadata, 'eventId'),
    correlationId: textIn(metadata, 'correlationId'),
    causationId: textIn(metadata, 'causationId'),
    haystack: event.text.toLowerCase(),
  };
}

function textIn(metadata: unknown, key: string): string | undefined {
  if (typeof metadata !== 'object' || metadata === null) return undefined;
  const value = (metadata as Record<string, unknown>)[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
