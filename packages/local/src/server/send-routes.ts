import { Hono } from 'hono';
import type { BusCore } from '../bus-core.ts';
import { contractExample } from '../contracts/contract-example.ts';
import { putEvents } from '../protocol/put-events.ts';
import { readEntries } from '../protocol/put-events-request.ts';

/** Events that a person sends by hand, and examples to begin with. */
export function sendRoutes(bus: BusCore): Hono {
  const routes = new Hono();
  routes.get('/examples', (context) =>
    context.json({ examples: bus.contracts.map((contract) => contractExample(contract)) }),
  );
  routes.post('/events', async (context) => {
    const { account, region } = bus.options;
    const scope = {
      account: context.req.query('account') ?? account,
      region: context.req.query('region') ?? region,
    };
    const entries = readEntries(await context.req.json(), bus.options.maxRequestBytes);
    const record = bus.requests.open({
      ...scope,
      receivedAt: bus.now(),
      op: 'PutEvents',
      invocation: undefined,
      attempt: 1,
    });
    const { output, records } = putEvents(bus, {
      entries,
      scope,
      requestSeq: record.seq,
      traceHeader: undefined,
      errors: new Map(),
      dropped: new Set(),
    });
    bus.requests.settle(record, records);
    bus.requests.close(record, { kind: 'answered', status: 200, error: undefined });
    return context.json(output);
  });
  return routes;
}
