/**
 * Which requests a fault looks at. Every field given must agree. The fields of an
 * entry (`bus`, `source`, `detailType`, `detailPattern`, `entryIndex`) choose entries: a
 * request agrees when one of its entries does. `rule` and `target` are those of a
 * delivery.
 */
export interface FaultMatch {
  /** Name of the operation, or `*` for any. Default: `PutEvents`. */
  readonly op?: string;
  readonly bus?: string;
  readonly source?: string;
  readonly detailType?: string;
  /** An event pattern. */
  readonly detailPattern?: object;
  /** Position in the request; the first is 0. */
  readonly entryIndex?: number;
  /** The SDK's attempt; the first is 1. */
  readonly attempt?: number;
  /** The SDK's invocation id, the same in all attempts of one call. */
  readonly invocation?: string;
  /** Name of the rule. */
  readonly rule?: string;
  /** Id of the target. */
  readonly target?: string;
}

/**
 * Which of the requests that agree are hit. `nth` counts from 1, `every: 3` hits the
 * third, sixth and so on, `first: 2` the first two, `probability` draws from the
 * fault's own seeded generator. `times` ends the fault after so many hits. Absent: all.
 */
export type FaultWhen = { readonly times?: number } & (
  | OneOf<'nth', readonly number[]>
  | OneOf<'every', number>
  | OneOf<'first', number>
  | (OneOf<'probability', number> & { readonly seed?: number })
  | { readonly [Mode in WhenMode]?: never }
);
type WhenMode = 'nth' | 'every' | 'first' | 'probability';
/** The field `Mode`, and none of the others. */
type OneOf<Mode extends WhenMode, Value> = { readonly [M in Mode]: Value } & {
  readonly [M in Exclude<WhenMode, Mode>]?: never;
};

/** Which of the agreeing entries fail. Absent: all of them. */
export type EntryChoice =
  | { readonly indices: readonly number[]; readonly fraction?: never }
  /** This share of the agreeing entries, rounded up, drawn by the fault's generator. */
  | { readonly fraction: number; readonly indices?: never }
  | { readonly indices?: never; readonly fraction?: never };

export const requestFailPresets = ['throttle', '429', '500', '503', '403', '413-empty'] as const;
export type RequestFailPreset = (typeof requestFailPresets)[number];

/** Milliseconds, of one kind. */
export type Delay =
  | { readonly fixed: number }
  | { readonly uniform: readonly [min: number, max: number] }
  | { readonly lognormal: { readonly median: number; readonly sigma: number } };

/** What a fault does. */
export type FaultAction =
  /** These entries fail inside a 200; the others are committed. */
  | ({
      readonly type: 'entry-fail';
      readonly code: string;
      readonly message?: string;
    } & EntryChoice)
  /** The whole request is refused and nothing is committed. */
  | { readonly type: 'request-fail'; readonly preset: RequestFailPreset }
  | {
      readonly type: 'request-fail';
      readonly status: number;
      /** Name of the error, for example `ThrottlingException`. */
      readonly error: string;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Refuses with `ThrottlingException` what goes beyond the rate. */
  | {
      readonly type: 'token-bucket';
      readonly ratePerSec: number;
      readonly burst: number;
      /** What a token pays for. */
      readonly unit: 'requests' | 'entries';
      /** Whether the whole request is refused, or single entries inside a 200. */
      readonly scope: 'request' | 'entry';
    }
  /** Commits, and then fails: what makes duplicates. */
  | { readonly type: 'commit-then'; readonly symptom: 'reset' | 'hang' | 'truncate' }
  | { readonly type: 'commit-then'; readonly symptom: 'status'; readonly status: number }
  | { readonly type: 'commit-then'; readonly symptom: 'delay'; readonly ms: number }
  /** The same symptoms, and nothing is committed (`delay` commits after it). */
  | { readonly type: 'before-commit'; readonly symptom: 'reset' | 'hang' }
  | { readonly type: 'before-commit'; readonly symptom: 'delay'; readonly ms: number }
  /** Slows the answer. It does not end the search: later faults may hit as well. */
  | {
      readonly type: 'latency';
      readonly delay: Delay;
      /** Default: `before-commit`. */
      readonly phase?: 'before-commit' | 'after-commit';
    }
  /** Commits, and answers 200 with a body that the service never sends. */
  | {
      readonly type: 'bad-response';
      readonly body:
        | 'empty'
        | 'html'
        | 'short-entries'
        | 'extra-entries'
        | 'wrong-count'
        | 'wrong-order';
    }
  /** Answers with an EventId and commits nothing, as for a bus that does not exist. */
  | ({ readonly type: 'silent-drop' } & EntryChoice)
  /**
   * What happens between a rule and a target. `fail` fails the attempt, so that the
   * retry policy decides; `drop` loses the event although the target seems to have it;
   * `reorder` lets the next event to the same target go first.
   */
  | { readonly type: 'deliver'; readonly effect: 'fail'; readonly code?: string }
  | { readonly type: 'deliver'; readonly effect: 'drop' | 'duplicate' | 'reorder' }
  | { readonly type: 'deliver'; readonly effect: 'delay'; readonly delay: Delay }
  /** Events can be replayed so many milliseconds after they were archived. */
  | { readonly type: 'archive-lag'; readonly ms: number }
  /** A replay fails after so many events. */
  | { readonly type: 'replay-interrupt'; readonly afterEvents: number };

/** One scripted fault. The first of the list that hits decides. */
export interface Fault {
  /** Appears in the request journal. Default: the position in the list, `fault-1` on. */
  readonly id?: string;
  readonly match?: FaultMatch;
  readonly when?: FaultWhen;
  readonly action: FaultAction;
}
