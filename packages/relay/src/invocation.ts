/** What a handler looks at in Lambda's context. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/**
 * Tells the milliseconds until an invocation must be answered, with a reserve for the answer
 * itself; `Infinity` without a context, as in a test.
 */
export function answerTime(
  context: InvocationContext | undefined,
  reserveMs: number,
): () => number {
  if (context === undefined) return () => Number.POSITIVE_INFINITY;
  return () => context.getRemainingTimeInMillis() - reserveMs;
}

/**
 * What to answer Lambda where a record is not settled: its identifier. A record without one
 * cannot be named, and an identifier that Lambda does not know fails the whole batch; naming
 * the record before it only delivers that once more.
 * @param identifiers Of the records up to the first unsettled one.
 * @throws Error where none of them has one: the whole batch fails.
 */
export function failureFrom<Identifier>(identifiers: readonly (Identifier | undefined)[]): {
  itemIdentifier: Identifier;
} {
  const itemIdentifier = identifiers.findLast((identifier) => identifier !== undefined);
  if (itemIdentifier !== undefined) return { itemIdentifier };
  throw new Error(
    'No record up to the first unsettled one has a sequence number or offset, so that the whole batch fails.',
  );
}
