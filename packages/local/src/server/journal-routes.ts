import { type Context, Hono } from 'hono';
import type { BusCore } from '../bus-core.ts';
import { duplicateEntries } from '../journal/duplicate-entries.ts';
import { lostEntries } from '../journal/lost-entries.ts';
import { eventJson } from './event-json.ts';
import { queryNumber } from './query-number.ts';

const pageLimit = 1000;

/** The journals, page by page, and their numbers. */
export function journalRoutes(bus: BusCore): Hono {
  const routes = new Hono();
  routes.get('/summary', async (context) => {
    await waitForCount(bus, context);
    return context.json(bus.summary());
  });
  routes.get('/events', (context) => {
    const { events } = bus.events;
    const [from, to] = range(events, context);
    return context.json({
      events: events.slice(from, to).map((event) => eventJson(event, bus.router.matchedBy(event))),
      more: to < events.length,
    });
  });
  routes.get('/requests', (context) => {
    const { records } = bus.requests;
    const [from, to] = range(records, context);
    return context.json({ requests: records.slice(from, to), more: to < records.length });
  });
  routes.get('/deliveries', (context) => {
    const { records } = bus.deliverer;
    const [from, to] = range(records, context);
    return context.json({ deliveries: records.slice(from, to), more: to < records.length });
  });
  routes.get('/lost', (context) => context.json({ lost: lostEntries(bus.requests.records) }));
  routes.get('/unknown-buses', (context) => context.json({ buses: bus.unknownBuses.list() }));
  routes.get('/duplicates', (context) =>
    context.json({ duplicates: duplicateEntries(bus.requests.records) }),
  );
  routes.get('/logs', (context) => context.json({ groups: bus.logs.names() }));
  routes.get('/logs/lines', (context) =>
    context.json({ lines: bus.logs.read(context.req.query('group') ?? '') }),
  );
  routes.post('/reset', (context) => {
    bus.reset();
    return context.body(null, 204);
  });
  return routes;
}

/** The part of a journal that `?after=SEQ&limit=N` asks for, as indices. */
function range(
  journal: readonly { readonly seq: number }[],
  context: Context,
): readonly [from: number, to: number] {
  const after = queryNumber(context, 'after', 0);
  const limit = queryNumber(context, 'limit', pageLimit);
  // Sequence numbers have no gaps, so the place follows from the first one.
  const from = Math.max(0, after + 1 - (journal[0]?.seq ?? 1));
  return [Math.min(from, journal.length), Math.min(from + limit, journal.length)];
}

/** `?accepted=N` or `?distinct=N` with `&waitMs=M` holds the answer back until then. */
async function waitForCount(bus: BusCore, context: Context): Promise<void> {
  const accepted = queryNumber(context, 'accepted', 0);
  const distinct = queryNumber(context, 'distinct', 0);
  const waitMs = queryNumber(context, 'waitMs', 0);
  const reached = (): boolean =>
    bus.events.accepted >= accepted && bus.events.occurrences.size >= distinct;
  if (waitMs === 0 || reached()) return;
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      unwatch();
      resolve();
    };
    const timer = setTimeout(end, waitMs);
    timer.unref();
    const unwatch = bus.events.watch(() => {
      if (reached()) end();
    });
  });
}
