import type { EntryError } from '../protocol/put-events-entry.ts';
import type { EntryChoice, FaultAction } from './fault.ts';
import { type RequestFailure, requestFailure } from './request-failure.ts';
import type { TokenBucket } from './token-bucket.ts';

/** What a fault makes of a request. */
export type RequestEffect =
  | { readonly type: 'refuse'; readonly failure: RequestFailure }
  | { readonly type: 'fail-entries'; readonly errors: ReadonlyMap<number, EntryError> }
  | { readonly type: 'drop-entries'; readonly dropped: ReadonlySet<number> }
  | Extract<FaultAction, { type: 'commit-then' | 'before-commit' | 'bad-response' }>;

type RequestAction = Exclude<
  FaultAction,
  { type: 'latency' | 'deliver' | 'archive-lag' | 'replay-interrupt' }
>;

/** Undefined where the fault, though due, finds nothing to do. */
export function requestEffect(
  action: FaultAction,
  request: {
    /** Indices of the entries that agree. */
    readonly chosen: readonly number[];
    readonly entryCount: number;
    readonly random: () => number;
    readonly bucket: TokenBucket | undefined;
  },
): RequestEffect | undefined {
  const known = action as RequestAction;
  switch (known.type) {
    case 'entry-fail': {
      const error = { code: known.code, message: known.message ?? `${known.code} (a fault)` };
      const failed = choose(known, request.chosen, request.random);
      if (failed.length === 0) return undefined;
      return { type: 'fail-entries', errors: new Map(failed.map((index) => [index, error])) };
    }
    case 'silent-drop': {
      const dropped = choose(known, request.chosen, request.random);
      return dropped.length === 0 ? undefined : { type: 'drop-entries', dropped: new Set(dropped) };
    }
    case 'request-fail':
      return { type: 'refuse', failure: requestFailure(known) };
    case 'token-bucket': {
      const over = request.bucket?.take(request.entryCount) ?? [];
      if (over.length === 0) return undefined;
      if (known.scope === 'request') {
        return {
          type: 'refuse',
          failure: requestFailure({ type: 'request-fail', preset: 'throttle' }),
        };
      }
      const error = { code: 'ThrottlingException', message: 'Rate exceeded' };
      return { type: 'fail-entries', errors: new Map(over.map((index) => [index, error])) };
    }
    default:
      return known;
  }
}

function choose(
  choice: EntryChoice,
  chosen: readonly number[],
  random: () => number,
): readonly number[] {
  if (choice.indices !== undefined) {
    const { indices } = choice;
    return chosen.filter((index) => indices.includes(index));
  }
  if (choice.fraction === undefined) return chosen;
  const pool = [...chosen];
  const picked: number[] = [];
  for (let left = Math.ceil(choice.fraction * chosen.length); left > 0; left -= 1) {
    picked.push(...pool.splice(Math.floor(random() * pool.length), 1));
  }
  return picked;
}
