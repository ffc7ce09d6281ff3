import type { DeliveredEvent } from '../accepted-event.ts';

/** Runs in the bus's process for each event; throwing makes the bus try again. */
export type TargetFunction = (
  /** The event, or what the target's input transformation made of it. */
  payload: DeliveredEvent,
  context: {
    readonly rule: string;
    readonly targetArn: string;
    /** X-Ray's `Root=…;Parent=…`, of the entry or of the request that carried it. */
    readonly traceHeader: string | undefined;
  },
) => unknown;

/**
 * What stands for the target of an ARN: a function, or the URL that its payload is
 * posted to (for a Lambda function, what its runtime emulator listens on).
 */
export type TargetHandler = TargetFunction | string;
