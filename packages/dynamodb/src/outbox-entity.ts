import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { SealedEvent } from '@tidings/contract';
import { type RowEntity, rowEntity } from '@tidings/relay';

/** Outbox items, as the event that each of them holds. */
export type OutboxEntity = RowEntity<StandardSchemaV1<unknown, SealedEvent>, 'new'>;

/** What an outbox item holds of an event: all of it, `detail` as the text that it is. */
export function storedEvent(event: SealedEvent): Readonly<Record<string, unknown>> {
  const { source, detailType, detail, eventId, idempotencyKey, orderingKey, traceHeader } = event;
  return {
    source,
    detailType,
    time: event.time.toISOString(),
    resources: [...event.resources],
    detail,
    eventId,
    idempotencyKey,
    ...(orderingKey !== undefined && { orderingKey }),
    ...(traceHeader !== undefined && { traceHeader }),
  };
}

const texts = ['source', 'detailType', 'time', 'detail', 'eventId', 'idempotencyKey'] as const;
const optionalTexts = ['orderingKey', 'traceHeader'] as const;

function issue(name: string, expected: string): StandardSchemaV1.Issue {
  return { message: expected, path: ['tidings', name] };
}

/** Words that a refusal may tell: a schema is asked for what it declares. */
const declared = ['tidings', 'resources', 'a stored event', 'text', 'a time', 'a list'];

/** Whether the event is well-formed is checked where it is published, as for any other. */
const schema: StandardSchemaV1<unknown, SealedEvent> & { readonly words: readonly string[] } = {
  words: [...declared, ...texts, ...optionalTexts],
  '~standard': {
    version: 1,
    vendor: 'tidings',
    validate(item) {
      const stored = (item as { readonly tidings?: unknown }).tidings;
      if (typeof stored !== 'object' || stored === null) {
        return { issues: [{ message: 'a stored event', path: ['tidings'] }] };
      }
      const event = stored as Readonly<Record<string, unknown>>;
      const issues: StandardSchemaV1.Issue[] = [];
      for (const name of texts) {
        if (typeof event[name] !== 'string') issues.push(issue(name, 'text'));
      }
      for (const name of optionalTexts) {
        if (event[name] !== undefined && typeof event[name] !== 'string') {
          issues.push(issue(name, 'text'));
        }
      }
      const time = new Date(String(event.time));
      if (Number.isNaN(time.getTime())) issues.push(issue('time', 'a time'));
      if (!Array.isArray(event.resources)) issues.push(issue('resources', 'a list'));
      if (issues.length > 0) return { issues };
      const { orderingKey, traceHeader } = event;
      return { value: { ...event, time, orderingKey, traceHeader } as unknown as SealedEvent };
    },
  },
};

/** The entity that an outbox's items are of. */
export function outboxEntity({
  partitionKey,
  prefix,
}: {
  readonly partitionKey: string;
  readonly prefix: string;
}): OutboxEntity {
  return rowEntity({
    name: 'outbox item',
    schema,
    match: { keyPrefix: { [partitionKey]: prefix } },
    images: 'new',
  });
}
