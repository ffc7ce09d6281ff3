import { Hono } from 'hono';
import type { BusCore } from '../bus-core.ts';
import { parseFaults } from '../faults/parse-faults.ts';

/** The faults in force: PUT replaces, GET tells hits, DELETE removes. */
export function faultRoutes(bus: BusCore): Hono {
  const routes = new Hono();
  routes.get('/faults', (context) => context.json(bus.faults.list()));
  routes.put('/faults', async (context) => {
    bus.faults.set(parseFaults(await context.req.json()));
    return context.json(bus.faults.list());
  });
  routes.delete('/faults', (context) => {
    bus.faults.set([]);
    return context.body(null, 204);
  });
  return routes;
}
