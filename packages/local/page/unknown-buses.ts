import { element } from './dom.ts';

/** A bus that does not exist and that events were sent to, as the bus tells it. */
export interface UnknownBusTold {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly dropped: number;
  readonly existing: readonly string[];
  readonly elsewhere: readonly { readonly account: string; readonly region: string }[];
}

/** Says which events were answered with an id and dropped. */
export function showUnknownBuses(into: HTMLElement, buses: readonly UnknownBusTold[]): void {
  into.hidden = buses.length === 0;
  into.replaceChildren(...buses.map((bus) => element('p', {}, ...sentences(bus))));
}

function sentences(bus: UnknownBusTold): (Node | string)[] {
  const events = bus.dropped === 1 ? '1 event was' : `${bus.dropped} events were`;
  const isThere = bus.existing.includes(bus.name);
  const places = bus.elsewhere
    .filter((each) => each.account !== bus.account || each.region !== bus.region)
    .map((each) => `region ${each.region} of account ${each.account}`);
  return [
    element('strong', {}, `${events} dropped: `),
    'the bus ',
    element('code', {}, bus.name),
    ` ${isThere ? 'did' : 'does'} not exist in region ${bus.region} of account ${bus.account}`,
    isThere ? ' when they came. ' : '. ',
    `Their sender was told of a success, as EventBridge does. Buses there: ${bus.existing.join(', ')}.`,
    places.length === 0 ? '' : ` A bus of that name exists in ${places.join(' and ')}.`,
  ];
}
