import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { SpanStatusCode } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { startLocalBus } from '@tidings/local';
import {
  eventBridgePublisher,
  type PublisherEvent,
  type PublisherObserver,
} from '@tidings/publisher';
import { openTelemetryObserver } from '@tidings/publisher/opentelemetry';
import { powertoolsObserver } from '@tidings/publisher/powertools';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { sealedOrder } from '../support/sealed-order.ts';

let bus: Awaited<ReturnType<typeof startLocalBus>>;
beforeAll(async () => {
  bus = await startLocalBus({ buses: ['orders'] });
});
afterAll(() => bus.stop());
beforeEach(() => bus.reset());
afterEach(() => vi.restoreAllMocks());

const SECRET = 'card-4111-1111';

function publisherWatchedBy(...observers: PublisherObserver[]) {
  return eventBridgePublisher({
    eventBusName: 'orders',
    region: 'us-east-1',
    endpoint: bus.url,
    credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
    backoff: { baseMs: 1, capMs: 2 },
    throttledBackoff: { baseMs: 1, capMs: 2 },
    observers,
  });
}

function secretOrder(eventId: string, traceparent?: string) {
  const order = sealedOrder(eventId);
  const trace = traceparent === undefined ? '' : `,"traceparent":"${traceparent}"`;
  const detail = order.detail
    .replace('"pad":""', `"pad":"${SECRET}"`)
    .replace('"version":"1.0"', `"version":"1.0"${trace}`);
  return { ...order, detail };
}

/** One event that is accepted at its second attempt, one that is rejected. */
async function publishTwo(...observers: PublisherObserver[]): Promise<void> {
  bus.setFaults([
    {
      match: { detailPattern: { detail: { metadata: { eventId: ['bad'] } } } },
      action: { type: 'entry-fail', code: 'MalformedDetail' },
    },
    { when: { first: 1 }, action: { type: 'request-fail', preset: '500' } },
  ]);
  const publisher = publisherWatchedBy(...observers);
  await publisher.publishSettled(secretOrder('good'));
  await publisher.publishSettled(secretOrder('bad'));
  await publisher.close();
}

describe('PublisherEvent', () => {
  it('tells the way of an event, and never its data', async () => {
    const events: PublisherEvent[] = [];
    await publishTwo((event) => events.push(event));
    expect(events.map(({ type }) => type)).toEqual([
      'request-sent',
      'event-retried',
      'request-failed',
      'request-sent',
      'event-decided',
      'request-answered',
      'request-sent',
      'event-decided',
      'request-answered',
    ]);
    expect(events[2]).toMatchObject({ requestId: 1, status: 500, kind: 'transient', entries: 1 });
    expect(events.at(-2)).toMatchObject({
      source: 'com.acme.orders',
      detailType: 'OrderPlaced',
      outcome: { eventId: 'bad', status: 'rejected', code: 'MalformedDetail' },
    });
    expect(JSON.stringify(events)).not.toContain(SECRET);
  });

  it('does not disturb the publisher where an observer throws', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve));
    const publisher = publisherWatchedBy(() => {
      throw new TypeError('observer is broken');
    });
    await publisher.publish(secretOrder('e1'));
    const { message } = await warned;
    expect(message).toMatch(/^Observer 1 of a publisher threw TypeError at .*observability\.test/);
    // It may quote an event.
    expect(message).not.toContain('observer is broken');
  });
});

describe('openTelemetryObserver', () => {
  it('makes a span a request and counts events', async () => {
    const spans = new InMemorySpanExporter();
    const tracerProvider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(spans)],
    });
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 60_000 });
    const meterProvider = new MeterProvider({ readers: [reader] });
    const observer = openTelemetryObserver({
      tracer: tracerProvider.getTracer('test'),
      meter: meterProvider.getMeter('test'),
    });
    await publishTwo(observer);

    const [failed, answered] = spans.getFinishedSpans();
    expect(failed).toMatchObject({ name: 'send orders', status: { code: SpanStatusCode.ERROR } });
    expect(failed?.attributes).toMatchObject({
      'messaging.destination.name': 'orders',
      'messaging.batch.message_count': 1,
    });
    expect(answered?.status.code).toBe(SpanStatusCode.UNSET);

    await meterProvider.forceFlush();
    const recorded = exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    const points = recorded.find(
      ({ descriptor }) => descriptor.name === 'tidings.publisher.events',
    );
    expect(
      points?.dataPoints.map(({ attributes, value }) => [attributes['tidings.outcome'], value]),
    ).toEqual([
      ['accepted', 1],
      ['rejected', 1],
    ]);
    const everything = JSON.stringify([
      recorded,
      spans.getFinishedSpans().map((span) => [span.attributes, span.links, span.events]),
    ]);
    expect(everything).not.toContain(SECRET);
    await meterProvider.shutdown();
    await tracerProvider.shutdown();
  });

  it('puts a request into the trace of its events, or links it to each of several', async () => {
    const spans = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
    const observer = openTelemetryObserver({ tracer: provider.getTracer('test') });
    const publisher = publisherWatchedBy(observer);
    const first = `00-${'a'.repeat(32)}-${'1'.repeat(16)}-01`;
    const second = `00-${'b'.repeat(32)}-${'2'.repeat(16)}-01`;
    await publisher.publish([secretOrder('e1', first), secretOrder('e2', first)]);
    await publisher.publish([secretOrder('e3', first), secretOrder('e4', second)]);
    const [child, linked] = spans.getFinishedSpans();
    expect(child?.spanContext().traceId).toBe('a'.repeat(32));
    expect(child?.parentSpanContext?.spanId).toBe('1'.repeat(16));
    expect(linked?.parentSpanContext).toBeUndefined();
    expect(linked?.links.map(({ context }) => context.traceId)).toEqual([
      'a'.repeat(32),
      'b'.repeat(32),
    ]);
    await provider.shutdown();
  });

  it('works without an SDK', async () => {
    await publishTwo(openTelemetryObserver());
    expect(bus.events).toHaveLength(1);
  });
});

describe('powertoolsObserver', () => {
  it('fits the Logger and the Metrics of Powertools, and logs no data', async () => {
    vi.stubEnv('POWERTOOLS_DEV', 'true');
    const lines: string[] = [];
    for (const level of ['debug', 'info', 'warn', 'error', 'log'] as const) {
      vi.spyOn(console, level).mockImplementation((line: unknown) => {
        lines.push(String(line));
      });
    }
    const logger = new Logger({ serviceName: 'checkout', logLevel: 'DEBUG' });
    const metrics = new Metrics({ namespace: 'shop', serviceName: 'checkout' });
    await publishTwo(powertoolsObserver({ logger, metrics }));
    const emf = metrics.serializeMetrics();
    vi.unstubAllEnvs();
    expect(lines.join('\n')).toContain('An event was not accepted');
    expect(lines.join('\n')).toMatch(/"eventId": ?"bad"/);
    expect(lines.join('\n')).not.toContain(SECRET);
    const units = emf._aws.CloudWatchMetrics[0]?.Metrics;
    expect(units).toContainEqual({ Name: 'EventsAccepted', Unit: MetricUnit.Count });
    expect(units).toContainEqual({ Name: 'RequestDuration', Unit: MetricUnit.Milliseconds });
    expect(emf).toMatchObject({
      EventsAccepted: 1,
      EventsRejected: 1,
      EventsRetried: 1,
      RequestsFailed: 1,
    });
    metrics.clearMetrics();
  });
});
