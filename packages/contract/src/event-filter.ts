import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EnvelopeMetadata } from './envelope.ts';
import type { ContractTypes } from './event-contract.ts';
import type { Matcher } from './pattern-matchers.ts';

type Leaf = string | number | boolean | null;

type ConditionOn<Value> = [Value] extends [never] ? never : Matcher<Value, Value>;
/** A condition on text asks nothing of the null that may stand in its place. */
type Condition<Value> =
  | ConditionOn<Extract<Value, string>>
  | ConditionOn<Extract<Value, number>>
  | ConditionOn<Exclude<Value, string | number>>;

/** Values of which one must be there, or one condition that must hold. */
type LeafFilter<Value> =
  | readonly [Value | Condition<Value>, ...(Value | Condition<Value>)[]]
  | Condition<Value>;

/** Conditions on members; with `$or`, at least one of its filters must hold as well. */
type MembersFilter<Value> = {
  readonly [Key in keyof Value]?: Filter<Exclude<Value[Key], undefined>>;
} & {
  readonly $or?: readonly [MembersFilter<Value>, MembersFilter<Value>, ...MembersFilter<Value>[]];
};

type NonLeaf<Value> = Exclude<Value, Leaf>;

/**
 * What an event pattern may ask of a value. EventBridge looks into arrays, so that a filter
 * of an array is one of its items.
 */
export type Filter<Value> = unknown extends Value
  ? LeafFilter<unknown> | { readonly [key: string]: unknown }
  :
      | ([Extract<Value, Leaf>] extends [never] ? never : LeafFilter<Extract<Value, Leaf>>)
      | (NonLeaf<Value> extends infer Part
          ? Part extends readonly (infer Item)[]
            ? Filter<Item>
            : Part extends object
              ? MembersFilter<Part>
              : never
          : never);

/** What `eventPattern` takes beside the contract. */
export interface EventFilter<Types extends ContractTypes, Version extends string> {
  /** Events of this version's major. Default: the current one. */
  readonly version?: Version;
  readonly data?: Filter<StandardSchemaV1.InferOutput<Types['versions'][Version]>>;
  /** A condition on `version` here replaces the one on the major. */
  readonly metadata?: Filter<EnvelopeMetadata>;
  readonly resources?: Filter<string>;
  readonly account?: Filter<string>;
  readonly region?: Filter<string>;
  /** Set on events that an archive replays: `exists(false)` leaves them out. */
  readonly 'replay-name'?: Filter<string>;
}
