import {
  type Attributes,
  type Link,
  type Meter,
  metrics,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { optionBounds } from '@tidings/contract';
import type {
  EventDecided,
  PublisherEvent,
  PublisherObserver,
  RequestSent,
} from './publisher-event.ts';

/** Where spans and metrics go. Both default to the global providers; no SDK, no effect. */
export interface OpenTelemetryOptions {
  readonly tracer?: Tracer;
  readonly meter?: Meter;
}

const SCOPE = '@tidings/publisher';

const NAMES: Record<keyof OpenTelemetryOptions, true> = { tracer: true, meter: true };

const { known } = optionBounds(RangeError);

/**
 * Reports a publisher to OpenTelemetry.
 *
 * One span a request, `send BUS`: the child of the trace that all its events come from,
 * or, where they come from several, a root span that links to each. Metrics:
 * `messaging.client.operation.duration` (s, a request), `tidings.publisher.events` (by
 * outcome, source and detail type), `tidings.publisher.event.duration` (s, from `publish`
 * to its outcome), `tidings.publisher.retries`, `tidings.publisher.parking.failures` and
 * `tidings.publisher.concurrency`.
 */
export function openTelemetryObserver(options: OpenTelemetryOptions = {}): PublisherObserver {
  known('openTelemetryObserver', options, NAMES);
  const { tracer = trace.getTracer(SCOPE), meter = metrics.getMeter(SCOPE) } = options;
  const operationDuration = meter.createHistogram('messaging.client.operation.duration', {
    unit: 's',
    description: 'Duration of PutEvents requests.',
  });
  const events = meter.createCounter('tidings.publisher.events', {
    unit: '{event}',
    description: 'Events that were decided, by outcome.',
  });
  const eventDuration = meter.createHistogram('tidings.publisher.event.duration', {
    unit: 's',
    description: 'From publish to the outcome of an event.',
  });
  const retries = meter.createCounter('tidings.publisher.retries', {
    unit: '{event}',
    description: 'Events that were sent again.',
  });
  const parkingFailures = meter.createCounter('tidings.publisher.parking.failures', {
    unit: '{event}',
    description: 'Events whose dead letter could not be written.',
  });
  const concurrency = meter.createGauge('tidings.publisher.concurrency', {
    unit: '{request}',
    description: 'Requests that may be in flight.',
  });
  const open = new Map<number, { readonly span: Span; readonly attributes: Attributes }>();

  function begin(event: RequestSent): void {
    const attributes: Attributes = {
      'messaging.system': 'aws.eventbridge',
      'messaging.operation.name': 'PutEvents',
      'messaging.operation.type': 'send',
      'messaging.destination.name': event.eventBusName,
    };
    open.set(event.requestId, { span: startSpan(tracer, event, attributes), attributes });
  }

  function end(requestId: number, durationMs: number, failed: number, errorType?: string): void {
    const request = open.get(requestId);
    if (request === undefined) return;
    open.delete(requestId);
    const { span, attributes } = request;
    const outcome: Attributes = errorType === undefined ? {} : { 'error.type': errorType };
    operationDuration.record(durationMs / 1000, { ...attributes, ...outcome });
    span.setAttributes({ 'tidings.entries.failed': failed, ...outcome });
    if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: errorType });
    span.end();
  }

  function decided({ outcome, source, detailType, durationMs }: EventDecided): void {
    const attributes: Attributes = {
      'tidings.outcome': outcome.status,
      'tidings.source': source,
      'tidings.detail_type': detailType,
      ...(outcome.status !== 'accepted' && { 'error.type': outcome.code }),
    };
    events.add(1, attributes);
    eventDuration.record(durationMs / 1000, attributes);
  }

  return (event: PublisherEvent) => {
    switch (event.type) {
      case 'request-sent':
        begin(event);
        return;
      case 'request-answered':
        end(event.requestId, event.durationMs, event.failed);
        return;
      case 'request-failed':
        end(event.requestId, event.durationMs, event.entries, event.code);
        return;
      case 'event-decided':
        decided(event);
        return;
      case 'event-retried':
        retries.add(1, { 'error.type': event.code });
        return;
      case 'parking-failed':
        parkingFailures.add(event.eventIds.length);
        return;
      case 'concurrency-changed':
        concurrency.record(event.limit);
        return;
      case 'event-shrunk':
        return;
    }
  };
}

function startSpan(tracer: Tracer, event: RequestSent, attributes: Attributes): Span {
  const contexts = event.traceparents.map(spanContext);
  const [only] = contexts;
  const links: Link[] = contexts.length === 1 ? [] : contexts.map((context) => ({ context }));
  const parent =
    only !== undefined && contexts.length === 1
      ? trace.setSpanContext(ROOT_CONTEXT, only)
      : ROOT_CONTEXT;
  return tracer.startSpan(
    `send ${event.eventBusName}`,
    {
      kind: SpanKind.CLIENT,
      links,
      attributes: {
        ...attributes,
        'messaging.batch.message_count': event.entries,
        'messaging.message.body.size': event.bytes,
      },
    },
    parent,
  );
}

/** `00-<trace>-<span>-<flags>`, whose form was checked where it was found. */
function spanContext(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
