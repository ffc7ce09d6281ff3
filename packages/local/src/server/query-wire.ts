import { queryAnswer, queryRefusal } from '../sqs/query-response.ts';
import type { WireAnswer } from './wire.ts';

/** Where the two protocols word a refusal differently. */
const sentences: ReadonlyMap<string, string> = new Map([
  [
    'AWS.SimpleQueueService.NonExistentQueue',
    'The specified queue does not exist for this wsdl version.',
  ],
]);

/** An answer of the JSON protocol in the form of the query protocol. */
export function inQueryProtocol(op: string, wire: WireAnswer): WireAnswer {
  if (wire.body === '') return wire;
  const content = JSON.parse(wire.body) as { readonly message?: string };
  const { 'x-amzn-query-error': both, ...headers } = wire.headers ?? {};
  const code = both?.split(';')[0] ?? wire.error ?? '';
  return {
    ...wire,
    headers: { ...headers, 'Content-Type': 'text/xml' },
    body:
      wire.error === undefined
        ? queryAnswer(op, content)
        : queryRefusal(code, sentences.get(code) ?? content.message ?? ''),
  };
}
