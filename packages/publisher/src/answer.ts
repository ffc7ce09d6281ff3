/** What an answer says about one entry. */
export type EntryAnswer =
  | { readonly kind: 'accepted'; readonly busEventId: string }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  /** The answer does not tell: the bus may or may not hold the event. */
  | { readonly kind: 'unknown' };

const UNKNOWN: EntryAnswer = { kind: 'unknown' };

/**
 * Takes a PutEvents answer apart by position: one `EntryAnswer` an entry sent.
 *
 * Only an answer with exactly one result an entry is read, because in a shorter or
 * longer one a position proves nothing. A result is a success only if it carries an
 * event id and no error code. `FailedEntryCount` is not consulted: it can only repeat
 * or contradict what the results say.
 */
export function readAnswer(body: unknown, sent: number): readonly EntryAnswer[] {
  const results = isRecord(body) ? body.Entries : undefined;
  if (!Array.isArray(results) || results.length !== sent) {
    return new Array<EntryAnswer>(sent).fill(UNKNOWN);
  }
  return results.map(readResult);
}

function readResult(result: unknown): EntryAnswer {
  if (!isRecord(result)) return UNKNOWN;
  const { EventId: id, ErrorCode: code, ErrorMessage: message } = result;
  if (typeof code === 'string' && code !== '') {
    return { kind: 'failed', code, message: typeof message === 'string' ? message : '' };
  }
  if (code !== undefined && code !== null && code !== '') return UNKNOWN;
  if (typeof id === 'string' && id !== '') return { kind: 'accepted', busEventId: id };
  return UNKNOWN;
}

/** The members that are read here, whatever they turn out to hold. */
interface Unchecked {
  readonly Entries?: unknown;
  readonly EventId?: unknown;
  readonly ErrorCode?: unknown;
  readonly ErrorMessage?: unknown;
}

function isRecord(value: unknown): value is Unchecked {
  return typeof value === 'object' && value !== null;
}
