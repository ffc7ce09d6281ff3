import type { BusFeed, ListedEvent } from './bus-feed.ts';
import { element } from './dom.ts';

/** So many of a correlation's events are listed; more would hide the event itself. */
const maxListed = 50;

/**
 * The events that share a correlation id, in order, each one step in from the event that
 * caused it.
 */
export function correlationView(
  event: ListedEvent,
  feed: BusFeed,
  on: {
    readonly select: (event: ListedEvent) => void;
    readonly follow: (correlationId: string) => void;
  },
): HTMLElement | undefined {
  const { correlationId } = event;
  if (correlationId === undefined) return undefined;
  const events = feed.correlated(correlationId);
  const depths = causalDepths(events);
  const count = events.length === 1 ? '1 event' : `${events.length} events`;
  const hidden = events.length - maxListed;
  return element(
    'section',
    { class: 'correlation' },
    element('h3', {}, 'Same correlation id: ', element('code', {}, correlationId)),
    element(
      'ol',
      {},
      ...events.slice(0, maxListed).map((each) => {
        const isShown = each.seq === event.seq;
        const button = element(
          'button',
          {
            type: 'button',
            class: 'link',
            'aria-current': isShown ? 'true' : undefined,
            onclick: () => on.select(each),
          },
          each.detailType,
        );
        const from = element('small', {}, ` ${each.source}`);
        const item = element('li', { class: isShown ? 'shown' : undefined }, button, from);
        // A style sheet of this page cannot know the depth, and the policy refuses attributes.
        item.style.setProperty('--depth', String(depths.get(each.seq) ?? 0));
        return item;
      }),
    ),
    hidden > 0 ? element('p', { class: 'hint' }, `And ${hidden} more.`) : '',
    element(
      'button',
      { type: 'button', onclick: () => on.follow(correlationId) },
      `Follow ${count} in the list`,
    ),
  );
}

/** How many causes each event has before it, among these, by number. */
function causalDepths(events: readonly ListedEvent[]): ReadonlyMap<number, number> {
  const byEventId = new Map<string, number>();
  const depths = new Map<number, number>();
  for (const { seq, eventId, causationId } of events) {
    const cause = causationId === undefined ? undefined : byEventId.get(causationId);
    const depth = cause === undefined ? 0 : cause + 1;
    depths.set(seq, depth);
    if (eventId !== undefined && !byEventId.has(eventId)) byEventId.set(eventId, depth);
  }
  return depths;
}
