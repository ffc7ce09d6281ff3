/**
 * Runs a request that ends whatever happens: it is aborted after `timeoutMs`, for the SDK's
 * own time-outs only warn, and when `stop` is. Nothing stays behind at `stop`, which lives
 * as long as the source.
 */
export async function boundedRequest<Answer>(
  timeoutMs: number,
  stop: AbortSignal,
  request: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  const bound = new AbortController();
  const abort = (): void => bound.abort();
  const timer = setTimeout(abort, timeoutMs);
  if (stop.aborted) abort();
  stop.addEventListener('abort', abort, { once: true });
  try {
    return await request({ abortSignal: bound.signal });
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', abort);
  }
}

/** Makes `boundedRequest` with the bounds of one source. */
export type Bounded = <Answer>(
  request: (options: { abortSignal: AbortSignal }) => Promise<Answer>,
) => Promise<Answer>;
