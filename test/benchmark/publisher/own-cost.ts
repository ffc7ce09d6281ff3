import { publisherOver, type Transport } from '@tidings/publisher';
import { answerQuestions } from '../support/worker-process.ts';
import { BenchOrderPlaced, type OrderData, orderEvent, orderOf } from './bench-order.ts';

// What Tidings itself adds to an event: everything but the transport.

export interface CostOrder {
  readonly count: number;
}

export interface CostReport {
  /** Validate, seal, measure, pack, settle. */
  readonly wholeMicros: number;
  /** `create` alone: validation, the schema's own share included. */
  readonly createMicros: number;
  readonly requests: number;
}

let requests = 0;
const nowhere: Transport = {
  async send(entries) {
    requests += 1;
    return { ok: true, body: { Entries: entries.map(() => ({ EventId: 'bus' })) } };
  },
  describeBus: async () => ({ ok: true, body: {} }),
  close() {},
};

answerQuestions<CostOrder, CostReport>(async ({ count }) => {
  const publisher = publisherOver(nowhere, { eventBusName: 'orders' });
  requests = 0;
  const orders: OrderData[] = Array.from({ length: count }, (_, index) => orderOf(index));
  const creating = process.cpuUsage();
  for (const order of orders) BenchOrderPlaced.create(order);
  const created = process.cpuUsage(creating);
  const publishing = process.cpuUsage();
  await publisher.publishStream(
    (function* () {
      for (let index = 0; index < count; index += 1) yield orderEvent(index);
    })(),
  );
  const published = process.cpuUsage(publishing);
  return {
    wholeMicros: (published.user + published.system) / count,
    createMicros: (created.user + created.system) / count,
    requests,
  };
});
