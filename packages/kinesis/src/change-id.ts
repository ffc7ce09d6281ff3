import { hash } from 'node:crypto';
import { CaptureError } from '@tidings/relay';
import type { FeedRecord } from './partition.ts';

/**
 * Identity of a change by what its source tells: fit for an idempotency key whatever the
 * parts hold, and the same however often a connector sends the change.
 */
export function sourceId(feed: string, parts: readonly unknown[]): string {
  const text = JSON.stringify(parts, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  return `${feed}-${hash('sha256', text, 'hex').slice(0, 40)}`;
}

/**
 * Identity of a change by its record's place in the stream, where its source tells none: the
 * same at each delivery by Lambda. What a connector sends twice has two places.
 * @throws CaptureError where the record has no place.
 */
export function placeId(record: FeedRecord): string {
  const { place } = record;
  if (place === undefined) {
    throw new CaptureError(
      'a record must have its sequence number or offset: without it events would not be the ' +
        'same at each delivery',
    );
  }
  return /^[!-~]{1,200}$/.test(place) ? place : sourceId('record', [place]);
}
