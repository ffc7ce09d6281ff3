import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EnvelopeMetadata } from './envelope.ts';
import type { ContractTypes } from './event-contract.ts';
import type { Matcher } from './pattern-matchers.ts';

type Leaf = string | number | boolean | null;

/** A branded value is written as what it is without its brand. */
type Plain<Value> = Value extends object
  ? Value extends string
    ? string
    : Value extends number
      ? number
      : boolean
  : Value;

type ConditionOn<Value> = [Value] extends [never] ? never : Matcher<Value, Value>;
/** A condition on text asks nothing of the null that may stand in its place. */
type Condition<Value> =
  | ConditionOn<Extract<Value, string>>
  | ConditionOn<Extract<Value, number>>
  | ConditionOn<Exclude<Value, string | number>>;

/** Values of which one must be there, or one condition that must hold. */
type LeafFilter<Value> = [Value] extends [never]
  ? never
  : readonly [Value | Condition<Value>, ...(Value | Condition<Value>)[]] | Condition<Value>;

/** Objects with any keys: records, and objects with a catch-all. */
type IsRecord<Part> = string extends keyof Part ? true : false;

type KeyOf<Part> = Part extends unknown ? keyof Part : never;
type MemberOf<Part, Key> = Part extends unknown
  ? Key extends keyof Part
    ? Part[Key]
    : never
  : never;

/**
 * Conditions on members; with `$or`, at least one of its filters must hold as well. What is
 * one of several objects has the members of all, for a pattern asks for `kind: ['card', 'bank']`.
 */
type MembersFilter<Part> = [Part] extends [never]
  ? never
  : {
      readonly [Key in KeyOf<Part>]?: Filter<Exclude<MemberOf<Part, Key>, undefined>>;
    } & {
      readonly $or?: readonly [MembersFilter<Part>, MembersFilter<Part>, ...MembersFilter<Part>[]];
    };

/** EventBridge looks into arrays: a filter of one is a filter of its items. */
type ItemFilter<Part> = Part extends readonly (infer Item)[]
  ? // Where an item may be such an array again, what else it may be says all.
    Part extends Item
    ? Filter<Exclude<Item, readonly unknown[]>>
    : Filter<Item>
  : never;

type RecordFilter<Part> = Part extends unknown
  ? { readonly [Key in keyof Part]?: Filter<Exclude<Part[Key], undefined>> }
  : never;

type ObjectIn<Value> = Value extends Leaf | readonly unknown[] | undefined
  ? never
  : Value extends object
    ? Value
    : never;
type RecordIn<Part> = Part extends unknown ? (IsRecord<Part> extends true ? Part : never) : never;

/**
 * What an event pattern may ask of a value. EventBridge looks into arrays, so that a filter
 * of an array is one of its items.
 */
export type Filter<Value> = unknown extends Value
  ? LeafFilter<unknown> | { readonly [key: string]: unknown }
  :
      | LeafFilter<Plain<Extract<Value, Leaf>>>
      | ItemFilter<Value>
      | RecordFilter<RecordIn<ObjectIn<Value>>>
      | MembersFilter<Exclude<ObjectIn<Value>, RecordIn<ObjectIn<Value>>>>;

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
