import type { AwsScope } from './aws-scope.ts';
import { checkInput, type Fields, type InputOf } from './input-shape.ts';

/** Who asks, and on behalf of which trace. */
export interface Origin extends AwsScope {
  /** X-Ray's `Root=…;Parent=…`. */
  readonly traceHeader?: string | undefined;
  /** Calls `run` when the connection closes, so that nothing is kept for one who has left. */
  readonly onLeave?: (run: () => void) => void;
}

/** Who asks, and when. */
export interface Caller extends Origin {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One operation of the control plane. */
export interface Operation {
  /** True where it changes what exists, so that a bus with a folder remembers it. */
  readonly mutates: boolean;
  /** @throws ServiceError in the service's own words. */
  run(input: unknown, caller: Caller): object | Promise<object>;
}

export type Operations = Readonly<Record<string, Operation>>;

/** An operation that only looks. */
export function query<F extends Fields>(
  fields: F,
  run: (input: InputOf<F>, caller: Caller) => object | Promise<object>,
): Operation {
  return { mutates: false, run: (input, caller) => run(checkInput(fields, input), caller) };
}

/** An operation that changes what exists. */
export function command<F extends Fields>(
  fields: F,
  run: (input: InputOf<F>, caller: Caller) => object | Promise<object>,
): Operation {
  return { mutates: true, run: (input, caller) => run(checkInput(fields, input), caller) };
}
