import { type Context, Hono } from 'hono';
import type { AcceptedEvent } from '../accepted-event.ts';
import type { BusCore } from '../bus-core.ts';
import { parseFaults } from '../faults/parse-faults.ts';
import { lostEntries } from '../journal/lost-entries.ts';
import { guard } from './guard.ts';

/** An accepted event as `GET /_bus/events` tells it. */
export interface EventJson {
  readonly seq: number;
  readonly bus: string;
  readonly acceptedAt: number;
  readonly requestSeq: number;
  readonly entryIndex: number;
  /** JSON text of the delivered event. */
  readonly text: string;
}

const pageLimit = 1000;

/** What the bus answers below `/_bus`: journals, numbers and faults, for people and tests. */
export function controlApi(bus: BusCore): Hono {
  const api = new Hono();
  api.use(guard(bus.options.token));
  api.onError((error, context) => context.json({ message: error.message }, 400));
  api.notFound((context) => context.json({ message: 'There is nothing here.' }, 404));

  api.get('/_bus/summary', async (context) => {
    await waitForCount(bus, context);
    return context.json(bus.summary());
  });
  api.get('/_bus/events', (context) => {
    const { events } = bus.events;
    const [from, to] = range(events, context);
    return context.json({
      events: events.slice(from, to).map(eventJson),
      more: to < events.length,
    });
  });
  api.get('/_bus/requests', (context) => {
    const { records } = bus.requests;
    const [from, to] = range(records, context);
    return context.json({ requests: records.slice(from, to), more: to < records.length });
  });
  api.get('/_bus/lost', (context) => context.json({ lost: lostEntries(bus.requests.records) }));
  api.post('/_bus/reset', (context) => {
    bus.reset();
    return context.body(null, 204);
  });

  api.get('/_bus/faults', (context) => context.json(bus.faults.list()));
  api.put('/_bus/faults', async (context) => {
    bus.faults.set(parseFaults(await context.req.json()));
    return context.json(bus.faults.list());
  });
  api.delete('/_bus/faults', (context) => {
    bus.faults.set([]);
    return context.body(null, 204);
  });
  return api;
}

function eventJson(event: AcceptedEvent): EventJson {
  const { seq, bus, acceptedAt, requestSeq, entryIndex, text } = event;
  return { seq, bus, acceptedAt, requestSeq, entryIndex, text };
}

/** The part of a journal that `?after=SEQ&limit=N` asks for, as indices. */
function range(
  journal: readonly { readonly seq: number }[],
  context: Context,
): readonly [from: number, to: number] {
  const after = numberIn(context, 'after', 0);
  const limit = numberIn(context, 'limit', pageLimit);
  // Sequence numbers have no gaps, so the place follows from the first one.
  const from = Math.max(0, after + 1 - (journal[0]?.seq ?? 1));
  return [Math.min(from, journal.length), Math.min(from + limit, journal.length)];
}

/** `?accepted=N` or `?distinct=N` with `&waitMs=M` holds the answer back until then. */
async function waitForCount(bus: BusCore, context: Context): Promise<void> {
  const accepted = numberIn(context, 'accepted', 0);
  const distinct = numberIn(context, 'distinct', 0);
  const waitMs = numberIn(context, 'waitMs', 0);
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

function numberIn(context: Context, name: string, fallback: number): number {
  const text = context.req.query(name);
  if (text === undefined) return fallback;
  if (!/^\d{1,15}$/.test(text)) {
    throw new Error(`${name} must be a whole number of 0 or more, got ${JSON.stringify(text)}`);
  }
  return Number(text);
}
