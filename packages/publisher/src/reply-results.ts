import { type EntryAnswer, readAnswer } from './answer.ts';
import { entryFailureKind, mayHaveBeenAccepted, requestFailureKind } from './failure-table.ts';
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

/** Reads a reply to a request of `sent` entries. */
export function replyResults(reply: Reply, sent: number): ReplyResults {
  if (reply.ok) return { results: readAnswer(reply.body, sent).map(entryResult), refused: false };
  const { code, message, retryAfterMs = 0 } = reply.failure;
  const kind = requestFailureKind(reply.failure);
  const failure: Failure = {
    kind,
    code,
    message,
    retryAfterMs,
    scope: 'request',
    mayHaveBeenAccepted: mayHaveBeenAccepted(reply.failure),
  };
  const results = new Array<EntryResult>(sent).fill({ kind: 'failed', failure });
  return { results, refused: kind === 'permanent' };
}

function entryResult(answer: EntryAnswer): EntryResult {
  if (answer.kind === 'accepted') return answer;
  if (answer.kind === 'unknown') return UNREADABLE;
  const { code, message } = answer;
  const failure: Failure = {
    kind: entryFailureKind(code),
    code,
    message,
    retryAfterMs: 0,
    scope: 'entry',
    mayHaveBeenAccepted: false,
  };
  return { kind: 'failed', failure };
}
