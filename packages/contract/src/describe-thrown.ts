const NAME = /^[A-Za-z_$][\w$]{0,60}$/;
const PLACE = /^ {4}at (?:.* \()?((?:file:\/\/|\/|[A-Za-z]:\\)[^()\s]*:\d+:\d+)\)?$/m;

/**
 * What may be told of an error that a function of the caller's threw: a contract's message,
 * which holds no data. Any other message may quote data, so that its kind and place must do.
 */
export function describeThrown(error: unknown): string {
  try {
    if (!(error instanceof Error)) return `threw a value of type ${typeof error}`;
    if (error.name === 'ContractError' || error.name === 'CaptureError') {
      return `was refused: ${error.message}`;
    }
    const name = NAME.test(error.name) ? error.name : 'Error';
    // The message stands in front of the places, and may look like one.
    const stack = String(error.stack).replace(error.message, '');
    const place = PLACE.exec(stack)?.[1];
    return place === undefined ? `threw ${name}` : `threw ${name} at ${place}`;
  } catch {
    // A getter or a proxy that throws in its turn.
    return 'threw a value that cannot be read';
  }
}

/**
 * One sentence about a failure of something that was given an event, such as a store: the
 * message of the system or of a service, which has a code, and of any other its kind and place.
 */
export function describeFailure(error: unknown): string {
  const first = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  if (!(first instanceof Error)) return describeThrown(first);
  const { code, $metadata } = first as { readonly code?: unknown; readonly $metadata?: unknown };
  if (typeof code !== 'string') {
    // The AWS SDK has the code for a name.
    return $metadata === undefined ? describeThrown(first) : `${first.name}: ${first.message}`;
  }
  const text = first.message === '' ? first.name : first.message;
  return text.includes(code) ? text : `${text} (${code})`;
}
