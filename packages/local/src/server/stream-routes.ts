import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { AcceptedEvent } from '../accepted-event.ts';
import type { BusCore } from '../bus-core.ts';
import type { DeliveryRecord } from '../delivery/delivery-record.ts';
import { eventJson } from './event-json.ts';

/** Milliseconds that news are collected before they go out together. */
const flushMs = 50;
/** The latest events that a page begins with. */
const backlog = 10_000;
const chunk = 500;

/** `GET /stream`: events, deliveries, unknown buses and resets, as server-sent events. */
export function streamRoutes(bus: BusCore): Hono {
  const routes = new Hono();
  routes.get('/stream', (context) =>
    streamSSE(context, async (stream) => {
      const events: AcceptedEvent[] = bus.events.events.slice(-backlog);
      const oldest = events[0]?.seq ?? 0;
      const deliveries = new Map<number, DeliveryRecord>(
        bus.deliverer.records
          .filter((each) => each.eventSeq >= oldest)
          .map((each) => [each.seq, each]),
      );
      let isReset = true;
      let hasDropped = bus.unknownBuses.list().length > 0;
      let wake: (() => void) | undefined;
      const unwatch = [
        bus.events.watch((event) => {
          events.push(event);
          wake?.();
        }),
        bus.deliverer.watch((record) => {
          deliveries.set(record.seq, record);
          wake?.();
        }),
        bus.unknownBuses.watch(() => {
          hasDropped = true;
          wake?.();
        }),
        bus.watchResets(() => {
          events.length = 0;
          deliveries.clear();
          hasDropped = false;
          isReset = true;
          wake?.();
        }),
      ];
      stream.onAbort(() => {
        for (const end of unwatch) end();
        wake?.();
      });
      const send = (event: string, data: unknown): Promise<void> =>
        stream.writeSSE({ event, data: JSON.stringify(data) });
      while (!stream.aborted) {
        if (isReset) {
          isReset = false;
          await send('reset', {});
        }
        while (events.length > 0 && !isReset) {
          const next = events.splice(0, chunk);
          await send(
            'events',
            next.map((event) => eventJson(event, bus.router.matchedBy(event))),
          );
        }
        if (deliveries.size > 0) {
          const next = [...deliveries.values()];
          deliveries.clear();
          await send('deliveries', next);
        }
        if (hasDropped) {
          hasDropped = false;
          await send('unknown-buses', bus.unknownBuses.list());
        }
        const isIdle = !isReset && events.length === 0 && deliveries.size === 0 && !hasDropped;
        if (isIdle && !stream.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = undefined;
          await stream.sleep(flushMs);
        }
      }
    }),
  );
  return routes;
}
