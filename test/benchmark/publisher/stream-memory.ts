import { leanPublisher } from '@tidings/publisher/lean';
import { answerQuestions } from '../support/worker-process.ts';
import { orderEvent } from './bench-order.ts';

// Publishes a long async iterable and watches the process's memory.

export interface MemoryOrder {
  readonly url: string;
  readonly count: number;
}

export interface MemoryReport {
  readonly accepted: number;
  readonly baselineMb: number;
  readonly peakMb: number;
}

const MB = 1024 * 1024;

async function* events(count: number) {
  for (let index = 0; index < count; index += 1) yield orderEvent(index);
}

answerQuestions<MemoryOrder, MemoryReport>(async ({ url, count }) => {
  const publisher = leanPublisher({
    eventBusName: 'orders',
    region: 'eu-west-1',
    endpoint: url,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
  });
  // Code, connections and the first heap are the baseline, not the stream.
  await publisher.publishStream(events(1_000));
  globalThis.gc?.();
  const baseline = process.memoryUsage.rss();
  let peak = baseline;
  const sample = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 20);
  const { accepted } = await publisher.publishStream(events(count));
  clearInterval(sample);
  await publisher.close();
  return { accepted, baselineMb: baseline / MB, peakMb: peak / MB };
});
