import { type EntryAnswer, readAnswer } from './answer.ts';
import { entryFailure, mayHaveBeenAccepted, requestFailureKind } from './failure-table.ts';
import type { Failure } from './retry-policy.ts';
import type { Reply } from './transport.ts';

/** What a reply means for one entry of its request. */
export type EntryResult =
  | { readonly kind: 'accepted'; readonly busEventId: string }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What a reply means for a request: one result an entry, by position. */
export interface ReplyResults {
  readonly results: readonly EntryResult[];
  /** The request was refused for its content: some entry is to blame, and nobody says which. */
  readonly refused: boolean;
}

const UNREADABLE: EntryResult = {
  kind: 'failed',
  failure: {
    kind: 'transient',
    code: 'UnreadableAnswer',
    message: 'The answer did not say what became of the event; publish it again.',
    retryAfterMs: 0,
    scope: 'request',
    mayHaveBeenAccepted: true,
  },
};

/**
 * Reads a reply to a request of `sent` entries. No wait that it asks for is longer than
 * `maxRetryAfterMs`, whichever transport read it.
 */
export function replyResults(reply: Reply, sent: number, maxRetryAfterMs: number): ReplyResults {
  if (reply.ok) return { results: readAnswer(reply.body, sent).map(entryResult), refused: false };
  const { code, message } = reply.failure;
  const kind = requestFailureKind(reply.failure);
  const failure: Failure = {
    kind,
    code,
    message,
    retryAfterMs: boundedWait(reply.failure.retryAfterMs, maxRetryAfterMs),
    scope: 'request',
    mayHaveBeenAccepted: mayHaveBeenAccepted(reply.failure),
  };
  const results = new Array<EntryResult>(sent).fill({ kind: 'failed', failure });
  return { results, refused: kind === 'permanent' };
}

/** A wait that a timer can hold, whatever a transport made of an answer. */
export function boundedWait(askedMs: number | undefined, mostMs: number): number {
  return typeof askedMs === 'number' && askedMs > 0 ? Math.min(askedMs, mostMs) : 0;
}

function entryResult(answer: EntryAnswer): EntryResult {
  if (answer.kind === 'accepted') return answer;
  if (answer.kind === 'unknown') return UNREADABLE;
  const { code, message } = answer;
  const failure: Failure = {
    ...entryFailure(code),
    code,
    message,
    retryAfterMs: 0,
    mayHaveBeenAccepted: false,
  };
  return { kind: 'failed', failure };
}
