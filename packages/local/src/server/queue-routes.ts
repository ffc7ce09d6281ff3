import { Hono } from 'hono';
import type { BusCore } from '../bus-core.ts';
import { redriveDeadLetters } from '../delivery/redrive-dead-letters.ts';
import type { Queue } from '../sqs/queue.ts';
import { queryNumber } from './query-number.ts';
import { messageJson } from './queue-json.ts';

const maxShown = 100;

/** What is in the queues, and the redrive of dead-letter queues. */
export function queueRoutes(bus: BusCore): Hono {
  const routes = new Hono();
  const find = (arn: unknown): Queue => {
    const queue = bus.queues.byArn(String(arn));
    if (queue === undefined) throw new Error(`There is no queue ${String(arn)}.`);
    return queue;
  };
  routes.get('/queues/messages', (context) => {
    const queue = find(context.req.query('arn'));
    const messages = queue.messages();
    const limit = queryNumber(context, 'limit', maxShown);
    return context.json({
      messages: messages.slice(0, limit).map((message) => messageJson(queue, message)),
      more: messages.length > limit,
    });
  });
  routes.post('/queues/redrive', async (context) => {
    const { arn } = await context.req.json<{ arn: string }>();
    const queue = find(arn);
    const report = redriveDeadLetters(bus, queue);
    const waiting = queue.messages().filter((each) => !queue.isHidden(each));
    const toMove = waiting.filter((each) => each.deadLetteredFrom !== undefined).length;
    if (toMove > 0) {
      const [, , , region = '', account = ''] = queue.arn.split(':');
      const scope = { account, region };
      await bus.perform('sqs', 'StartMessageMoveTask', { SourceArn: queue.arn }, scope);
    }
    return context.json({ ...report, moved: toMove });
  });
  return routes;
}
