/** Headers by lower-case name, as Node and the SDK hand them over. */
export type AnswerHeaders = Readonly<Record<string, unknown>>;

const NUMBER = /^\d+(?:\.\d+)?$/;
/** `Sun, 07 Jun 2026 02:00:00 GMT` and the two obsolete forms of RFC 9110, 5.6.7. */
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? /;

/**
 * The wait that an answer asks for, in milliseconds, or undefined where it asks for none that
 * can be read: AWS's own header in milliseconds first, then `Retry-After` in seconds or as a
 * time. It may be of any length: whoever waits bounds it.
 */
export function retryAfterOf(
  headers: AnswerHeaders | undefined,
  now: () => number = Date.now,
): number | undefined {
  const own = text(headers?.['x-amz-retry-after']);
  if (NUMBER.test(own)) return Number(own);
  const standard = text(headers?.['retry-after']);
  if (NUMBER.test(standard)) return Number(standard) * 1000;
  if (!HTTP_DATE.test(standard)) return undefined;
  const at = Date.parse(standard);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now());
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}
