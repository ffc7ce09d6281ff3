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
