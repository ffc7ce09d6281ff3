import { optionBounds } from '@tidings/contract';
import type { PublisherEvent, PublisherObserver } from './publisher-event.ts';

/** What is used of the Logger of Powertools for AWS Lambda. */
export interface PowertoolsLogger {
  debug(message: string, extra: Record<string, unknown>): void;
  warn(message: string, extra: Record<string, unknown>): void;
  error(message: string, extra: Record<string, unknown>): void;
}

/** What is used of the Metrics of Powertools for AWS Lambda. */
export interface PowertoolsMetrics {
  addMetric(name: string, unit: 'Count' | 'Milliseconds', value: number): void;
}

/** Give either or both. */
export interface PowertoolsOptions {
  readonly logger?: PowertoolsLogger;
  readonly metrics?: PowertoolsMetrics;
}

const NAMES: Record<keyof PowertoolsOptions, true> = { logger: true, metrics: true };

const { known } = optionBounds(RangeError);

/**
 * Reports a publisher to Powertools' Logger and Metrics.
 *
 * Logged are failed requests and retries (`debug`), events that were not accepted (`warn`)
 * and dead letters that could not be written (`error`): ids, types and codes, never an
 * event's data. Metrics: EventsAccepted, EventsRejected, EventsUndelivered, EventsRetried,
 * RequestsFailed, RequestDuration.
 */
export function powertoolsObserver(options: PowertoolsOptions): PublisherObserver {
  known('powertoolsObserver', options, NAMES);
  const { logger, metrics } = options;
  if (logger === undefined && metrics === undefined) {
    throw new RangeError('powertoolsObserver needs logger, metrics, or both');
  }
  return (event) => {
    if (logger !== undefined) log(logger, event);
    if (metrics !== undefined) measure(metrics, event);
  };
}

function log(logger: PowertoolsLogger, event: PublisherEvent): void {
  switch (event.type) {
    case 'request-failed': {
      const { type: _, ...fields } = event;
      logger.debug('A PutEvents request failed', fields);
      return;
    }
    case 'event-retried': {
      const { type: _, ...fields } = event;
      logger.debug('An event is sent again', fields);
      return;
    }
    case 'event-decided': {
      const { outcome, source, detailType } = event;
      if (outcome.status === 'accepted') return;
      // Not its message: a service may quote what it refuses.
      const { eventId, status, code, attempts, parked = false } = outcome;
      const fields = { eventId, source, detailType, status, code, attempts, parked };
      logger.warn('An event was not accepted', fields);
      return;
    }
    case 'parking-failed':
      logger.error('Dead letters could not be written', {
        eventIds: event.eventIds,
        reason: event.reason,
      });
      return;
    default:
      return;
  }
}

function measure(metrics: PowertoolsMetrics, event: PublisherEvent): void {
  switch (event.type) {
    case 'request-answered':
      metrics.addMetric('RequestDuration', 'Milliseconds', event.durationMs);
      if (event.accepted > 0) metrics.addMetric('EventsAccepted', 'Count', event.accepted);
      return;
    case 'request-failed':
      metrics.addMetric('RequestsFailed', 'Count', 1);
      return;
    case 'event-retried':
      metrics.addMetric('EventsRetried', 'Count', 1);
      return;
    case 'event-decided':
      if (event.outcome.status === 'rejected') metrics.addMetric('EventsRejected', 'Count', 1);
      if (event.outcome.status === 'undelivered') {
        metrics.addMetric('EventsUndelivered', 'Count', 1);
      }
      return;
    default:
      return;
  }
}
