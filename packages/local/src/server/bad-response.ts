import type { PutEventsOutput } from '../protocol/put-events.ts';
import type { WireAnswer } from './wire.ts';

/** A 200 that the service never sends, made of the one it would have sent. */
export function badResponse(body: string, output: PutEventsOutput): WireAnswer {
  const { Entries, FailedEntryCount } = output;
  switch (body) {
    case 'empty':
      return { status: 200, body: '' };
    case 'html':
      return {
        status: 200,
        body: '<html><body>Service Unavailable</body></html>',
        headers: { 'Content-Type': 'text/html' },
      };
    case 'short-entries':
      return json({ FailedEntryCount, Entries: Entries.slice(0, -1) });
    case 'extra-entries':
      return json({ FailedEntryCount, Entries: [...Entries, ...Entries.slice(-1)] });
    case 'wrong-count':
      return json({ FailedEntryCount: FailedEntryCount + 1, Entries });
    default:
      return json({ FailedEntryCount, Entries: Entries.toReversed() });
  }
}

function json(value: unknown): WireAnswer {
  return { status: 200, body: JSON.stringify(value) };
}
