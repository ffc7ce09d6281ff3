/** What is read of Lambda's context. */
export interface LambdaContext {
  getRemainingTimeInMillis(): number;
}

/** Milliseconds that are left of an invocation; `Infinity` without a context, as in a test. */
export function remainingMs(given: readonly unknown[]): number {
  return contextOf(given)?.getRemainingTimeInMillis() ?? Number.POSITIVE_INFINITY;
}

/** The same, less a reserve of at most a half. */
export function timeLeft(given: readonly unknown[], reserveMs: number): () => number {
  return () => {
    const leftMs = remainingMs(given);
    return Math.max(leftMs - reserveMs, leftMs / 2);
  };
}

/**
 * Lambda's context among what a handler is given: the last of two, or the last but one before a
 * callback; that of a durable function holds it.
 */
function contextOf(given: readonly unknown[]): LambdaContext | undefined {
  for (const each of given.toReversed()) {
    if (isContext(each)) return each;
    const inner = (each as { readonly lambdaContext?: unknown } | null | undefined)?.lambdaContext;
    if (isContext(inner)) return inner;
  }
  return undefined;
}

function isContext(value: unknown): value is LambdaContext {
  const { getRemainingTimeInMillis } = (value ?? {}) as Partial<LambdaContext>;
  return typeof getRemainingTimeInMillis === 'function';
}
