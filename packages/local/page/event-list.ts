import type { BusFeed, ListedEvent } from './bus-feed.ts';
import { element } from './dom.ts';

const rowHeight = 32;
const overscan = 8;

/** A list of any length: only the rows that can be seen exist. Newest first. */
export interface EventList {
  /** Shows these, oldest first; the selection and the place in the list stay. */
  show(events: readonly ListedEvent[]): void;
  /** Draws the rows anew, for what became of their deliveries. */
  refresh(): void;
  readonly selected: ListedEvent | undefined;
  /** Selects an event and brings it into view. */
  select(event: ListedEvent): void;
}

export function eventList(
  scroller: HTMLElement,
  feed: BusFeed,
  onSelect: (event: ListedEvent | undefined) => void,
): EventList {
  let events: readonly ListedEvent[] = [];
  let selected: ListedEvent | undefined;
  /** Later ones are new to the reader; what the page began with is not. */
  let newestSeen = Number.POSITIVE_INFINITY;
  const space = element('div');
  const rows = new Map<number, HTMLElement>();
  const shownEvents = new Map<number, ListedEvent>();
  scroller.append(space);

  const at = (row: number): ListedEvent | undefined => events[events.length - 1 - row];
  const rowOf = (event: ListedEvent): number => {
    const index = events.findIndex((each) => each.seq === event.seq);
    return index === -1 ? -1 : events.length - 1 - index;
  };

  const draw = (): void => {
    const first = Math.max(0, Math.floor(scroller.scrollTop / rowHeight) - overscan);
    const last = Math.min(
      events.length - 1,
      Math.ceil((scroller.scrollTop + scroller.clientHeight) / rowHeight) + overscan,
    );
    const wanted = new Set<number>();
    for (let row = first; row <= last; row += 1) {
      const event = at(row);
      if (event === undefined) continue;
      wanted.add(event.seq);
      const shown = rows.get(event.seq) ?? addRow(event);
      shown.style.top = `${row * rowHeight}px`;
      shown.setAttribute('aria-posinset', String(row + 1));
      shown.setAttribute('aria-setsize', String(events.length));
      shown.setAttribute('aria-selected', String(event.seq === selected?.seq));
    }
    for (const [seq, row] of rows) {
      if (wanted.has(seq)) continue;
      row.remove();
      rows.delete(seq);
      shownEvents.delete(seq);
    }
    const active = selected !== undefined && rows.has(selected.seq) ? `event-${selected.seq}` : '';
    scroller.setAttribute('aria-activedescendant', active);
  };
  const addRow = (event: ListedEvent): HTMLElement => {
    const row = element(
      'div',
      {
        class: event.seq > newestSeen ? 'row new' : 'row',
        role: 'option',
        id: `event-${event.seq}`,
        onclick: () => choose(event),
      },
      element('span', { class: 'time' }, timeOf(event)),
      element('span', {}, event.detailType),
      element('span', {}, event.source),
      element('span', {}, event.bus),
      delivered(event),
    );
    rows.set(event.seq, row);
    shownEvents.set(event.seq, event);
    scroller.append(row);
    return row;
  };
  const delivered = (event: ListedEvent): HTMLElement => {
    const states = feed.deliveriesOf(event).map((delivery) => delivery.state);
    const bad = states.find((state) => state !== 'delivered');
    const good = states.filter((state) => state === 'delivered').length;
    const text = states.length === 0 ? '–' : (bad ?? `${good} of ${states.length}`);
    return element('span', { class: bad ?? (states.length === 0 ? '' : 'delivered') }, text);
  };
  const choose = (event: ListedEvent | undefined): void => {
    selected = event;
    draw();
    onSelect(event);
  };
  const moveTo = (row: number): void => {
    const event = at(Math.max(0, Math.min(events.length - 1, row)));
    if (event === undefined) return;
    const top = rowOf(event) * rowHeight;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    else if (top + rowHeight > scroller.scrollTop + scroller.clientHeight) {
      scroller.scrollTop = top + rowHeight - scroller.clientHeight;
    }
    choose(event);
  };

  scroller.addEventListener('scroll', () => requestAnimationFrame(draw), { passive: true });
  new ResizeObserver(draw).observe(scroller);
  scroller.addEventListener('keydown', (event) => {
    const row = selected === undefined ? -1 : rowOf(selected);
    const page = Math.max(1, Math.floor(scroller.clientHeight / rowHeight) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: row + 1,
      ArrowUp: row - 1,
      PageDown: row + page,
      PageUp: row - page,
      Home: 0,
      End: events.length - 1,
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    moveTo(to);
  });

  return {
    get selected() {
      return selected;
    },
    select(event) {
      const row = rowOf(event);
      if (row === -1) choose(event);
      else moveTo(row);
    },
    show(next) {
      const added = next.length - events.length;
      const isReading = scroller.scrollTop > 0;
      events = next;
      space.style.height = `${events.length * rowHeight}px`;
      // What is being read stays where it is while new events come above it.
      if (isReading && added > 0) scroller.scrollTop += added * rowHeight;
      if (selected !== undefined && rowOf(selected) === -1) choose(undefined);
      draw();
      newestSeen = events.at(-1)?.seq ?? 0;
    },
    refresh() {
      for (const [seq, row] of rows) {
        const event = shownEvents.get(seq);
        if (event !== undefined) row.lastElementChild?.replaceWith(delivered(event));
      }
    },
  };
}

function timeOf(event: ListedEvent): string {
  const time = new Date(event.acceptedAt);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${String(time.getMilliseconds()).padStart(3, '0')}`;
}
