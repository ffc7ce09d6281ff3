import { describeThrown } from '@tidings/contract';

/** A function of the caller's, whatever it returns. */
type Callback<Arguments extends readonly unknown[]> = (...given: Arguments) => unknown;

/** Makes functions of the caller's safe to call in the middle of the work. */
export interface CallbackGuard {
  /**
   * Calls `callback` and never fails. What it throws, or rejects where it is asynchronous, is
   * reported as a warning of the process: the first time for each `name`, because a callback
   * that is broken is broken for every event.
   */
  guard<Arguments extends readonly unknown[]>(
    name: string,
    callback: Callback<Arguments>,
  ): (...given: Arguments) => void;
}

export function callbackGuard(): CallbackGuard {
  const warned = new Set<string>();

  function warn(name: string, error: unknown): void {
    if (warned.has(name)) return;
    warned.add(name);
    // Not its message: it may quote an event's data.
    const what = `${name} of a publisher ${describeThrown(error)}`;
    process.emitWarning(`${what}; the outcomes are not changed by it.`, 'TidingsWarning');
  }

  return {
    guard: (name, callback) => {
      const failed = (error: unknown): void => warn(name, error);
      return (...given) => {
        try {
          const returned = callback(...given);
          if (isPromiseLike(returned)) returned.then(undefined, failed);
        } catch (error) {
          failed(error);
        }
      };
    },
  };
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  );
}
