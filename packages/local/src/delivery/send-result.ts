/** How one attempt to hand an event to a target ended. */
export type SendResult = { readonly ok: true } | SendFailure;

export interface SendFailure {
  readonly ok: false;
  /** As the service writes it to a dead letter, for example `NO_RESOURCE`. */
  readonly code: string;
  readonly message: string;
  /** False where trying again is in vain. */
  readonly retriable: boolean;
  /** HTTP status, where the target answered with one. */
  readonly status?: number;
  /** Milliseconds that the target asks to be left alone. */
  readonly retryAfterMs?: number;
}

export const sent: SendResult = { ok: true };

export function refused(code: string, message: string): SendFailure {
  return { ok: false, code, message, retriable: false };
}

export function failed(code: string, message: string, retryAfterMs?: number): SendFailure {
  return {
    ok: false,
    code,
    message,
    retriable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}
