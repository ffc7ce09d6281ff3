import { Hono } from 'hono';
import type { BusCore } from '../bus-core.ts';
import { ServiceError } from '../protocol/service-error.ts';
import { jsonBodyGuard, tokenGuard } from './control-guards.ts';
import { estateRoutes } from './estate-routes.ts';
import { faultRoutes } from './fault-routes.ts';
import { journalRoutes } from './journal-routes.ts';
import { pageFiles } from './page-files.ts';
import { queueRoutes } from './queue-routes.ts';
import { sendRoutes } from './send-routes.ts';
import { streamRoutes } from './stream-routes.ts';

/** What the bus answers beside the AWS protocol, for people and tests. */
export function controlApi(bus: BusCore): Hono {
  const api = new Hono();
  api.use(tokenGuard(bus.options.token));
  api.use(jsonBodyGuard);
  api.onError((error, context) => {
    const type = error instanceof ServiceError ? { type: error.type } : {};
    return context.json({ message: error.message, ...type }, 400);
  });
  api.notFound((context) => context.json({ message: 'There is nothing here.' }, 404));
  api.route('/', pageFiles());
  api.route('/_bus', journalRoutes(bus));
  api.route('/_bus', faultRoutes(bus));
  api.route('/_bus', estateRoutes(bus));
  api.route('/_bus', queueRoutes(bus));
  api.route('/_bus', sendRoutes(bus));
  api.route('/_bus', streamRoutes(bus));
  return api;
}
