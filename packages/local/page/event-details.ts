import type { BusFeed, FeedDelivery, ListedEvent } from './bus-feed.ts';
import { correlationView } from './correlation-view.ts';
import { element, jsonView } from './dom.ts';

/** What can be done from an event. */
export interface EventActions {
  readonly test: (event: ListedEvent) => void;
  readonly copy: (event: ListedEvent) => void;
  readonly select: (event: ListedEvent) => void;
  readonly follow: (correlationId: string) => void;
}

/** Everything that is known of one event. */
export function showDetails(
  into: HTMLElement,
  event: ListedEvent | undefined,
  feed: BusFeed,
  actions: EventActions,
): void {
  if (event === undefined) {
    into.replaceChildren(
      element('p', { class: 'hint' }, 'Choose an event to see it whole. Arrow keys move.'),
    );
    return;
  }
  const deliveries = feed.deliveriesOf(event);
  const facts: (readonly [string, string])[] = [
    ['Number', `${event.seq}`],
    ['Bus', event.bus],
    ['Accepted', new Date(event.acceptedAt).toISOString()],
    ['Rules matched', event.rules.length === 0 ? 'none' : event.rules.join(', ')],
  ];
  if (event.replayName !== undefined) facts.push(['Replay', event.replayName]);
  into.replaceChildren(
    element(
      'div',
      { class: 'actions' },
      element('h2', {}, event.detailType),
      element(
        'button',
        { type: 'button', onclick: () => actions.test(event) },
        'Test a pattern on it',
      ),
      element('button', { type: 'button', onclick: () => actions.copy(event) }, 'Send a copy'),
    ),
    element(
      'dl',
      {},
      ...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
    ),
    element('h3', {}, 'Where it went'),
    deliveries.length === 0
      ? element('p', { class: 'hint' }, 'To no target.')
      : element('ul', { class: 'deliveries' }, ...deliveries.map(deliveryItem)),
    correlationView(event, feed, actions) ?? '',
    element('h3', {}, 'Event'),
    jsonView(event.text),
  );
}

function deliveryItem(delivery: FeedDelivery): HTMLLIElement {
  const attempts = delivery.attempts === 1 ? '1 attempt' : `${delivery.attempts} attempts`;
  return element(
    'li',
    {},
    element('span', { class: delivery.state }, delivery.state),
    ` by ${delivery.rule} to ${delivery.targetId}, ${attempts}`,
    element('small', {}, delivery.targetArn),
    ...(delivery.errorCode === undefined
      ? []
      : [element('small', {}, `${delivery.errorCode}: ${delivery.errorMessage ?? ''}`)]),
  );
}
