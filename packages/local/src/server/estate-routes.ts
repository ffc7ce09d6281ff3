import { Hono } from 'hono';
import type { BusCore } from '../bus-core.ts';
import { compilePattern } from '../pattern/compile-pattern.ts';
import { explain } from '../pattern/explain.ts';
import { InvalidPatternError } from '../pattern/invalid-pattern-error.ts';
import { InvalidEventError } from '../pattern/read-event.ts';
import { queueJson } from './queue-json.ts';

/** How many of the latest events a pattern is tried on. */
const triedEvents = 10_000;

/** What exists, pattern tests, and operations of the control plane without a signature. */
export function estateRoutes(bus: BusCore): Hono {
  const routes = new Hono();
  routes.get('/estate', (context) => context.json(estateJson(bus)));
  routes.post('/explain', async (context) => {
    const { pattern, event } = await context.req.json<{ pattern: string; event?: string }>();
    return context.json(explanation(bus, pattern, event));
  });
  routes.post('/operations/:op', async (context) => {
    const { account, region } = bus.options;
    const scope = {
      account: context.req.query('account') ?? account,
      region: context.req.query('region') ?? region,
    };
    const input = await context.req.json();
    return context.json(await bus.perform('events', context.req.param('op'), input, scope));
  });
  return routes;
}

function explanation(bus: BusCore, pattern: string, event: string | undefined): object {
  try {
    const compiled = compilePattern(pattern);
    const latest = bus.events.events.slice(-triedEvents);
    return {
      valid: true,
      ...(event === undefined || event.trim() === '' ? {} : explain(compiled, event)),
      tried: latest.length,
      matching: latest.filter((each) => compiled.matches(each.text)).length,
    };
  } catch (error) {
    if (error instanceof InvalidPatternError) return { valid: false, sentence: error.message };
    if (!(error instanceof InvalidEventError)) throw error;
    return { valid: true, matched: false, sentence: error.message };
  }
}

function estateJson(bus: BusCore): object {
  const now = bus.now();
  return {
    regions: [...bus.estate.regions()].map((region) => ({
      account: region.account,
      region: region.region,
      buses: [...region.buses.values()].map((each) => ({
        name: each.name,
        arn: each.arn,
        rules: [...each.rules.values()].map((rule) => ({
          name: rule.name,
          arn: rule.arn,
          state: rule.state,
          managedBy: rule.managedBy,
          pattern: rule.eventPattern,
          schedule: rule.scheduleExpression,
          targets: [...rule.targets.values()],
        })),
      })),
      archives: [...region.archives.values()].map((archive) => ({
        name: archive.name,
        arn: archive.arn,
        sourceArn: archive.sourceArn,
        pattern: archive.eventPattern,
        retentionDays: archive.retentionDays,
        events: archive.events.filter((each) => each.visibleAt <= now).length,
        first: archive.events[0]?.event.time,
        last: archive.events.at(-1)?.event.time,
      })),
      replays: [...region.replays.values()].map((replay) => ({
        name: replay.name,
        state: replay.state,
        reason: replay.stateReason,
        archiveArn: replay.archiveArn,
        startTime: replay.startTime,
        endTime: replay.endTime,
      })),
    })),
    queues: [...bus.queues.all()].map(queueJson),
  };
}
