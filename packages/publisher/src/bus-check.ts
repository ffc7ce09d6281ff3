import type { Dispatcher } from './dispatcher.ts';
import type { PublisherSettings } from './publisher-options.ts';
import type { Transport } from './transport.ts';
import { passes, VerificationError, verifyBusExists } from './verify.ts';

/** Holds events back until the bus is known to exist. */
export interface BusCheck {
  /** Starts the check, unless it was passed before or is under way. */
  begin(): void;
}

/** Where `verifyBus` is off. */
export const noBusCheck: BusCheck = { begin() {} };

/**
 * Describes the bus before the first event is sent. Where the bus does not exist or may
 * not be described, what is waiting is `undelivered` with that reason, and the next call
 * asks again. A failure that passes is tried again until the events' deadlines.
 */
export function busCheck(
  settings: PublisherSettings,
  transport: Transport,
  dispatcher: Dispatcher,
): BusCheck {
  let passed = false;
  let underWay = false;

  async function check(): Promise<void> {
    try {
      await verifyBusExists(transport, settings.eventBusName, {
        timeoutMs: settings.requestTimeoutMs,
        signal: undefined,
      });
      passed = true;
      dispatcher.hold(false);
    } catch (error) {
      if (!(error instanceof VerificationError) || !passes(error.kind)) {
        const code = error instanceof VerificationError ? error.code : 'BusCheckFailed';
        dispatcher.giveUpAll(code, error instanceof Error ? error.message : String(error));
      } else if (!dispatcher.isIdle()) {
        settings.clock.setTimer(() => void check(), settings.backoff.capMs / 10, undefined);
        return;
      }
    }
    underWay = false;
  }

  return {
    begin() {
      if (passed || underWay) return;
      underWay = true;
      dispatcher.hold(true);
      void check();
    },
  };
}
