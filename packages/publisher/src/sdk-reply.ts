import { sdkFailure } from './sdk-failure.ts';
import { abortFailure, type Reply } from './transport.ts';

/**
 * The reply that a call of the SDK amounts to. The SDK heeds the signal only once its
 * handler runs, and while it looks for credentials it would wait on: hence the race.
 * @param isSent False while the request has not begun to leave.
 */
export function replyOf(
  answer: Promise<unknown>,
  signal: AbortSignal,
  isSent: () => boolean = () => true,
): Promise<Reply> {
  return new Promise((resolve) => {
    const onAbort = (): void => resolve({ ok: false, failure: abortFailure(signal) });
    signal.addEventListener('abort', onAbort, { once: true });
    answer.then(
      (body) => {
        signal.removeEventListener('abort', onAbort);
        resolve({ ok: true, body });
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        resolve({
          ok: false,
          failure: signal.aborted ? abortFailure(signal) : sdkFailure(error, isSent()),
        });
      },
    );
  });
}
