import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { PublishableEvent } from '@tidings/contract';
import type { RowChange } from './row-change.ts';
import type { RowEntity, RowImages } from './row-entity.ts';

/** A change as mappings see it. */
export type MappedChange<Change extends RowChange = RowChange> = Change & {
  /**
   * Where the two images differ, in the store's names: `status`, `address.city`,
   * `lines[2].quantity`. Empty where the feed does not carry both.
   */
  readonly changedPaths: readonly string[];
};

/** What a mapping gives: an event, several, or nothing where the change tells no fact. */
export type MappedEvents =
  | PublishableEvent
  // What `create` gives while a migration lasts is an array already.
  | readonly (PublishableEvent | readonly PublishableEvent[])[]
  | undefined;

type RowOf<Entity extends RowEntity> = StandardSchemaV1.InferOutput<Entity['schema']>;

type ImagesOf<Entity extends RowEntity> =
  Entity extends RowEntity<StandardSchemaV1, infer Images>
    ? // What `images` says where it is left out.
      RowImages extends Images
      ? 'new-and-old'
      : Images
    : never;

type NowOf<Entity extends RowEntity> =
  ImagesOf<Entity> extends 'new-and-old' | 'new' ? RowOf<Entity> : undefined;

type BeforeOf<Entity extends RowEntity> =
  ImagesOf<Entity> extends 'new-and-old' | 'old' ? RowOf<Entity> : undefined;

/**
 * Which events tell of an entity's changes. Events are made with `create`, which takes id
 * and time from the change, so that every delivery of the change gives the same events; a
 * contract that derives no idempotency key takes `{ idempotencyKey: change.id }`. The
 * functions are synchronous and depend on their arguments only. What is left out tells
 * nothing; `remove` is not called for rows that expired.
 */
export interface RowMapping<
  Entity extends RowEntity = RowEntity,
  Change extends RowChange = RowChange,
> {
  readonly entity: Entity;
  insert?(now: NowOf<Entity>, change: MappedChange<Change>): MappedEvents;
  modify?(now: NowOf<Entity>, before: BeforeOf<Entity>, change: MappedChange<Change>): MappedEvents;
  remove?(before: BeforeOf<Entity>, change: MappedChange<Change>): MappedEvents;
  expire?(before: BeforeOf<Entity>, change: MappedChange<Change>): MappedEvents;
}
