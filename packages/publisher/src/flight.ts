import { describeFailure } from '@tidings/contract';
import type { Entry } from './entry.ts';
import { requestFailureKind } from './failure-table.ts';
import type { Flight, Item } from './item.ts';
import type { PublisherSettings } from './publisher-options.ts';
import { traceparentsOf } from './traceparents.ts';
import type { Reply, Transport } from './transport.ts';

/**
 * Sends one request and calls `land` once with its reply. It is aborted when its time is
 * up, and when `abandon` has been called for each of its items.
 */
export function takeOff(
  id: number,
  items: readonly Item[],
  transport: Transport,
  { clock, requestTimeoutMs }: PublisherSettings,
  land: (flight: Flight, reply: Reply) => void,
): Flight {
  const controller = new AbortController();
  const isSent = transport.reportsSending !== true;
  const startedAt = clock.now();
  const flight: Flight = {
    id,
    items,
    controller,
    startedAt,
    live: items.length,
    isSent,
    isWithdrawn: false,
  };
  const onSending = (): void => {
    if (flight.isSent) return;
    flight.isSent = true;
    for (const item of items) item.attempts += 1;
  };
  const entries: Entry[] = [];
  for (const item of items) {
    item.tries += 1;
    if (isSent) item.attempts += 1;
    item.flight = flight;
    entries.push(item.entry);
  }
  const timer = clock.setTimer(timeOut, timeoutOf(items, startedAt, requestTimeoutMs), flight);
  carry(transport, entries, controller.signal, onSending).then((reply) => {
    clock.clearTimer(timer);
    for (const item of items) item.flight = undefined;
    land(flight, reply);
  });
  return flight;
}

/** Below it, a time-out would cut off answers that are merely slow. */
const LEAST_TIMEOUT_MS = 1_000;

/** Leaves time for a second attempt before the last of the deadlines. */
function timeoutOf(items: readonly Item[], now: number, requestTimeoutMs: number): number {
  let leftMs = 0;
  for (const { deadlineAt } of items) leftMs = Math.max(leftMs, deadlineAt - now);
  return Math.min(requestTimeoutMs, Math.max(LEAST_TIMEOUT_MS, leftMs / 2));
}

/** Marks the flights that are not sent yet and would carry nothing but these items. */
export function withdraw(items: readonly Item[]): void {
  const leaving = new Map<Flight, number>();
  for (const { flight } of items) {
    if (flight !== undefined && !flight.isSent) leaving.set(flight, (leaving.get(flight) ?? 0) + 1);
  }
  for (const [flight, count] of leaving) flight.isWithdrawn = count === flight.live;
}

/** One of a flight's items was decided while the request is still on its way. */
export function abandon(flight: Flight): void {
  flight.live -= 1;
  if (flight.live === 0) flight.controller.abort('Abandoned');
}

function timeOut(flight: Flight): void {
  flight.controller.abort('Timeout');
}

/** A transport must not reject; where one does, its events must not be forgotten. */
async function carry(
  transport: Transport,
  entries: readonly Entry[],
  signal: AbortSignal,
  onSending: () => void,
): Promise<Reply> {
  try {
    return await transport.send(entries, signal, onSending);
  } catch (error) {
    const message = describeFailure(error);
    return { ok: false, failure: { code: 'TransportError', status: undefined, message } };
  }
}

/** Tells the observer that a request left. */
export function observeTakeOff(
  settings: PublisherSettings,
  flight: Flight,
  inFlight: number,
): void {
  const { observe, eventBusName } = settings;
  if (observe === undefined) return;
  const { items, id: requestId } = flight;
  const entries = items.length;
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  const traceparents = traceparentsOf(items);
  observe({
    type: 'request-sent',
    requestId,
    eventBusName,
    entries,
    bytes,
    inFlight,
    traceparents,
  });
}

/** Tells the observer how a request ended. */
export function observeLanding(
  { observe, clock }: PublisherSettings,
  flight: Flight,
  reply: Reply,
  accepted: number,
  bisected: boolean,
): void {
  if (observe === undefined) return;
  const { id: requestId } = flight;
  const durationMs = clock.now() - flight.startedAt;
  const entries = flight.items.length;
  if (reply.ok) {
    const failed = entries - accepted;
    observe({ type: 'request-answered', requestId, durationMs, accepted, failed });
  } else {
    const { code, status } = reply.failure;
    const kind = requestFailureKind(reply.failure);
    observe({
      type: 'request-failed',
      requestId,
      durationMs,
      entries,
      code,
      status,
      kind,
      bisected,
    });
  }
}
